"""The kernel from power-on to power-off: the standard image, and programs that misbehave, on our board and on QEMU."""

from pathlib import Path

import pytest

from atoll.images.recipe import Image, Run, standard_runs
from tests.kernel.conftest import PROGRAMS, SAMPLES, Builder
from tests.kernel.machines import GREETING, Boot, boot, boot_qemu, new_board, run

HEADING = "Traceback (most recent call last):"


@pytest.fixture(scope="module")
def standard(build: Builder) -> Image:
    """The standard image."""
    return build(standard_runs(), "")


@pytest.fixture(scope="module")
def booted(samples: Image) -> Boot:
    """The samples, run on our board."""
    return boot(samples)


def frame(program: str, line: int, function: str, source: str) -> list[str]:
    """A frame of a traceback as it is printed."""
    return [f'  File "tests/kernel/programs/{program}.py", line {line}, in {function}', f"    {source}"]


def test_the_standard_image(standard: Image) -> None:
    result = boot(standard)
    assert result.lines == [
        GREETING,
        "Hello, Ada!",
        "Hello, Grace!",
        "  square    3 x 3 =   9",
        "  rectangle 4 x 6 =  24",
        "  triangle  5 x 4 =  10",
        "  together           43",
        "  figure 1 covers 24 squares",
        "  no figure covers 25 squares",
        "The squares of 1 to 10 add up to 385, in hexadecimal 0x181.",
        "A third of that is 128.333.",
        "hello: exit status 0",
        "The timer has interrupted this program 3 times.",
        "ticks: exit status 0",
    ]
    assert result.status == 0


def test_the_same_run_twice_is_the_same(standard: Image) -> None:
    first, second = new_board(standard), new_board(standard)
    assert run(first) == run(second)
    assert (first.instructions, first.time_ns) == (second.instructions, second.time_ns)


def test_native_and_interpreted_hooks_make_the_same_run(build: Builder) -> None:
    image = build([Run(PROGRAMS / "division.py"), Run(PROGRAMS / "kernel_memory.py")], "")
    native, interpreted = new_board(image), new_board(image, hooks="interpreted")
    assert run(native) == run(interpreted)
    assert (native.instructions, native.time_ns) == (interpreted.instructions, interpreted.time_ns)


@pytest.mark.parametrize("instructions", [1_000, 200_000, 500_000, 5_000_000])
def test_a_run_that_was_saved_and_restored_goes_on_the_same(standard: Image, instructions: int) -> None:
    unbroken, broken = new_board(standard), new_board(standard)
    whole = run(unbroken)
    assert instructions < unbroken.instructions
    broken.run(max_instructions=instructions)
    restored = new_board(standard)
    restored.restore(broken.save())
    rest = run(restored)
    assert broken.uart.sent.decode() + rest.output == whole.output
    assert (restored.instructions, restored.time_ns) == (unbroken.instructions, unbroken.time_ns)


@pytest.mark.qemu
def test_qemu_prints_the_same(standard: Image, tmp_path: Path) -> None:
    assert boot_qemu(standard, tmp_path) == boot(standard)


@pytest.mark.qemu
def test_qemu_prints_the_same_of_programs_that_misbehave(samples: Image, booted: Boot, tmp_path: Path) -> None:
    assert boot_qemu(samples, tmp_path) == booted


def test_every_sample_ends_and_the_next_one_runs(booted: Boot) -> None:
    ended = [line.split(":")[0] for line in booted.lines if ": exit status " in line or ": cannot run: " in line]
    assert ended == [*SAMPLES, "statuses"]


def test_the_machine_ends_with_the_first_failure(booted: Boot) -> None:
    assert booted.status == 7  # of bad_pointer, the first


def test_arguments_of_system_calls_that_are_wrong(booted: Boot) -> None:
    bad = "some of that memory is not the program's"
    assert booted.of("bad_pointer") == [
        GREETING,
        f"call 0x04 of 0x0: {bad}",
        f"call 0x04 of 0x80200000: {bad}",
        f"call 0x04 of 0xffffffc080200000: {bad}",
        f"call 0x04 of 0xfffffffffffffff8: {bad}",
        f"call 0x04 of 0xffffffffffffffff: {bad}",
        f"call 0x04 of 0x7ffffff8: {bad}",
        f"call 0x04 of 0x7fffeff8: {bad}",
        f"call 0x04 of 0x7ff00000: {bad}",
        f"call 0x04 of 0x7ffeeffc: {bad}",
        "call 0x04 of 0x7ffdf000: done",
        "call 0x20 of 0xffffffffffffffff: no handle has that value",
        "call 0x7f of 0x0: no call has that number",
        "call 0xffffffffffffffff of 0xffffffffffffffff: no call has that number",
        "bad_pointer: exit status 7",
    ]


