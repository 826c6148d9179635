"""Images: what the builder puts into them, and what the machine makes of images that are not as they should be."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.abi import elf
from atoll.abi.trace import TRACE_SEGMENT
from atoll.images import recipe
from atoll.images.recipe import Image, ImageError, Run, build_image, make_tar
from tests.kernel.conftest import PROGRAMS, Builder
from tests.kernel.machines import Boot, boot
from tests.kernel.support import guest


@pytest.fixture(scope="module")
def statuses(build: Builder) -> Image:
    """An image whose one program ends with status 3."""
    return build([Run(PROGRAMS / "statuses.py", ("3",))], "quiet")


def file_of(image: Image, name: str) -> bytes:
    """A file of the initial RAM disk, as root's own reader finds it."""
    return bytes(guest("userland.runtime.image.initrd").find_file(image.initrd, name))


def with_files(image: Image, *files: tuple[str, bytes]) -> Boot:
    """Boot the same kernel and root with other files."""
    root = ("root", file_of(image, "root"))
    return boot(Image(image.kernel, make_tar([root, *files]), image.bootargs))


# ---- the builder ----


def test_the_same_sources_make_the_same_bytes(build: Builder, statuses: Image) -> None:
    assert build([Run(PROGRAMS / "statuses.py", ("3",))], "quiet") == statuses


def test_the_manifest(build: Builder) -> None:
    runs = [Run(PROGRAMS / "statuses.py", ("3", "two words")), Run(PROGRAMS / "statuses.py", ())]
    assert file_of(build(runs, ""), "manifest") == b"statuses\t3\ttwo words\nstatuses\n"


def test_one_program_is_quiet_and_the_standard_image_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "compile_file", lambda source, kind, cache: f"{source.stem} {kind}".encode())
    monkeypatch.setattr(recipe, "root_image", lambda program: program)
    steps: list[tuple[str, int, int]] = []
    image = build_image(Path("demo.py"), ["x"], progress=lambda *step: steps.append(step))
    assert (image.kernel, image.bootargs) == (b"main kernel", "quiet")
    assert file_of(image, "demo") == b"demo program"
    assert steps == [
        ("compiling kernel", 0, 3), ("compiling root", 1, 3), ("compiling demo", 2, 3), ("done", 3, 3)
    ]  # fmt: skip
    assert build_image().bootargs == ""


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([Run(Path("a/demo.py")), Run(Path("b/demo.py"))],
         "b/demo.py: the image already has a file called demo (a/demo.py)"),
        ([Run(Path("manifest.py"))], "manifest.py: the image already has a file called manifest (manifest)"),
        ([Run(Path("demo.py"), ("a", "b\tc"))],
         "demo.py: argument 2 has a tab, a line end or a zero byte in it: a manifest cannot hold that"),
        ([Run(Path("demo.py"), ("x" * 5000,))], "demo.py: its arguments are longer than 4088 bytes"),
        ([Run(Path(f"{'x' * 101}.py"))], f"{'x' * 101}.py: its name has more than 100 bytes"),
    ],
)  # fmt: skip
def test_what_the_builder_refuses(runs: list[Run], message: str) -> None:
    with pytest.raises(ImageError) as refused:
        recipe.build_runs(runs)
    assert str(refused.value) == message


# ---- the kernel ----


def test_no_initial_ram_disk(statuses: Image) -> None:
    result = boot(Image(statuses.kernel, b"", statuses.bootargs))
    assert result == Boot("No root in the initial RAM disk: nothing to run\n", 127)


def test_no_manifest(statuses: Image) -> None:
    assert with_files(statuses) == Boot("No manifest in the initial RAM disk: nothing to run\n", 127)


def test_a_program_that_is_not_there(statuses: Image) -> None:
    result = with_files(statuses, ("manifest", b"ghost\nstatuses\t0\n"), ("statuses", file_of(statuses, "statuses")))
    assert result == Boot("ghost: not in the initial RAM disk\nargument 0: [0]\n", 127)


def test_a_manifest_without_programs(statuses: Image) -> None:
    assert with_files(statuses, ("manifest", b"\n\n")) == Boot("", 0)


