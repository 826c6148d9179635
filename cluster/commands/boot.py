"""`atoll boot` and `atoll run`: the emulated machine, from power-on to the guest's exit status."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.commands.options import DEFAULT_MEMORY, Arguments, Hooks, HooksOption, Memory, Program, StatsFile

MIB = 1 << 20


def boot(
    memory: Memory = DEFAULT_MEMORY,
    hooks: HooksOption = Hooks.NATIVE,
    stats: StatsFile = None,
    kernel: Annotated[
        Path | None,
        typer.Option(metavar="ELF", exists=True, dir_okay=False, help="Another kernel, entered with no initrd."),
    ] = None,
) -> None:
    """Boot the system; its console is the terminal, its exit status is the command's."""
    if kernel is not None:
        start(kernel.read_bytes(), None, "", memory, hooks, stats)
    boot_image(None, (), memory, hooks, stats)


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
