"""`atoll boot` and `atoll run`: the emulated machine, from power-on to the guest's exit status."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.commands.options import (
    DEFAULT_MEMORY,
    Arguments,
    Commands,
    Disk,
    Hooks,
    HooksOption,
    Memory,
    Program,
    Script,
    StatsFile,
    check_lines,
)
from atoll.cluster.guard import CommandError

MIB = 1 << 20


def boot(
    cluster: Annotated[
        Path | None,
        typer.Argument(metavar="[CLUSTER.toml]", exists=True, dir_okay=False, help="Which nodes and links there are."),
    ] = None,
    nodes: Annotated[int | None, typer.Option(metavar="N", min=1, help="So many nodes at one switch.")] = None,
    commands: Commands = None,
    script: Script = None,
    seed: Annotated[int, typer.Option(help="Of all that is random: same seed, same run.")] = 0,
    disk: Disk = None,
    memory: Annotated[
        int | None, typer.Option(metavar="MB", min=8, max=65536, help="RAM of each node, in MiB.")
    ] = None,
    limit: Annotated[float, typer.Option(metavar="SECONDS", help="Virtual time that one line may take.")] = 120.0,
    hooks: HooksOption = Hooks.NATIVE,
    stats: StatsFile = None,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write each frame on the wire to FILE, as JSON lines."),
    ] = None,
    pcap: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write all frames to FILE, for Wireshark (pcapng)."),
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of the host: the run is the same.")] = 1,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What `atoll attach` and `ps` call the cluster; else a number.")
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
        start(kernel.read_bytes(), None, "", memory or DEFAULT_MEMORY, hooks, stats)
    if cluster is not None and (nodes is not None or memory is not None or disk is not None):
        raise CommandError("what --nodes, --memory and --disk say is said by the cluster file")
    check_lines(commands, script)
    from atoll.cluster.system import Boot, boot_system, planned_cluster

    plan = planned_cluster(cluster, nodes or 1, memory or DEFAULT_MEMORY)
    raise typer.Exit(
        boot_system(Boot(plan, commands, script, seed, disk, limit, hooks.value, threads, stats, trace, pcap, name))
    )


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
