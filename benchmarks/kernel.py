"""`atoll bench kernel`: what the kernel's calls cost in instructions, how long interrupts are off, how large it is.

The board counts instructions exactly; programs/kernel_calls.py runs the calls in tight loops between marks, and what
the same loop costs without its call is subtracted. Only host time differs from round to round.
"""

from collections.abc import Callable
from pathlib import Path

from atoll.abi.calls import Call
from atoll.benchmarks.observer import Code, Marks, TrapLog
from atoll.benchmarks.programs import marks
from atoll.benchmarks.report import Report, Result, Samples
from atoll.benchmarks.sizes import BLANK, CODE, COMMENT, DOCSTRING, IMPORT, count_lines, section_bytes
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import KERNEL, Image, build_runs
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig

PROGRAMS = Path(__file__).parent / "programs"
CALLS = PROGRAMS / "kernel_calls.py"
LONGEST = PROGRAMS / "longest.py"
MICRO = 1e6
INSTRUCTIONS = "instructions"


class Machine:
    """A program of benchmarks/programs as the first process, with its marks."""

    def __init__(self, program: Path, cache: Cache) -> None:
        image: Image = build_runs([], "quiet", cache, root=program)
        self.kernel = image.kernel
        self.board = Board(BoardConfig(bootargs=image.bootargs))
        self.board.load_kernel(image.kernel)
        self.board.load_initrd(image.initrd)
        self.marks = Marks(self.board, Code(compile_file(program, cache=cache)), marks.END)


def measure(rounds: int, report: Report) -> list[Result]:
    """All figures, each measured `rounds` times."""
    samples = Samples()
    cache = Cache()
    longest: dict[int | None, int] = {}
    steps: list[tuple[str, Callable[[], None]]] = [
        ("calls", lambda: measure_calls(samples, cache)),
        ("interrupts off", lambda: longest.update(measure_longest(samples, cache))),
        ("sizes", lambda: measure_sizes(samples, cache)),
    ]
    for number in range(rounds):
        for place, (name, step) in enumerate(steps):
            report(name, number * len(steps) + place, rounds * len(steps))
            step()
    return results(samples, longest)