def test_arguments_that_do_not_fit_the_page(statuses: Image) -> None:
    manifest = b"statuses\t" + b"x" * 20000 + b"\n"
    result = with_files(statuses, ("manifest", manifest), ("statuses", file_of(statuses, "statuses")))
    assert result == Boot("statuses: cannot run: more arguments than fit in the start page\n", 126)


def segment(number: int, field: int) -> int:
    """Offset in the file of a field of a program header."""
    return elf.HEADER_SIZE + number * elf.SEGMENT_SIZE + field


def patch(offset: int, layout: str, value: int) -> Callable[[bytearray], None]:
    """Put another number into a file."""
    return lambda image: struct.pack_into(layout, image, offset, value)


DAMAGE: dict[str, tuple[Callable[[bytearray], None], str]] = {
    "text": (lambda image: image.__setitem__(slice(0, None), b"#!/bin/sh\n" * 10), "not an ELF file"),
    "short": (lambda image: image.__delitem__(slice(40, None)), "not an ELF file"),
    "cut": (lambda image: image.__delitem__(slice(100, None)), "its program headers are outside the file"),
    "32 bits": (patch(elf.CLASS, "<B", 1), "not a 64-bit little-endian ELF file"),
    "big-endian": (patch(elf.ENCODING, "<B", 2), "not a 64-bit little-endian ELF file"),
    "x86": (patch(elf.MACHINE, "<H", 62), "an ELF file for another machine"),
    "relocatable": (patch(elf.TYPE, "<H", 1), "an ELF file, but not an executable"),
    "headers": (patch(elf.SEGMENTS, "<Q", 2**64 - 1), "its program headers are outside the file"),
    "offset": (patch(segment(0, elf.OFFSET), "<Q", 2**64 - 1), "a segment outside the file"),
    "file size": (patch(segment(0, elf.FILE_SIZE), "<Q", 2**63), "a segment with more bytes than memory"),
    "kernel": (patch(segment(0, elf.ADDRESS), "<Q", 0x8020_0000), "a segment outside the memory of programs"),
    "upper half": (patch(segment(0, elf.ADDRESS), "<Q", 2**64 - 4096), "a segment outside the memory of programs"),
    "zero": (patch(segment(0, elf.ADDRESS), "<Q", 0), "a segment outside the memory of programs"),
    "huge": (patch(segment(0, elf.MEMORY_SIZE), "<Q", 2**64 - 1), "a segment outside the memory of programs"),
    "writable code": (patch(segment(0, elf.FLAGS), "<I", 7), "a segment both writable and executable"),
    "overlap": (patch(segment(1, elf.ADDRESS), "<Q", 0x1_0000), "two segments in one page"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_files_that_are_no_programs(statuses: Image, damage: str) -> None:
    change, message = DAMAGE[damage]
    image = file_of(statuses, "statuses")
    damaged = bytearray(image)
    change(damaged)
    manifest = b"damaged\nstatuses\t0\n"
    result = with_files(statuses, ("manifest", manifest), ("damaged", bytes(damaged)), ("statuses", image))
    assert result == Boot(f"damaged: cannot run: {message}\nargument 0: [0]\n", 126)


def test_a_program_without_a_trace_table(build: Builder) -> None:
    image = build([Run(PROGRAMS / "division.py")], "quiet")
    program = bytearray(file_of(image, "division"))
    count = struct.unpack_from("<H", program, elf.SEGMENT_COUNT)[0]
    for number in range(count):
        if struct.unpack_from("<I", program, segment(number, elf.KIND))[0] == TRACE_SEGMENT:
            struct.pack_into("<I", program, segment(number, elf.KIND), 0)
    lines = with_files(image, ("manifest", b"division\n"), ("division", bytes(program))).lines
    assert lines[:2] == ["10", "Traceback (most recent call last):"]
    assert all(line.startswith("  Site ") and line.endswith(", no source known") for line in lines[2:4])
    assert lines[4:] == ["unknown error"]


def test_a_program_that_starts_nowhere(statuses: Image) -> None:
    damaged = bytearray(file_of(statuses, "statuses"))
    struct.pack_into("<Q", damaged, elf.ENTRY, 0xFFFF_FFC0_8020_0000)
    result = with_files(statuses, ("manifest", b"statuses\n"), ("statuses", bytes(damaged)))
    assert result.lines[-1] == "IllegalAccess: execute address 0xffffffc080200000"
    assert result.status == 1
