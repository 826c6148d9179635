"""Instructions are counted exactly, across faults, interrupts and `wfi`, and a run is the same every time.

The judge is Unicorn's hook on every single instruction, which is slow and knows nothing of blocks; failed fetches,
which count one and execute nothing, it is told of apart.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import unicorn

from atoll.machine.board import Board
from atoll.machine.config import Hooks
from tests.machine.guest import board, end, kernel
from tests.machine.random_programs import random_program

PROGRAMS = 60
MOST = 100_000  # instructions; all of them end long before
FAILED_FETCH = (1, 12)


@dataclass(frozen=True)
class Outcome:
    """What two runs must agree in."""

    reason: str
    instructions: int
    time_ns: int
    exceptions: int
    registers: tuple[int, ...]
    memory: bytes


def outcome(of: Board) -> Outcome:
    reason = of.run(max_instructions=MOST)
    registers = tuple(of.cpu.register(number) for number in range(1, 33))
    memory = of.ram.read(0x8040_0000 - 4096, 8192)
    return Outcome(str(reason), of.instructions, of.time_ns, of.exceptions, registers, memory)


def image(seed: int) -> tuple[bytes, dict[str, Any]]:
    random = Random(seed)
    settings = {"clock_hz": random.choice((1_000_000_000, 100_000_000, 333_333_333))}
    program = random_program(random, paging=random.random() < 0.5, period=random.choice((0, 5, 7, 30)))
    return program, settings


def counted_one_by_one(made: Board) -> list[int]:
    """Count each instruction that is begun, and each fetch that fails."""
    counts = [0]

    def on_code(engine: Any, address: int, size: int, data: object) -> None:
        counts[0] += 1

    def on_interrupt(engine: Any, number: int, data: object) -> None:
        counts[0] += number in FAILED_FETCH

    made.boot()
    made.cpu.engine.hook_add(unicorn.UC_HOOK_CODE, on_code)
    made.cpu.engine.hook_add(unicorn.UC_HOOK_INTR, on_interrupt)
    return counts


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_counts_agree_with_single_stepping(seed: int) -> None:
    program, settings = image(seed)
    plain = outcome(board(program, **settings))
    stepped = board(program, **settings)
    counts = counted_one_by_one(stepped)
    assert outcome(stepped) == plain
    assert counts[0] == plain.instructions
    assert plain.exceptions > 0


@pytest.mark.parametrize("seed", range(8))
def test_native_and_interpreted_hooks_agree(seed: int) -> None:
    kinds: tuple[Hooks, ...] = ("native", "interpreted", "native")
    program, settings = image(seed)
    first, second, third = (outcome(board(program, hooks=hooks, **settings)) for hooks in kinds)
    assert first == second
    assert first == third


@pytest.mark.parametrize("seed", range(20))
def test_a_run_cut_into_pieces_is_the_same_run(seed: int) -> None:
    program, settings = image(seed)
    whole = outcome(board(program, **settings))
    cut = board(program, **settings)
    random = Random(seed)
    while cut.run(max_instructions=random.randrange(1, 300)).kind.name == "UNTIL":
        pass
    assert outcome(cut) == whole


def test_code_with_instructions_of_two_bytes_is_counted_exactly() -> None:
    def body(a: Any) -> None:
        a.li("s2", 100)
        a.label("loop")
        a.word(0x0505_0505)  # c.addi a0, 1, twice
        a.addi("s3", "s3", 1)
        a.word(0x0505_0001)  # c.nop, c.addi a0, 1
        a.addi("s2", "s2", -1)
        a.bne("s2", "zero", "loop")
        a.word(0x0001_0505)
        end(a)

    plain = board(kernel(body), compressed=True)
    plain.run(max_instructions=MOST)
    stepped = board(kernel(body), compressed=True)
    counts = counted_one_by_one(stepped)
    stepped.run(max_instructions=MOST)
    assert plain.instructions == stepped.instructions == counts[0] == 1 + 100 * 7 + 2 + 5
    assert plain.cpu.argument(0) == 301


def test_without_the_c_extension_such_code_is_illegal() -> None:
    def body(a: Any) -> None:
        a.word(0x0505_0505)

    made = board(kernel(body))
    made.run(max_instructions=10)
    assert made.cpu.argument(0) == 0
    assert made.exceptions > 0