def test_a_privileged_instruction(booted: Boot) -> None:
    assert booted.of("privileged") == [
        "taking over", HEADING,
        *frame("privileged", 14, "main", "take_over()"),
        *frame("privileged", 8, "take_over", "csr_write(CSR.SATP, 0)"),
        "PrivilegedInstruction: 0x18051073 is not for user mode",
        "privileged: exit status 1",
    ]  # fmt: skip


def test_reading_the_kernels_memory(booted: Boot) -> None:
    assert booted.of("kernel_memory") == [
        HEADING,
        *frame("kernel_memory", 16, "main", 'print(f"found {peek(KERNEL)}")'),
        *frame("kernel_memory", 11, "peek", "return load64(address)"),
        "IllegalAccess: read address 0x0000000080200000",
        "kernel_memory: exit status 1",
    ]


def test_an_index_out_of_range(booted: Boot) -> None:
    assert booted.of("index_error") == [
        "4 primes: 17", HEADING,
        *frame("index_error", 24, "main", 'print(f"8 primes: {sum_of_primes(8)}")'),
        *frame("index_error", 17, "sum_of_primes", "total += prime(number)"),
        *frame("index_error", 10, "prime", "return primes[number]"),
        "IndexError: index 4 is out of range for length 4",
        "index_error: exit status 1",
    ]  # fmt: skip


def test_an_assertion(booted: Boot) -> None:
    assert booted.of("assertion") == [
        "5 -2", HEADING,
        *frame("assertion", 15, "main", "print(half(7))"),
        *frame("assertion", 8, "half", 'assert number % 2 == 0, f"{number} is odd"'),
        "AssertionError: 7 is odd",
        "assertion: exit status 1",
    ]  # fmt: skip


def test_an_overflow(booted: Boot) -> None:
    assert booted.of("overflow") == [
        "level 10", "level 110", "level 210", HEADING,
        *frame("overflow", 16, "main", "level = brighter(level)"),
        *frame("overflow", 8, "brighter", "return level + 100"),
        "OverflowError: result does not fit u8",
        "overflow: exit status 1",
    ]  # fmt: skip


def test_a_division_by_zero(booted: Boot) -> None:
    assert booted.of("division") == [
        "10", HEADING,
        *frame("division", 14, "main", "print(mean(0, 0))"),
        *frame("division", 8, "mean", "return total // count"),
        "ZeroDivisionError: division by zero",
        "division: exit status 1",
    ]  # fmt: skip


def test_an_error_of_the_programs_own(booted: Boot) -> None:
    assert booted.of("user_error") == [
        "end of the voyage", HEADING,
        *frame("user_error", 20, "main", 'find("Atlantis")'),
        *frame("user_error", 13, "find", 'raise NoSuchIsland(f"{name} is not on the chart")'),
        "NoSuchIsland: Atlantis is not on the chart",
        "user_error: exit status 1",
    ]  # fmt: skip


def test_recursion_without_end(booted: Boot) -> None:
    lines = booted.of("recursion")
    again = frame("recursion", 8, "depth_below", "return depth_below(level + 1) + 1")
    assert lines[:2] == ["going down", HEADING]
    assert lines[2:34] == [*frame("recursion", 14, "main", "print(depth_below(0))"), *again * 15]
    assert lines[34].startswith("  [... ")
    assert lines[34].endswith(" frames not kept]")
    assert lines[35:65] == again * 15
    assert lines[65:67] in (again, frame("recursion", 6, "depth_below", "def depth_below(level: u64) -> u64:"))
    assert lines[67:] == ["StackOverflow: the stack of 256 KiB is used up", "recursion: exit status 1"]


def test_an_error_that_comes_a_long_way(booted: Boot) -> None:
    again = frame("deep_error", 10, "descend", "return descend(steps - 1) + 1")
    assert booted.of("deep_error") == [
        HEADING,
        *frame("deep_error", 15, "main", "print(descend(40))"), *again * 15,
        "  [... 10 frames not kept]",
        *again * 15, *frame("deep_error", 9, "descend", 'raise ValueError("rock bottom")'),
        "ValueError: rock bottom",
        "deep_error: exit status 1",
    ]  # fmt: skip


