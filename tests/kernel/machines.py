"""The two machines that a test boots an image on: our own board, and QEMU as the judge."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from atoll.images.recipe import Image
from atoll.machine.board import Board, Stop
from atoll.machine.config import BoardConfig, Hooks

MOST_INSTRUCTIONS = 500_000_000  # far more than any of these tests needs
GREETING = "Atoll 0.1: hart 0, 128 MiB, timebase 10 MHz"
QEMU_SECONDS = 300  # only so that a kernel that hangs does not hang the tests
QEMU = "qemu-system-riscv64"


class Boot(NamedTuple):
    """What a machine printed and the exit status that it ended with."""

    output: str
    status: int

    @property
    def lines(self) -> list[str]:
        """The output as lines."""
        return self.output.splitlines()

    def of(self, program: str) -> list[str]:
        """The lines of one program: from the end of the one before to the line that tells its exit status."""
        lines: list[str] = []
        for line in self.lines:
            lines = lines if line != GREETING else []
            lines.append(line)
            if ": exit status " in line:
                if line.startswith(f"{program}:"):
                    return lines
                lines = []
        raise AssertionError(f"{program} has not ended; the output was:\n{self.output}")


def new_board(image: Image, ram_bytes: int = 128 << 20, hooks: Hooks = "native") -> Board:
    """A board with an image, ready to run."""
    board = Board(BoardConfig(ram_bytes=ram_bytes, bootargs=image.bootargs, hooks=hooks))
    board.load_kernel(image.kernel)
    if image.initrd:
        board.load_initrd(image.initrd)
    return board


def run(board: Board, most_instructions: int = MOST_INSTRUCTIONS) -> Boot:
    """Run to the end."""
    output = bytearray()
    board.uart.output = output.extend
    reason = board.run(max_instructions=most_instructions)
    assert reason.kind is Stop.EXIT, f"{reason}; the output was:\n{output.decode(errors='replace')}"
    return Boot(output.decode(), reason.status)


def boot(image: Image, ram_bytes: int = 128 << 20, most_instructions: int = MOST_INSTRUCTIONS) -> Boot:
    """Boot an image on our board."""
    return run(new_board(image, ram_bytes), most_instructions)


def boot_qemu(image: Image, folder: Path) -> Boot:
    """Boot an image on QEMU; its output from the kernel's first line on (OpenSBI prints a banner of its own before)."""
    kernel, initrd = folder / "kernel.elf", folder / "initrd.tar"
    kernel.write_bytes(image.kernel)
    initrd.write_bytes(image.initrd)
    command = [QEMU, "-machine", "virt", "-m", "128M", "-display", "none", "-monitor", "none", "-serial", "stdio"]
    command += ["-icount", "shift=0,sleep=off", "-no-reboot", "-kernel", str(kernel), "-append", image.bootargs]
    command += ["-initrd", str(initrd)] if image.initrd else []
    ended = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=QEMU_SECONDS, check=False)
    output = ended.stdout.decode().replace("\r", "")
    return Boot(output[output.index(GREETING) :] if GREETING in output else output, ended.returncode)
