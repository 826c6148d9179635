"""The same sources three ways: compiled for the machine, by the import hook, and without checks in CPython.

They do the same workload and must leave the same disk, byte for byte; e2fsck and debugfs judge it.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from atoll.compiler.cpython.hook import guest_modules
from atoll.images.recipe import build_image
from atoll.machine.board import Board, Stop
from atoll.machine.config import BoardConfig
from tests.files import judges
from tests.files.plain import INTERFACES, Loader

PROGRAM = Path(__file__).parent / "programs" / "workload.py"
PAGE = 1024
SECOND = 1_000_000_000  # nanoseconds


def runs(image: bytes) -> bytes:
    """The pages of an image that are not all zero."""
    found = bytearray()
    for place in range(0, len(image), PAGE):
        page = image[place : place + PAGE].rstrip(b"\0")
        if page:
            found += place.to_bytes(4, "little") + len(page).to_bytes(4, "little") + page
    return bytes(found)


@pytest.fixture
def folder(scratch: Path) -> Path:
    """The workload with an image beside it."""
    image = judges.make(scratch / "made.img", 2048, 1024, "-N", "64", "-U", "00000000-0000-0000-0000-000000000001")
    (scratch / "image.py").write_text(f'"""The disk."""\n\nSIZE = {len(image)}\nRUNS = {runs(image)!r}\n')
    (scratch / "workload.py").write_text(PROGRAM.read_text())
    return scratch


def in_cpython(folder: Path, fill: bool) -> tuple[list[str], bytes]:
    """What the workload prints, and its disk."""
    loader = Loader(folder=folder)
    workload: Any = loader.load("workload")
    workload.start()
    workload.work(fill)
    workload.mount.unmount(workload.volume, 1016 * SECOND + 7)
    return loader.printed, bytes(workload.disk)


def on_board(folder: Path) -> list[str]:
    """What the compiled workload prints."""
    image = build_image(folder / "workload.py")
    board = Board(BoardConfig(bootargs=image.bootargs))
    board.load_kernel(image.kernel)
    board.load_initrd(image.initrd)
    output = bytearray()
    board.uart.output = output.extend
    reason = board.run(until_ns=60 * 10**9)
    assert reason.kind is Stop.EXIT and reason.status == 0, f"{reason}\n{output.decode(errors='replace')}"
    return output.decode().splitlines()


def test_the_compiled_workload_leaves_the_same_disk(folder: Path) -> None:
    printed, disk = in_cpython(folder, True)
    assert not judges.complaints(folder / "left.img", disk)
    lines = on_board(folder)
    print("\n".join(lines))
    assert [line for line in lines if not line.startswith("speed")] == [*printed, f"disk {zlib.adler32(disk)}"]


def test_the_import_hook_leaves_the_same_disk(folder: Path) -> None:
    """With exact widths and copied structures, in CPython."""
    _, disk = in_cpython(folder, False)
    with guest_modules(folder):
        stubs = sys.modules["atoll.userland.runtime.interface"] = ModuleType("atoll.userland.runtime.interface")
        vars(stubs).update(vars(INTERFACES))  # interfaces are the compiler's business; only their errors are used here
        workload: Any = importlib.import_module("workload")
        workload.start()
        workload.work(False)
        workload.mount.unmount(workload.volume, 1016 * SECOND + 7)
        assert bytes(workload.disk) == disk