def test_executing_data(booted: Boot) -> None:
    lines = booted.of("execute_data")
    address = int(lines[-2].split()[-1], 16)
    assert lines == [
        "jumping", HEADING,
        *frame("execute_data", 20, "main", "jump_to(address_of(code))"),
        f"  Address 0x{address:x}, no source known",
        f"IllegalAccess: execute address 0x{address:016x}",
        "execute_data: exit status 1",
    ]  # fmt: skip


def test_writing_code(booted: Boot) -> None:
    lines = booted.of("write_code")
    address = int(lines[-2].split()[-1], 16)
    assert lines == [
        "untouched", HEADING,
        *frame("write_code", 16, "main", "store32(address_of(victim), 0)"),
        f"IllegalAccess: write address 0x{address:016x}",
        "write_code: exit status 1",
    ]  # fmt: skip


def test_a_program_larger_than_memory_is_not_run_and_all_pages_come_back(booted: Boot) -> None:
    assert booted.of("statuses") == [
        "hungry: cannot run: out of memory",
        "argument 0: [0]",
        "argument 1: [one word]",
        "argument 2: []",
        "statuses: exit status 0",
    ]


# What each instruction leads to, and the line of instructions.py that tries it.
INSTRUCTIONS = {
    "sret": (71, "return_to_user()", "PrivilegedInstruction: 0x10200073 is not for user mode"),
    "mret": (73, "return_to_supervisor()", "PrivilegedInstruction: 0x30200073 is not for user mode"),
    "unimp": (75, "no_instruction()", "PrivilegedInstruction: 0xc0001073 is not for user mode"),
    "zeros": (77, "zeros()", "IllegalInstruction: 0x00000000"),
    "wfi": (79, "wfi()", "PrivilegedInstruction: 0x10500073 is not for user mode"),
    "sfence.vma": (81, "sfence_vma()", "PrivilegedInstruction: 0x12000073 is not for user mode"),
    "ebreak": (83, "breakpoint()", "Breakpoint: ebreak without a debugger"),
}


@pytest.fixture(scope="module")
def instructions(build: Builder) -> Image:
    """A program that tries one of these instructions, once for each of them."""
    return build([Run(PROGRAMS / "instructions.py", (name,)) for name in INSTRUCTIONS], "")


def test_instructions_that_are_not_for_user_mode(instructions: Image) -> None:
    result = boot(instructions)
    ends = [number for number, line in enumerate(result.lines) if line == "instructions: exit status 1"]
    assert len(ends) == len(INSTRUCTIONS)
    for end, (line, source, last) in zip(ends, INSTRUCTIONS.values(), strict=True):
        text = result.lines[:end]
        begin = len(text) - text[::-1].index(HEADING)
        assert text[begin : begin + 4] == [
            *frame("instructions", 89, "main", "result = execute(argument(0))"),
            *frame("instructions", line, "execute", source),
        ]
        assert text[-1] == last


@pytest.mark.qemu
def test_qemu_prints_the_same_of_instructions(instructions: Image, tmp_path: Path) -> None:
    assert boot_qemu(instructions, tmp_path) == boot(instructions)


def test_a_program_finds_nothing_of_the_one_before(build: Builder) -> None:
    result = boot(build([Run(PROGRAMS / "fresh.py")] * 3, "quiet"))
    assert result == Boot("words found: 0\n" * 3, 0)


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_statuses(build: Builder, status: int) -> None:
    assert boot(build([Run(PROGRAMS / "statuses.py", (str(status),))], "")).status == status


def test_a_status_too_large_is_the_largest(build: Builder) -> None:
    assert boot(build([Run(PROGRAMS / "statuses.py", ("256",))], "")).status == 255


def test_quiet_shows_only_what_programs_print(build: Builder) -> None:
    result = boot(build([Run(PROGRAMS / "statuses.py", ("3",))], "quiet"))
    assert result == Boot("argument 0: [3]\n", 3)


@pytest.mark.parametrize("mebibytes", [16, 64, 2048])
def test_memory_of_another_size(build: Builder, mebibytes: int) -> None:
    result = boot(build([Run(PROGRAMS / "statuses.py", ("0",))], ""), mebibytes << 20)
    assert result.lines[0] == f"Atoll 0.1: hart 0, {mebibytes} MiB, timebase 10 MHz"
    assert result.status == 0
