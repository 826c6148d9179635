"""A board that is saved and restored goes on exactly as the one that never was, here and in a new process."""

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from atoll.machine.board import Board
from atoll.machine.config import BoardConfig
from atoll.machine.errors import StateError
from tests.machine.guest import PLIC, RAM, SIE, SSTATUS, STVEC, UART, board, end, kernel, sbi
from tests.machine.random_programs import random_program
from tests.machine.test_counting import Outcome, outcome

TIMER = 0x5449_4D45
GO_ON = """
import sys
from pathlib import Path
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig
made = Board(BoardConfig(ram_bytes=8 << 20, network=True, disk=bytes(4096)))
made.restore(Path(sys.argv[1]).read_bytes())
reason = made.run(max_instructions=500_000)
print(reason, made.instructions, made.time_ns, made.uart.sent.hex())
"""


def busy(a: Any) -> None:
    """Echo input through interrupts, print at each tick of the timer, and use the floating-point unit meanwhile."""
    a.la("t0", "handler")
    a.csrw(STVEC, "t0")
    for offset, value in ((40, 1), (0x2080, 1 << 10)):
        a.li("t0", PLIC + offset)
        a.li("t1", value)
        a.sw("t1", 0, "t0")
    a.li("s2", UART)
    a.li("t0", 1)
    a.sb("t0", 1, "s2")
    a.li("t0", 1 << 5 | 1 << 9)
    a.csrw(SIE, "t0")
    sbi(a, TIMER, a0=10)
    a.csrrsi("zero", SSTATUS, 2)
    a.label("loop")
    a.addi("s3", "s3", 1)
    a.li("s6", RAM + 0x40_0000)
    a.lr_d("s4", "s6")
    a.bne("s4", "s4", "loop")
    a.sc_d("s5", "s3", "s6")
    a.li("t0", 60)
    a.blt("s7", "t0", "loop")
    end(a)
    a.align(4)
    a.label("handler")
    a.li("s8", PLIC + 0x20_1004)
    a.lw("s9", 0, "s8")
    a.beq("s9", "zero", "timer")
    a.lbu("s10", 0, "s2")
    a.sb("s10", 0, "s2")
    a.sw("s9", 0, "s8")
    a.sret()
    a.label("timer")
    a.li("s10", ord("."))
    a.sb("s10", 0, "s2")
    a.addi("s7", "s7", 1)
    a.rdtime("a0")
    a.addi("a0", "a0", 10)
    a.li("a7", TIMER)
    a.li("a6", 0)
    a.ecall()
    a.sret()


def fed(**settings: Any) -> Board:
    made = board(kernel(busy), network=True, disk=bytes(4096), **settings)
    for number in range(20):
        made.feed(bytes((65 + number,)), at_ns=1500 + 1700 * number)
    made.deliver(b"frame", at_ns=40_000)
    return made


def summary(of: Board) -> tuple[str, int, int, bytes]:
    reason = of.run(max_instructions=500_000)
    return str(reason), of.instructions, of.time_ns, bytes(of.uart.sent)


@pytest.mark.parametrize("at", [1, 500, 5_000, 20_000, 33_333])
def test_a_restored_run_goes_on_as_the_unbroken_one(at: int) -> None:
    unbroken = fed()
    wanted = summary(unbroken)
    assert wanted[0].startswith("the guest ended") and b"." in wanted[3] and b"T" in wanted[3]
    first = fed()
    first.run(max_instructions=at)
    saved, sent = first.save(), bytes(first.uart.sent)
    second = board(kernel(end), network=True, disk=bytes(4096))
    second.restore(saved)
    reason, instructions, time, more = summary(second)
    assert (reason, instructions, time, sent + more) == wanted
    assert first.save() == saved  # saving changes nothing
    reason, instructions, time, more = summary(first)
    assert (reason, instructions, time, more) == wanted


def test_a_new_process_goes_on_as_well(tmp_path: Path) -> None:
    first = fed()
    first.run(max_instructions=7_000)
    file = tmp_path / "board"
    file.write_bytes(first.save())
    sent = bytes(first.uart.sent)
    command = [sys.executable, "-c", GO_ON, str(file)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    reason, instructions, time, output = summary(first)
    assert printed.strip() == f"{reason} {instructions} {time} {output.removeprefix(sent).hex()}"


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_survive_being_moved_again_and_again(seed: int) -> None:
    program = random_program(Random(seed), paging=seed % 2 == 0, period=(0, 5, 9)[seed % 3])
    wanted: Outcome = outcome(board(program))
    moving = board(program)
    random = Random(seed)
    while moving.run(max_instructions=random.randrange(20, 400)).kind.name == "UNTIL":
        state = moving.save()
        moving = board(program)
        moving.restore(state)
    assert outcome(moving) == wanted


@pytest.mark.parametrize("seed", range(3))
def test_one_board_becomes_any_of_several_programs_in_any_order(seed: int) -> None:
    """Their code lies at the same addresses: what was translated of another one must not run."""
    programs = [random_program(Random(100 * seed + number), paging=number % 2 == 0) for number in range(3)]
    wanted: list[Outcome] = []
    states: list[list[bytes]] = []
    for program in programs:
        wanted.append(outcome(board(program)))
        walking = board(program)
        states.append([])
        while walking.run(max_instructions=150).kind.name == "UNTIL":
            states[-1].append(walking.save())
    jumping, random = board(programs[0]), Random(seed)
    for _ in range(15):
        number = random.randrange(3)
        jumping.restore(random.choice(states[number]))
        assert outcome(jumping) == wanted[number]


def test_the_disk_and_the_floating_point_flags_come_back() -> None:
    first = board(kernel(end), disk=bytes(1024))
    first.boot()
    assert first.block is not None
    first.block.disk.write(512, b"kept")
    with first.cpu.machine_mode():
        first.cpu.set_register(43, 0x1F)  # fcsr
    second = board(kernel(end), disk=bytes(1024))
    second.restore(first.save())
    assert second.block is not None
    assert second.block.disk.read(512, 4) == b"kept"
    with second.cpu.machine_mode():
        assert second.cpu.register(43) == 0x1F


def test_a_state_that_does_not_fit_is_refused() -> None:
    saved = board(kernel(end)).save()
    for data, message in (
        (b"", "this is not a saved board"),
        (b"ATOLLBRD", "this is not a saved board"),
        (saved[:-1], "the saved board is damaged: its checksum is wrong"),
        (saved[:60] + b"x" + saved[61:], "the saved board is damaged: its checksum is wrong"),
        (saved[:8] + b"\7" + saved[9:], "the saved board has format 7, and this program reads format 2"),
    ):
        with pytest.raises(StateError) as refused:
            board(kernel(end)).restore(data)
        assert str(refused.value) == message
    with pytest.raises(StateError) as refused:
        Board(BoardConfig(ram_bytes=16 << 20)).restore(saved)
    assert str(refused.value) == (
        "the saved board cannot be restored here: its RAM was 8388608, this board's is 16777216"
    )
