"""QEMU's `virt` machine with our kernel: which QEMU there is, and how it is told to be a board like ours."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.cluster.guard import CommandError

if TYPE_CHECKING:
    from atoll.images.recipe import Image

PROGRAM = "qemu-system-riscv64"
OLDEST = (7, 0)
OLDEST_WITH_DATAGRAMS = (7, 2)  # has -netdev dgram
MISSING = f"""\
{PROGRAM} is not installed, and it is needed here.
  Debian, Ubuntu:  apt-get install qemu-system-misc
  Fedora:          dnf install qemu-system-riscv
  macOS:           brew install qemu
`atoll boot` runs the same image on Atoll's own machine, without QEMU."""


def find_qemu(oldest: tuple[int, int] = OLDEST) -> str:
    """The path of a QEMU that is new enough; otherwise an error with the mend."""
    path = shutil.which(PROGRAM)
    if path is None:
        raise CommandError(MISSING)
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"version (\d+)\.(\d+)", answer.stdout)
    if version is None:
        raise CommandError(f"{path} does not answer --version like QEMU: {answer.stderr.strip()}")
    if (int(version[1]), int(version[2])) < oldest:
        raise CommandError(f"{path} is QEMU {version[1]}.{version[2]}; needed: {oldest[0]}.{oldest[1]} or newer")
    return path


def machine(program: str, folder: Path, image: "Image", memory: int) -> list[str]:
    """QEMU's arguments for a board like ours: one hart, modern virtio; kernel and initrd are put into the folder."""
    kernel, initrd = folder / "kernel.elf", folder / "initrd.tar"
    kernel.write_bytes(image.kernel)
    initrd.write_bytes(image.initrd)
    return [
        program, "-machine", "virt", "-cpu", "rv64", "-smp", "1", "-m", f"{memory}M",
        "-display", "none", "-no-reboot", "-global", "virtio-mmio.force-legacy=false",
        "-kernel", str(kernel), "-initrd", str(initrd), "-append", image.bootargs,
    ]  # fmt: skip


def devices(disk: Path, address: bytes, net: Sequence[str]) -> list[str]:
    """QEMU's arguments for what the system drives: disk, card (`net` says at which network), random numbers."""
    file = str(disk).replace(",", ",,")
    return [
        "-drive", f"if=none,id=disk,format=raw,file={file}", "-device", "virtio-blk-device,drive=disk",
        *net, "-device", f"virtio-net-device,netdev=net,mac={address.hex(':')}",
        "-device", "virtio-rng-device",
    ]  # fmt: skip
