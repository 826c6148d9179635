"""`atoll qemu`: the same kernel and initrd on QEMU's `virt` machine, the judge of our own board."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.commands.options import DEFAULT_MEMORY, Arguments, Memory
from atoll.cluster.guard import CommandError

PROGRAM = "qemu-system-riscv64"
OLDEST = (7, 0)
MISSING = f"""\
{PROGRAM} is not installed, and `atoll qemu` needs it.
  Debian, Ubuntu:  apt-get install qemu-system-misc
  Fedora:          dnf install qemu-system-riscv
  macOS:           brew install qemu
`atoll boot` runs the same image on Atoll's own machine, without QEMU."""


def qemu(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A guest program instead of the first one.", exists=True,
                                    dir_okay=False)
    ] = None,
    arguments: Arguments = None,
    memory: Memory = DEFAULT_MEMORY,
) -> None:
    """Boot the same image on qemu-system-riscv64 (OpenSBI prints its banner first)."""
    from atoll.cluster.images import ready_image

    program = find_qemu()
    image = ready_image(file, arguments or [])
    with tempfile.TemporaryDirectory(prefix="atoll-qemu-") as folder:
        kernel, initrd = Path(folder, "kernel.elf"), Path(folder, "initrd.tar")
        kernel.write_bytes(image.kernel)
        initrd.write_bytes(image.initrd)
        status = run_qemu(command_line(program, kernel, initrd, image.bootargs, memory))
    raise typer.Exit(status)


def find_qemu() -> str:
    """The path of a QEMU that is new enough; otherwise an error with the mend."""
    path = shutil.which(PROGRAM)
    if path is None:
        raise CommandError(MISSING)
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"version (\d+)\.(\d+)", answer.stdout)
    if version is None:
        raise CommandError(f"{path} does not answer --version like QEMU: {answer.stderr.strip()}")
    if (int(version[1]), int(version[2])) < OLDEST:
        raise CommandError(f"{path} is QEMU {version[1]}.{version[2]}; needed: {OLDEST[0]}.{OLDEST[1]} or newer")
    return path


def command_line(program: str, kernel: Path, initrd: Path, bootargs: str, memory: int) -> list[str]:
    """QEMU's arguments for a board like ours: one hart, the UART on standard input and output, modern virtio."""
    return [
        program, "-machine", "virt", "-cpu", "rv64", "-smp", "1", "-m", f"{memory}M",
        "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
        "-global", "virtio-mmio.force-legacy=false",
        "-kernel", str(kernel), "-initrd", str(initrd), "-append", bootargs,
    ]


def run_qemu(command: list[str]) -> int:
    """QEMU's exit status: the guest's, by the test device. At Ctrl-C QEMU ends by itself; wait for that."""
    sys.stdout.flush()
    with subprocess.Popen(command) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    return status if status >= 0 else 128 - status
