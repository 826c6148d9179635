"""Code that changes under the CPU: by its own stores, by the host, by a disk that is read over it."""

import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from atoll.machine.board import Board, Stop
from atoll.machine.code_pages import MOST_RANGES, NEAR
from tests.machine.drivers import DRIVER_OK, FEATURES_OK
from tests.machine.guest import RAM, SATP, VIRTIO, board, code, end, kernel, results, store_results

WHERE = RAM + 0x10_0000
FUNCTION = RAM + 0x40_0000  # a page of its own
QUEUE = RAM + 0x50_0000
TABLE = RAM + 0x60_0000


def returning(value: int) -> bytes:
    return code(lambda a: (a.li("a0", value), a.ret()))


def call_twice(a: Any, change: Callable[[], object]) -> None:
    """Call the function, change something, call it again; both results are kept."""
    a.li("s2", FUNCTION)
    a.jalr("ra", 0, "s2")
    a.mv("s3", "a0")
    change()
    a.fence_i()
    a.jalr("ra", 0, "s2")
    store_results(a, ("s3", "a0"), WHERE)
    end(a)


def alias(address: int) -> int:
    """The same byte of RAM by another gigapage of Sv39, readable and writable."""
    return address - (1 << 30)


def turn_paging_on(a: Any) -> None:
    a.li("t0", 8 << 60 | TABLE >> 12)
    a.csrw(SATP, "t0")
    a.sfence_vma()


def make_alias(made: Board) -> None:
    """The table: devices, RAM, and RAM where it can be executed, each a gigapage."""
    valid, read, write, execute, accessed, dirty = (1 << bit for bit in (0, 1, 2, 3, 6, 7))
    entry = RAM >> 12 << 10 | valid | read | write | accessed | dirty
    made.ram.write(TABLE, struct.pack("<QQQ", 0x3 << 6 | valid | read | write, entry, entry | execute))


def test_the_guest_rewrites_its_own_code() -> None:
    new = struct.unpack("<II", returning(2))

    def body(a: Any) -> None:
        call_twice(a, lambda: (a.li("t0", new[0]), a.sw("t0", 0, "s2")))

    made = board(kernel(body))
    made.boot()
    made.ram.write(FUNCTION, returning(1))
    made.run(max_instructions=1000)
    assert results(made, 2, WHERE) == (1, 2)


def test_code_is_rewritten_through_another_address() -> None:
    """As a kernel does that writes through its map of all frames, where nothing can be executed: each store into code
    counts, not only the first one into the page, although the page is written to there before and after it is run.
    """
    new = struct.unpack("<II", returning(2))

    def body(a: Any) -> None:
        turn_paging_on(a)
        a.li("s4", alias(FUNCTION))
        a.sw("zero", 2000, "s4")
        call_twice(a, lambda: (a.sw("zero", 2000, "s4"), a.li("t0", new[0]), a.sw("t0", 64, "s4")))

    made = board(kernel(body))
    made.boot()
    make_alias(made)
    made.ram.write(FUNCTION, code(lambda a: (a.jal("zero", 64))))
    made.ram.write(FUNCTION + 64, returning(1))
    made.run(max_instructions=1000)
    assert results(made, 2, WHERE) == (1, 2)


@pytest.mark.parametrize("seed", range(4))
def test_code_in_many_pages_is_rewritten_at_random(seed: int) -> None:
    """Functions in more pages, far apart, than there are ranges of addresses for which hooks.py has stores looked at,
    some of them over a page's end; stores into them and beside them, through both addresses, and calls.
    """
    chance = random.Random(seed)
    pages = [RAM + 0x80_0000 + number * (NEAR + 0x1_1000) for number in range(MOST_RANGES + 16)]
    places = [page + offset for page in pages for offset in (0, 2048, 4096)]
    value = dict.fromkeys(places, 1)
    wanted = 0

    def body(a: Any) -> None:
        nonlocal wanted
        turn_paging_on(a)
        place = places[0]
        for _ in range(1500):
            if chance.random() < 0.3:
                place = chance.choice(places)
            through = chance.choice((alias, int))
            match chance.choice(("call", "call", "rewrite", "beside")):
                case "call":
                    a.li("s2", place - 4 if place % 4096 == 0 and place not in pages else place)
                    a.jalr("ra", 0, "s2")
                    a.slli("t0", "s3", 5)
                    a.sub("s3", "t0", "s3")
                    a.add("s3", "s3", "a0")
                    wanted = (wanted * 31 + value[place]) % (1 << 64)
                case "rewrite":
                    value[place] = chance.randrange(2000)
                    a.li("t1", through(place))
                    a.li("t0", struct.unpack("<I", returning(value[place])[:4])[0])
                    a.sw("t0", 0, "t1")
                    a.fence_i()
                case "beside":
                    a.li("t1", through(place) + 1000)
                    a.sw("zero", 0, "t1")
        store_results(a, ("s3",), WHERE)
        end(a)

    made = board(kernel(body), ram_bytes=32 << 20)
    made.boot()
    make_alias(made)
    for place in places:
        made.ram.write(place - 4, code(lambda a: a.nop()) + returning(1))
    assert made.run(max_instructions=100_000).kind is Stop.EXIT
    assert results(made, 1, WHERE) == (wanted,)


