"""A node with nothing but the network's station and a few services to call over the wire; the first process itself."""

from services import SERVICES, find, start_services

from atoll.abi.board import VIRTIO_SIZE
from atoll.abi.boot import BOOT_INFO, HANDLE_MACHINE, HANDLE_SELF, HANDLE_THREAD, BootInfo
from atoll.abi.calls import Call, Message, Status
from atoll.abi.raw import address_of, at, text_at
from atoll.abi.types import Bytes, Text, u64
from atoll.abi.wire import KEY_SIZE
from atoll.servers.network import station
from atoll.servers.network.card import CARD_PAGES
from atoll.servers.network.key import parse_key
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Letter, create_port
from atoll.userland.runtime.objects import Process, Thread, create_memory
from atoll.userland.runtime.system import be_first, parent
from atoll.userland.runtime.traceback import own_table, print_error

NETWORK_SLOT = 1
PRIORITY = 16


def boot_info() -> BootInfo:
    """What the kernel tells the first process."""
    return at(BootInfo, BOOT_INFO)


def write(data: Bytes) -> None:
    """Where print goes."""
    Machine(boot_info().handles[HANDLE_MACHINE]).debug_write(data)


def fail(error: ErrorRecord) -> None:
    """An error that nobody caught."""
    print_error(own_table(), error)


def main() -> None:
    be_first(write, fail)
    parent.process = boot_info().handles[HANDLE_SELF]
    Thread(boot_info().handles[HANDLE_THREAD]).set_priority(PRIORITY)
    machine, process = Machine(boot_info().handles[HANDLE_MACHINE]), Process(boot_info().handles[HANDLE_SELF])
    start_services(process)
    registers = machine.device_memory(boot_info().virtio + NETWORK_SLOT * VIRTIO_SIZE, 1)
    line = machine.create_interrupt(boot_info().virtio_interrupt + NETWORK_SLOT)
    port = create_port()
    first, second = find_key(text_at(address_of(boot_info().command_line), boot_info().command_line_size))
    station.start(registers, create_memory(CARD_PAGES), line, first, second, "1", PRIORITY, port.mint(0), find)
    print(f"{SERVICES} services")
    letter = Letter()
    while True:
        wait = station.exchange().look(clock())
        status = letter.attempt(Call.RECEIVE, port.handle, wait)
        if status == Status.OK and letter.kind == Message.NOTIFICATION:
            station.notified(letter.words[0])


def find_key(line: Text) -> tuple[u64, u64]:
    """The cluster's key in the kernel's command line."""
    place = 0
    while line[place : place + 4] != "key=":
        place += 1
    return parse_key(line[place + 4 : place + 4 + 2 * KEY_SIZE])
