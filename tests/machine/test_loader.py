"""Images that the board takes, and exactly what it says about those that it does not."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.machine.errors import ImageError, InitrdError
from tests.machine.guest import KERNEL, RAM, board, elf, end, kernel

GOOD = kernel(end)
SEGMENT = 64  # offset of the first program header


def without_segments() -> bytes:
    return GOOD[:SEGMENT] + struct.pack("<I", 0) + GOOD[SEGMENT + 4 :]


@pytest.mark.parametrize(("image", "message"), [
    (b"", "the kernel is not an ELF file: it begins with nothing: it is empty"),
    (b"#!/bin/sh\n", "the kernel is not an ELF file: it begins with 23 21 2f 62"),
    (GOOD[:40], "the kernel's ELF file is damaged: its header is cut off or makes no sense"),
    (GOOD[:4000], "the kernel's ELF file is damaged: a segment is longer than the file"),
    (elf(bytes(64), machine=62),
     "the kernel's ELF file is for another machine: X86_64; this board is RISCV (64 bits)"),
    (elf(bytes(64), machine=183),
     "the kernel's ELF file is for another machine: AARCH64; this board is RISCV (64 bits)"),
    (elf(bytes(64), bits=32), "the kernel's ELF file is for a 32-bit CPU; this board has a 64-bit one"),
    (without_segments(), "the kernel's ELF file holds nothing to load: it has no PT_LOAD segment"),
    (elf(bytes(64), memory=20 << 20),
     "the kernel does not fit into RAM: it ends at 0x81600000, 22 MiB from RAM's beginning, "
     "and RAM is 8 MiB, the last 64 KiB not to be used"),
    (elf(bytes(64), base=0x1000),
     "the kernel has a segment at 0x1000, which is not RAM: RAM begins at 0x80000000"),
    (elf(bytes(64), base=RAM),
     "the kernel has a segment at 0x80000000, where the firmware is: link it at 0x80200000"),
])  # fmt: skip
def test_an_image_that_cannot_run_is_refused(image: bytes, message: str) -> None:
    with pytest.raises(ImageError) as refused:
        board(image)
    assert str(refused.value) == message


@given(st.binary(max_size=200), st.integers(0, 4200))
def test_damaged_images_are_refused_or_taken_but_never_break_the_loader(junk: bytes, place: int) -> None:
    image = GOOD[:place] + junk + GOOD[place + len(junk) :]
    try:
        board(image)
    except ImageError as error:
        assert str(error).startswith("the kernel")


def test_an_initial_ram_disk_that_is_too_large_is_refused() -> None:
    made = board(GOOD)
    with pytest.raises(InitrdError) as refused:
        made.load_initrd(bytes(3 << 20))
    assert str(refused.value) == (
        "the initial RAM disk does not fit: it has 3 MiB, "
        "and behind the kernel there is room for 1.938 MiB (RAM is 8 MiB)"
    )


def test_the_initial_ram_disk_is_put_behind_a_large_kernel() -> None:
    made = board(elf(bytes(64), memory=5 << 20))
    made.load_initrd(b"ustar")
    made.boot()
    start = KERNEL + (5 << 20)
    assert made.ram.read(start, 5) == b"ustar"
