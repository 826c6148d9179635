"""Boots a first process that drives a device: on our board, with what its devices hold, and on QEMU."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Timer

from atoll.compiler.cache import Cache
from atoll.images.recipe import Image, build_runs
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig
from tests.kernel.machines import GREETING, QEMU, Boot, run

REPOSITORY = Path(__file__).resolve().parent.parent.parent
GUESTS = Path("tests") / "drivers" / "guests"
QEMU_SECONDS = 120  # only so that a guest that hangs does not hang the tests


@cache
def build_guest(name: str) -> Image:
    """The image whose first process is a program of `guests/`."""
    with contextlib.chdir(REPOSITORY):
        return build_runs([], "", Cache(), root=GUESTS / f"{name}.py")


def boot_guest(
    name: str,
    disk: Path | bytes | None = None,
    prepare: Callable[[Board], None] = lambda board: None,
    bootargs: str = "",
) -> Boot:
    """Boot it on our board, to the end; `prepare` may change the board before."""
    image = build_guest(name)
    board = Board(BoardConfig(disk=disk, bootargs=bootargs))
    board.load_kernel(image.kernel)
    board.load_initrd(image.initrd)
    prepare(board)
    return run(board)


def boot_guest_on_qemu(name: str, folder: Path, devices: Sequence[str]) -> Boot:
    """Boot it on QEMU with more devices; the output is that from the kernel's first line on."""
    with start_qemu(build_guest(name), folder, devices) as qemu:
        said, _ = qemu.communicate()
    output = said.decode().replace("\r", "")
    return Boot(output[output.index(GREETING) :] if GREETING in output else output, qemu.returncode)


@contextlib.contextmanager
def start_qemu(image: Image, folder: Path, devices: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """QEMU with an image and more devices, its serial line at stdin and stdout; ended when it takes far too long."""
    kernel, initrd = folder / "kernel.elf", folder / "initrd.tar"
    kernel.write_bytes(image.kernel)
    initrd.write_bytes(image.initrd)
    command = [QEMU, "-machine", "virt", "-m", "128M", "-display", "none", "-monitor", "none", "-serial", "stdio"]
    command += ["-icount", "shift=0", "-no-reboot"]  # with sleep=off QEMU 7.2 hangs while a disk works
    command += ["-global", "virtio-mmio.force-legacy=false", "-kernel", str(kernel), "-initrd", str(initrd), *devices]
    qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    watchdog = Timer(QEMU_SECONDS, qemu.kill)
    watchdog.start()
    try:
        yield qemu
    finally:
        watchdog.cancel()
        qemu.kill()
        qemu.wait()
