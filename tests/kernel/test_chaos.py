"""Programs of random instructions: whatever they do, the kernel goes on, and the next program finds all as it was."""

import random
import struct

import pytest

from atoll.abi import elf
from atoll.abi.boot import ROOT_FILE
from atoll.abi.calls import Call
from atoll.images.recipe import Image, Run, make_tar
from atoll.machine.board import Stop
from tests.kernel.conftest import PROGRAMS, Builder
from tests.kernel.machines import new_board
from tests.kernel.support import guest

# Major opcodes of RV64IMAFD: with a random rest most such words are instructions.
OPCODES = (0x03, 0x07, 0x0F, 0x13, 0x17, 0x1B, 0x23, 0x27, 0x2F, 0x33, 0x37, 0x3B, 0x53, 0x63, 0x67, 0x6F, 0x73)
ECALL = 0x0000_0073
MOST_INSTRUCTIONS = 5_000_000  # a random program may also loop for ever; most end long before
SEEDS = 40
FILES = (ROOT_FILE, "statuses")


@pytest.fixture(scope="module")
def statuses(build: Builder) -> Image:
    """An image with a program that is well-behaved until its code is replaced."""
    return build([Run(PROGRAMS / "statuses.py", ("3",))], "quiet")


def random_code(chance: random.Random, size: int) -> bytes:
    """That many bytes of code."""
    words: list[int] = []
    while len(words) < size // 4:
        kind = chance.random()
        if kind < 0.1:  # a system call with arguments that make sense, or nearly so
            number = chance.choice([*Call, 99])
            words += [load(17, number), load(10, chance.randrange(2048)), load(11, chance.randrange(2048)), ECALL]
        elif kind < 0.3:
            words.append(load(chance.randrange(32), chance.randrange(2048)))
        else:
            words.append(chance.getrandbits(25) << 7 | chance.choice(OPCODES))
    return struct.pack(f"<{size // 4}I", *words[: size // 4])


def load(register: int, value: int) -> int:
    """`addi register, zero, value`."""
    return value << 20 | register << 7 | 0x13


def with_code(program: bytes, chance: random.Random) -> bytes:
    """The same file with its first segment, the code, replaced from the entry on."""
    changed = bytearray(program)
    offset, size = (
        struct.unpack_from("<Q", changed, elf.HEADER_SIZE + field)[0] for field in (elf.OFFSET, elf.FILE_SIZE)
    )
    changed[offset : offset + size] = random_code(chance, size)
    struct.pack_into("<Q", changed, elf.ENTRY, struct.unpack_from("<Q", changed, elf.HEADER_SIZE + elf.ADDRESS)[0])
    return bytes(changed)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_programs_do_not_harm_the_kernel(statuses: Image, seed: int) -> None:
    root, program = (bytes(guest("userland.runtime.image.initrd").find_file(statuses.initrd, name)) for name in FILES)
    wild = with_code(program, random.Random(seed))
    files = [(ROOT_FILE, root), ("manifest", b"wild\nstatuses\t0\n"), ("wild", wild), ("statuses", program)]
    archive = make_tar(files)
    board = new_board(Image(statuses.kernel, archive, statuses.bootargs))
    reason = board.run(max_instructions=MOST_INSTRUCTIONS)
    output = bytes(board.uart.sent)
    assert b"PANIC" not in output
    if reason.kind is Stop.EXIT:
        assert output.endswith(b"argument 0: [0]\n")
    else:
        assert reason.kind is Stop.UNTIL