def measure_calls(samples: Samples, cache: Cache) -> None:
    """One run of programs/kernel_calls.py."""
    seen = Machine(CALLS, cache).marks
    seen.run()
    empty = seen.counted(marks.EMPTY)

    def each(number: int, times: int = marks.COUNT, off: int = empty) -> float:
        return round((seen.counted(number) - off) / times, 1)

    samples.add("null_syscall_instructions", each(marks.NULL))
    samples.add("ipc_round_trip_instructions", each(marks.ROUND_TRIP))
    samples.add("ipc_round_trip_library_instructions", each(marks.LIBRARY_ROUND_TRIP, off=0))
    samples.add("stub_round_trip_instructions", each(marks.STUB, off=0))
    samples.add("stub_dispatch_instructions", each(marks.DISPATCH, off=0))
    samples.add("ipc_round_trip_microseconds", seen.took(marks.TIMED_ROUND_TRIP) / marks.MANY * MICRO)
    samples.add("ipc_4k_segment_instructions", each(marks.SEGMENT_ROUND_TRIP))
    samples.add("context_switch_instructions", (each(marks.SWITCH) - marks.YIELDER) / 2)
    samples.add("page_fault_to_pager_instructions", each(marks.FAULT_TWICE, off=seen.counted(marks.FAULT)))
    mapped = seen.counted(marks.MAPPED_FAULT)
    samples.add("page_fault_mapped_instructions", each(marks.MAPPED_FAULT_TWICE, marks.COUNT // 2, off=mapped))
    samples.add("process_create_destroy_instructions", each(marks.PROCESS, off=0))
    samples.add("empty_process_create_destroy_instructions", each(marks.EMPTY_PROCESS, off=0))


def measure_longest(samples: Samples, cache: Cache) -> dict[int | None, int]:
    """One run of programs/longest.py, each stay in the kernel looked at; the longest of each call."""
    machine = Machine(LONGEST, cache)
    log = TrapLog(machine.board, Code(machine.kernel))
    machine.marks.run()
    samples.add("max_interrupts_off_instructions", max(log.longest.values()))
    return log.longest


def measure_sizes(samples: Samples, cache: Cache) -> None:
    """Lines and bytes."""
    lines = count_lines(KERNEL.parent)
    loaded, trace = section_bytes(compile_file(KERNEL, "kernel", cache=cache))
    samples.add("kernel_lines", sum(lines.values()))
    samples.add("kernel_code_lines", lines[CODE])
    for kind in (IMPORT, DOCSTRING, COMMENT, BLANK):
        samples.add(f"kernel_{kind}_lines", lines[kind])
    samples.add("kernel_image_bytes", loaded)
    samples.add("kernel_trace_bytes", trace)


def results(samples: Samples, longest: dict[int | None, int]) -> list[Result]:
    """The figures with their units, meanings and goals, in the order of the table."""
    return [*message_results(samples), *other_results(samples, longest), *size_results(samples)]


def message_results(samples: Samples) -> list[Result]:
    """Calls and messages."""
    return [
        samples.result(
            "null_syscall_instructions", INSTRUCTIONS,
            "NOTHING, from ecall to the instruction after it; the loop around it, measured empty, is subtracted. "
            "xv6 on the same machine: 1130", at_most=150,
        ),
        samples.result(
            "ipc_round_trip_instructions", INSTRUCTIONS,
            "CALL and reply, 4 words, two address spaces, from ecall to the instruction after it, the server's 5 "
            "included. xv6, one byte through a pipe and back: 21,000 to 96,000; egos-2000, a server: 10,000 to 16,000",
            at_most=600,
        ),
        samples.result(
            "ipc_round_trip_library_instructions", INSTRUCTIONS,
            "the same, called with the run-time library's Letter and Gate, all of it counted",
        ),
        samples.result(
            "stub_round_trip_instructions", INSTRUCTIONS,
            "the same through the stub of an interface: two numbers there, one back; the server's 6 included",
        ),
        samples.result(
            "stub_dispatch_instructions", INSTRUCTIONS,
            "what the server's stub does with such a call, the method and the loop included, the kernel not",
        ),
        samples.result(
            "ipc_round_trip_microseconds", "us",
            f"host time for one such round trip on the board, of {marks.MANY}", at_most=5,
        ),
        samples.result(
            "ipc_4k_segment_instructions", INSTRUCTIONS,
            "the round trip with a segment of 4 KiB, one page on both sides, on the way there",
        ),
    ]  # fmt: skip


def other_results(samples: Samples, longest: dict[int | None, int]) -> list[Result]:
    """The CPU, paging, processes, interrupts."""
    slow = sorted(longest.items(), key=lambda item: -item[1])[:4]
    names = ", ".join(f"{Call(call).name if call in set(Call) else 'a fault'} {count:,}" for call, count in slow)
    return [
        samples.result(
            "context_switch_instructions", INSTRUCTIONS,
            "YIELD, from its ecall to the next instruction of another process of the same priority",
        ),
        samples.result(
            "page_fault_to_pager_instructions", INSTRUCTIONS,
            "from a load that faults, through the message to its pager and the pager's reply, to that load again; the "
            "pager's 9 included",
        ),
        samples.result(
            "page_fault_mapped_instructions", INSTRUCTIONS,
            "the same, and the pager maps a page that it holds: to the next page's fault",
        ),
        samples.result(
            "process_create_destroy_instructions", INSTRUCTIONS,
            "a process with two mapped pages and a thread, which runs and exits, and its heir hears of it; the "
            "library's calls and two pages of zeros included. xv6, fork, exec and wait: 1.7 million",
        ),
        samples.result(
            "empty_process_create_destroy_instructions", INSTRUCTIONS, "an address space made and destroyed"
        ),
        samples.result(
            "max_interrupts_off_instructions", INSTRUCTIONS,
            "the longest between a trap and its return, while segments of 64 KiB are copied and large or crowded "
            f"things are moved and destroyed. The longest calls: {names}",
        ),
    ]  # fmt: skip


def size_results(samples: Samples) -> list[Result]:
    """Lines and bytes."""
    return [
        samples.result("kernel_lines", "lines", "physical lines of kernel/*.py", at_most=3000),
        samples.result("kernel_code_lines", "lines", "those with code on them", at_most=3000),
        samples.result("kernel_import_lines", "lines", "imports"),
        samples.result("kernel_docstring_lines", "lines", "docstrings"),
        samples.result("kernel_comment_lines", "lines", "nothing but a comment"),
        samples.result("kernel_blank_lines", "lines", "blank, outside docstrings"),
        samples.result("kernel_image_bytes", "bytes", "code, constants and data as loaded"),
        samples.result("kernel_trace_bytes", "bytes", "beside it: the table that tracebacks are printed from"),
    ]
