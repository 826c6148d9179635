"""`atoll qemu`: the same kernel and initrd on QEMU's `virt` machine, the judge of our own board."""

import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.commands.options import DEFAULT_MEMORY, Arguments, Disk, Memory, Script, check_lines
from atoll.cluster.guard import CommandError
from atoll.cluster.qemu import devices, find_qemu, machine

SERIAL = ("-serial", "stdio")
NOBODY = ("-netdev", "user,id=net,restrict=on")  # a network without anybody else


def qemu(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A guest program, run without the system.", exists=True,
                                    dir_okay=False)
    ] = None,
    arguments: Arguments = None,
    commands: Annotated[
        str | None,
        typer.Option("-c", metavar="COMMANDS", help="Lines to type at the console, with ; between; then poweroff."),
    ] = None,
    script: Script = None,
    disk: Disk = None,
    memory: Memory = DEFAULT_MEMORY,
) -> None:
    """Boot the same images on qemu-system-riscv64 (OpenSBI prints its banner first); Ctrl-A x leaves."""
    check_lines(commands, script)
    if file is not None and (commands or script or disk):
        raise CommandError("a program of one's own runs without the system: it has no shell, and no disk")
    program = find_qemu()
    with tempfile.TemporaryDirectory(prefix="atoll-qemu-") as folder:
        if file is not None:
            status = boot_program(program, Path(folder), file, arguments or [], memory)
        else:
            status = boot_system(program, Path(folder), wanted_lines(commands, script), disk, memory)
    raise typer.Exit(status if status >= 0 else 128 - status)


def boot_program(program: str, folder: Path, file: Path, arguments: list[str], memory: int) -> int:
    """One program on the bare kernel; Ctrl-C ends QEMU."""
    from atoll.cluster.images import ready_image

    return run_qemu([*machine(program, folder, ready_image(file, arguments), memory), "-monitor", "none", *SERIAL])


def boot_system(program: str, folder: Path, lines: list[str] | None, disk: Path | None, memory: int) -> int:
    """The whole system; without lines, the terminal is its console."""
    from atoll.abi.bootargs import QUIET
    from atoll.cluster.disks import system_disk
    from atoll.cluster.images import ready_system
    from atoll.cluster.node import Settings, command_line, station_address
    from atoll.cluster.typist import type_lines

    image = ready_system()
    kept = system_disk(disk)
    if isinstance(kept, bytes):
        fresh = folder / "disk.img"
        fresh.write_bytes(kept)
        kept = fresh
    words = [word for word in image.bootargs.split() if word != QUIET]
    told = replace(image, bootargs=command_line(words, "node1", 1, 1, Settings(interactive=True)))
    command = [*machine(program, folder, told, memory), *devices(kept, station_address(1), NOBODY)]
    if lines is None:
        return run_qemu([*command, "-serial", "mon:stdio"])
    return type_lines([*command, "-monitor", "none", *SERIAL], lines)


def wanted_lines(commands: str | None, script: Path | None) -> list[str] | None:
    """The lines to type; None: somebody sits at a terminal."""
    from atoll.cluster.batch import split_commands, wanted

    if commands is not None:
        return list(wanted(split_commands(commands)))
    if script is not None and script != Path("-"):
        return list(wanted(script.read_text(encoding="utf-8").splitlines()))
    if script is not None or not (sys.stdin and sys.stdin.isatty()):
        return list(wanted(sys.stdin))
    return None


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
    return status
