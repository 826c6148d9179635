"""What root gave the supervisor: the machine, the initial RAM disk, the kernel's command line."""

from atoll.abi import startup
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import Right
from atoll.abi.raw import view
from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory, Process
from atoll.userland.runtime.startup import argument, given
from atoll.userland.runtime.system import own_process, parent_gate

ARCHIVE = 0x2000_0000
ZERO = 0x30


class Board:
    """What the supervisor works with."""

    machine: Machine
    itself: Process
    parent: Gate  # to root
    archive: Bytes  # the RAM disk
    command_line: Bytes


board: Board = Board()


def parse_number(digits: Bytes) -> u64:
    """A decimal number."""
    value: u64 = 0
    for digit in digits:
        value = value * 10 + digit - ZERO
    return value


def start() -> None:
    """Find what we were given."""
    board.machine.handle = given(startup.MACHINE)
    board.itself.handle = own_process()
    board.parent.handle = parent_gate()
    initrd = Memory(given(startup.INITRD))
    offset, size = parse_number(argument(1).encode()), parse_number(argument(2).encode())
    board.itself.map(initrd, 0, ARCHIVE, (offset + size + PAGE_SIZE - 1) // PAGE_SIZE, Right.READ)
    board.archive = view(ARCHIVE + offset, size)
    board.command_line = argument(0).encode()
