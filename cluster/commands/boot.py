"""`atoll boot` and `atoll run`: the emulated machine, from power-on to the guest's exit status."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.commands.options import DEFAULT_MEMORY, Arguments, Hooks, HooksOption, Memory, Program, StatsFile
from atoll.cluster.guard import CommandError

MIB = 1 << 20


def boot(
    commands: Annotated[
        str | None,
        typer.Option("-c", metavar="COMMANDS", help="Lines for the shell, with ; between, instead of a terminal."),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, allow_dash=True,
                     help="The same from a file; - is standard input."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is random: same seed, same run.")] = 0,
    disk: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="The disk, which is kept (and made if it is not there)."),
    ] = None,
    memory: Memory = DEFAULT_MEMORY,
    limit: Annotated[float, typer.Option(metavar="SECONDS", help="Virtual time that one line may take.")] = 120.0,
    hooks: HooksOption = Hooks.NATIVE,
    stats: StatsFile = None,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write each frame on the wire to FILE, as JSON lines."),
    ] = None,
    kernel: Annotated[
        Path | None,
        typer.Option(metavar="ELF", exists=True, dir_okay=False, help="Another kernel, entered with no initrd."),
    ] = None,
) -> None:
    """Boot the system. At a terminal that is its console, and Ctrl-] opens the monitor; with -c, --script or a pipe
    lines go to the shell (with ! to the monitor), and the exit status is the last one's.
    """
    if kernel is not None:
        start(kernel.read_bytes(), None, "", memory, hooks, stats)
    if commands is not None and script is not None:
        raise CommandError("-c and --script exclude each other")
    from atoll.cluster.system import Boot, boot_system

    raise typer.Exit(boot_system(Boot(commands, script, seed, disk, memory, limit, hooks.value, stats, trace)))


def run(
    file: Program,
    arguments: Arguments = None,
    memory: Memory = DEFAULT_MEMORY,
    hooks: HooksOption = Hooks.NATIVE,
    stats: StatsFile = None,
) -> None:
    """Compile one's own program and run it in user mode; its exit status is the command's."""
    boot_image(file, arguments or (), memory, hooks, stats)


def boot_image(program: Path | None, arguments: Sequence[str], memory: int, hooks: Hooks, stats: Path | None) -> None:
    """Build what is needed, then run it to its end."""
    from atoll.cluster.images import ready_image

    image = ready_image(program, arguments)
    start(image.kernel, image.initrd, image.bootargs, memory, hooks, stats)


def start(kernel: bytes, initrd: bytes | None, bootargs: str, memory: int, hooks: Hooks, stats: Path | None) -> None:
    """Make a board, load it, run it; exits with the guest's status."""
    from atoll.cluster.session import run_board
    from atoll.machine.board import Board
    from atoll.machine.config import BoardConfig

    board = Board(BoardConfig(ram_bytes=memory * MIB, bootargs=bootargs, hooks=hooks.value))
    board.load_kernel(kernel)
    if initrd is not None:
        board.load_initrd(initrd)
    raise typer.Exit(run_board(board, stats))
