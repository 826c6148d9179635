"""The kernel's own mistakes: a panic says what and where, shows the registers, and ends the machine with status 70."""

import contextlib
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import Image
from tests.kernel.machines import Boot, boot, boot_qemu

KERNELS = Path("tests") / "kernel" / "kernels"
HEADING = "Traceback (most recent call last):"
STATUS = 70


@pytest.fixture(scope="module", params=["index", "write_code", "recursion"])
def panic(request: pytest.FixtureRequest, repository: Path, cache: Cache) -> tuple[str, Image]:
    """The name of a kernel and its image."""
    with contextlib.chdir(repository):
        return request.param, Image(compile_file(KERNELS / f"{request.param}.py", "kernel", cache=cache), b"")


def frame(name: str, line: int, function: str, source: str) -> list[str]:
    """A frame of a traceback as it is printed."""
    return [f'  File "tests/kernel/kernels/{name}.py", line {line}, in {function}', f"    {source}"]


AGAIN = frame("recursion", 10, "depth_below", "return depth_below(level + 1) + 1")
EXPECTED = {
    "index": [
        "PANIC: a check failed in the kernel", HEADING,
        *frame("index", 19, "kernel_main", "print(look_up(hart + 3))"),
        *frame("index", 12, "look_up", "return table[place]"),
        "IndexError: index 3 is out of range for length 3",
    ],
    "write_code": [
        "PANIC: the CPU trapped in the kernel", HEADING,
        *frame("write_code", 19, "kernel_main", "scribble(0x8020_0000 + hart)"),
        *frame("write_code", 12, "scribble", "store32(address, 0)"),
        "IllegalAccess: write address 0x0000000080200000",
    ],
    "recursion": [  # one of the outermost frames kept is kernel_start, which has no source
        "PANIC: the CPU trapped in the kernel", HEADING,
        *frame("recursion", 17, "kernel_main", "print(depth_below(hart))"), *AGAIN * 14,
    ],
}  # fmt: skip


def test_a_panic_says_what_and_where(panic: tuple[str, Image]) -> None:
    name, image = panic
    result = boot(image)
    assert result.status == STATUS
    assert result.lines[: len(EXPECTED[name])] == EXPECTED[name]
    if name == "recursion":
        assert "StackOverflow: the kernel's stack of 16 KiB is used up" in result.lines
    if name != "index":
        assert_registers(result, image)


def assert_registers(result: Boot, image: Image) -> None:
    """The last lines are pc and x1 to x31, four in a line."""
    words = " ".join(result.lines[-8:]).split()
    assert words[::2] == ["pc", *(f"x{number}" for number in range(1, 32))]
    values = [int(word, 16) for word in words[1::2]]
    assert 0x8020_0000 <= values[0] < 0x8020_0000 + len(image.kernel)


@pytest.mark.qemu
def test_qemu_prints_the_same(panic: tuple[str, Image], tmp_path: Path) -> None:
    judged, ours = boot_qemu(panic[1], tmp_path), boot(panic[1])
    panics = [line.startswith("PANIC") for line in judged.lines].index(True)
    count = len(EXPECTED[panic[0]])
    assert judged.status == STATUS
    assert judged.lines[panics:][:count] == ours.lines[:count]
