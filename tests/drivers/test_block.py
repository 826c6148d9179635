"""The disk driver: on our board against the bytes of the image, with a device that fails, and on QEMU."""

import re
from pathlib import Path

import pytest

from atoll.machine.board import Board
from atoll.machine.virtio.queue import QueueError
from tests.drivers.machines import boot_guest, boot_guest_on_qemu

SECTORS = 2048
SECTOR = 512
IMAGE = b"".join(b"%-512d" % number for number in range(SECTORS))
MOVED = IMAGE[:SECTOR] + IMAGE[-SECTOR:] + IMAGE[2 * SECTOR : 128 * SECTOR] + IMAGE[: 128 * SECTOR]
SAID = [
    "2048 sectors",
    "sector 0: 0     ", "sector 41: 41    ", "sector 82: 82    ", "sector 123: 123   ",
    "sector 0: 0     ", "sector 1: 2047  ", "sector 2: 2     ",
    "refused: 1 sectors from 2048 on: the disk has 2048",
    "refused: 2 sectors from 2047 on: the disk has 2048",
    "refused: 1 sectors from 18446744073709551615 on: the disk has 2048",
    "refused: 100 bytes are not 1 to 128 sectors of 512 bytes",
    "refused: 0 bytes are not 1 to 128 sectors of 512 bytes",
    "refused: 66048 bytes are not 1 to 128 sectors of 512 bytes",
]  # fmt: skip
BROKEN = 13  # a sector that our board's disk cannot read
FATAL = 14  # one whose reading breaks the device


def break_sectors(board: Board) -> None:
    """Let the device fail there."""
    assert board.block is not None
    disk = board.block.disk
    read = disk.read

    def read_or_fail(offset: int, size: int) -> bytes:
        if offset == BROKEN * SECTOR and size == SECTOR:
            raise OSError("a bad sector")
        if offset == FATAL * SECTOR and size == SECTOR:
            raise QueueError("out of order")
        return read(offset, size)

    board.block.disk.read = read_or_fail  # type: ignore[method-assign]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A disk whose sectors say their numbers."""
    path = tmp_path / "disk.img"
    path.write_bytes(IMAGE)
    return path


def test_on_our_board(image: Path) -> None:
    ended = boot_guest("block_raw", image, break_sectors)
    said = [line for line in ended.lines[1:] if " ns" not in line]
    assert said == [
        *SAID, "refused: the disk cannot read at sector 13: status 1", "refused: the disk had to be reset",
        "still here: 15    ",
    ]  # fmt: skip
    assert ended.status == 0
    assert image.read_bytes() == MOVED + IMAGE[len(MOVED) :]
    (time,) = re.findall(r"64 KiB in (\d+) ns", ended.output)
    assert int(time) < 60_000  # one copy of it, and no page by page requests


@pytest.mark.qemu
def test_on_qemu(image: Path, tmp_path: Path) -> None:
    drive = f"file={image},format=raw,if=none,id=disk"
    device = "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"
    ended = boot_guest_on_qemu("block_raw", tmp_path, ["-drive", drive, "-device", device])
    said = [line for line in ended.lines[1:] if " ns" not in line]
    assert said == [*SAID, "not refused", "not refused", "still here: 15    "]
    assert ended.status == 0
    assert image.read_bytes() == MOVED + IMAGE[len(MOVED) :]
