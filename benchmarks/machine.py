"""`atoll bench machine`: how fast the board computes and traps, how fast programs are compiled, how soon they run.

Each round takes every measurement once, in turn, so that a slow moment of the host falls on all of them alike.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import unicorn

from atoll.abi.address_space import IMAGE, IMAGE_END
from atoll.benchmarks.plain_unicorn import run_plain
from atoll.benchmarks.programs.trap import INSTRUCTIONS_PER_TRAP
from atoll.benchmarks.report import Report, Result, Samples
from atoll.benchmarks.stopwatch import Stopwatch
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import Image, build_image
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig

PROGRAMS = Path(__file__).parent / "programs"
WARM_UP_TRAPS = 100
NATIVE_TRAPS = 500_000
INTERPRETED_TRAPS = 2_000
SLICE = 10_000_000                              # instructions
MICRO = 1e6


def measure(rounds: int, report: Report) -> list[Result]:
    """All figures, each measured `rounds` times."""
    samples = Samples()
    compute = build_image(PROGRAMS / "compute.py")
    program = compile_file(PROGRAMS / "compute.py")
    trap = compile_file(PROGRAMS / "trap.py", "kernel")
    steps: list[tuple[str, Callable[[], None]]] = [
        ("computing", lambda: measure_compute(samples, compute, program)),
        ("traps", lambda: measure_traps(samples, trap)),
        ("compiling", lambda: measure_compiler(samples)),
        ("booting", lambda: measure_boot(samples, compute)),
    ]
    for number in range(rounds):
        for place, (name, step) in enumerate(steps):
            report(name, number * len(steps) + place, rounds * len(steps))
            step()
    return results(samples)


def results(samples: Samples) -> list[Result]:
    """The figures with their units, meanings and goals, in the order of the table."""
    mips = "million instructions/s"
    return [
        samples.result("compute_mips", mips, "a sieve and a hash loop in user mode on the board"),
        samples.result("compute_mips_unicorn", mips, "the same code free-running in plain Unicorn, in turn"),
        samples.result("compute_ratio", "", "the first by the second", at_least=0.6),
        samples.result("trap_microseconds", "us", "one trap and return, compiled hooks", at_most=0.5),
        samples.result("trap_microseconds_interpreted", "us", "the same with interpreted hooks"),
        samples.result("compile_seconds_cold", "s", "kernel and programs with an empty cache"),
        samples.result("compile_seconds_cached", "s", "the same again"),
        samples.result("boot_seconds", "s", "host time from making a board to its first instruction in user mode"),
        samples.result("instructions_to_user_mode", "instructions", "executed before that one"),
    ]


def make_board(image: Image, hooks: Literal["native", "interpreted"] = "native") -> Board:
    """A board with an image in it, ready to run."""
    board = Board(BoardConfig(bootargs=image.bootargs, hooks=hooks))
    board.load_kernel(image.kernel)
    board.load_initrd(image.initrd)
    return board


def measure_compute(samples: Samples, image: Image, program: bytes) -> None:
    """The same program on the board and in plain Unicorn; both must compute the same."""
    board = make_board(image)
    on_board = Stopwatch(lambda: board.instructions)
    board.uart.output = on_board.put
    board.run()
    plain = Stopwatch()
    run_plain(program, plain)
    if plain.result != on_board.result:
        raise AssertionError(f"the board computed {on_board.result!r}, plain Unicorn {plain.result!r}")
    # The board's count holds a few thousand instructions of the kernel's timer ticks besides the program's own.
    samples.add("compute_mips", on_board.instructions / on_board.seconds / MICRO)
    samples.add("compute_mips_unicorn", on_board.instructions / plain.seconds / MICRO)
    samples.add("compute_ratio", plain.seconds / on_board.seconds)


def measure_traps(samples: Samples, kernel: bytes) -> None:
    """Both kinds of hooks."""
    samples.add("trap_microseconds", trap_seconds(kernel, "native", NATIVE_TRAPS) * MICRO)
    samples.add("trap_microseconds_interpreted", trap_seconds(kernel, "interpreted", INTERPRETED_TRAPS) * MICRO)


def trap_seconds(kernel: bytes, hooks: Literal["native", "interpreted"], traps: int) -> float:
    """Host time for one trap and return, with the six instructions that go with it."""
    board = Board(BoardConfig(hooks=hooks))
    board.load_kernel(kernel)
    board.run(max_instructions=WARM_UP_TRAPS * INSTRUCTIONS_PER_TRAP)
    first, begin = board.instructions, time.perf_counter()
    board.run(max_instructions=traps * INSTRUCTIONS_PER_TRAP)
    seconds = time.perf_counter() - begin
    return seconds * INSTRUCTIONS_PER_TRAP / (board.instructions - first)


def measure_compiler(samples: Samples) -> None:
    """Everything that `atoll boot` needs, twice, with a cache that is empty at first."""
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder:
        for name in ("compile_seconds_cold", "compile_seconds_cached"):
            begin = time.perf_counter()
            build_image(cache=Cache(Path(folder)))
            samples.add(name, time.perf_counter() - begin)


def measure_boot(samples: Samples, image: Image) -> None:
    """From nothing to the program's first instruction: the first at its addresses, which the kernel has no code at."""
    begin = time.perf_counter()
    board = make_board(image)
    seen: list[tuple[float, int]] = []

    def first_user_block(_engine: unicorn.Uc, _address: int, _size: int, _data: object) -> None:
        if not seen:
            seen.append((time.perf_counter() - begin, board.instructions))
            board.cpu.request_stop()

    board.cpu.engine.hook_add(unicorn.UC_HOOK_BLOCK, first_user_block, begin=IMAGE, end=IMAGE_END)
    while not seen:
        board.run(max_instructions=SLICE)
    seconds, instructions = seen[0]
    samples.add("boot_seconds", seconds)
    samples.add("instructions_to_user_mode", instructions)
