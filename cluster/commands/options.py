"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.guard import CommandError

DEFAULT_MEMORY = 128                            # MiB, as QEMU's virt has it


class Hooks(StrEnum):
    """How the machine's inner loop runs: compiled to host code, or in CPython, to debug the machine itself."""

    NATIVE = "native"
    INTERPRETED = "interpreted"


Arguments = Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="Handed to the program.")]
Commands = Annotated[
    str | None,
    typer.Option("-c", metavar="COMMANDS", help="Lines for the shell, with ; between, instead of a terminal."),
]
Disk = Annotated[
    Path | None,
    typer.Option(metavar="FILE", dir_okay=False, help="The disk, which is kept (and made if it is not there)."),
]
HooksOption = Annotated[Hooks, typer.Option(help="The machine's inner loop: compiled, or interpreted to debug it.")]
Memory = Annotated[int, typer.Option(metavar="MB", min=8, max=65536, help="RAM of the machine, in MiB.")]
Program = Annotated[Path, typer.Argument(metavar="FILE", help="A guest Python program.", exists=True, dir_okay=False)]
Script = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, allow_dash=True,
                 help="The same from a file; - is standard input."),
]  # fmt: skip
StatsFile = Annotated[
    Path | None,
    typer.Option("--stats", metavar="FILE", dir_okay=False, help="Write instructions and times to FILE, as JSON."),
]


def check_lines(commands: str | None, script: Path | None) -> None:
    """Raises CommandError if both are there."""
    if commands is not None and script is not None:
        raise CommandError("-c and --script exclude each other")