def test_the_second_half_of_an_instruction_is_rewritten() -> None:
    """It is all the code that its page holds: the instruction begins in the page before."""
    half = FUNCTION + 4096

    def body(a: Any) -> None:
        turn_paging_on(a)
        a.li("s4", alias(half))
        for imm in (0, 4):
            a.li("t0", imm << 4)
            a.sw("zero", 2000, "s4")
            a.sh("t0", 0, "s4")
            a.fence_i()
            a.li("s2", half - 2)
            a.jalr("ra", 0, "s2")
            a.addi("s3", "s3", 1)
            a.addi("s3", "s3", 16)
        store_results(a, ("s3",), WHERE)
        end(a)

    made = board(kernel(body), compressed=True)
    made.boot()
    make_alias(made)
    made.ram.write(half - 2, struct.pack("<I", 0x8067))  # ret, whose upper half says how far behind the call it goes on
    made.run(max_instructions=1000)
    assert results(made, 1, WHERE) == (1 + 16 + 16,)


def test_the_host_writes_over_code_that_was_run() -> None:
    def body(a: Any) -> None:
        a.li("s2", FUNCTION)
        a.label("loop")
        a.jalr("ra", 0, "s2")
        a.add("s3", "s3", "a0")
        a.j("loop")

    made = board(kernel(body))
    made.boot()
    made.ram.write(FUNCTION, returning(0))
    made.run(max_instructions=1000)
    made.ram.write(FUNCTION, returning(1))
    made.run(max_instructions=1000)
    assert made.cpu.register(20) > 100  # s3


def test_a_disk_is_read_over_code_that_was_run() -> None:
    """The driver in assembly reads a sector onto a function that it has just called, in one run."""

    def body(a: Any) -> None:
        a.li("s2", FUNCTION)
        a.jalr("ra", 0, "s2")
        a.mv("s3", "a0")
        a.li("s4", VIRTIO)
        settings = (
            (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 3 | FEATURES_OK), (0x30, 0), (0x38, 4),
            (0x80, QUEUE), (0x90, QUEUE + 0x400), (0xA0, QUEUE + 0x800), (0x44, 1), (0x70, 3 | FEATURES_OK | DRIVER_OK),
            (0x50, 0),
        )  # fmt: skip
        for offset, value in settings:
            a.li("t0", value)
            a.sw("t0", offset, "s4")
        a.li("t1", QUEUE + 0x800)
        a.label("wait")
        a.lhu("t0", 2, "t1")
        a.beq("t0", "zero", "wait")
        a.fence_i()
        a.jalr("ra", 0, "s2")
        store_results(a, ("s3", "a0"), WHERE)
        end(a)

    made = board(kernel(body), disk=returning(9).ljust(512, b"\0"))
    made.boot()
    made.ram.write(FUNCTION, returning(4))
    header, status = QUEUE + 0xC00, QUEUE + 0xD00
    made.ram.write(QUEUE, b"".join(
        struct.pack("<QIHH", *entry) for entry in ((header, 16, 1, 1), (FUNCTION, 512, 3, 2), (status, 1, 2, 0))
    ))  # fmt: skip
    made.ram.write(QUEUE + 0x400, struct.pack("<HHH", 0, 1, 0))
    assert made.run(max_instructions=10_000).kind is Stop.EXIT
    assert results(made, 2, WHERE) == (4, 9)
