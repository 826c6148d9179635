"""`atoll bench`: the benchmarks by name, their figures as a table and as JSON."""

from pathlib import Path
from typing import Annotated

import typer

from atoll.cluster.guard import CommandError

NAMES = ("machine", "kernel", "node", "cluster", "migration")


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help=f"Which: {', '.join(NAMES)}. All if none is named.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures here, too.", dir_okay=False)
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each; their median counts.")] = 5,
) -> None:
    """Measure the machine, the kernel and the system; what the guest does is counted in instructions."""
    unknown = [name for name in names or [] if name not in NAMES]
    if unknown:
        raise CommandError(f"there is no benchmark {unknown[0]!r}; there is: {', '.join(NAMES)}")
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise CommandError(f"{json_file}: there is no such folder")  # said before the minutes that measuring takes

    from atoll.benchmarks import cluster, kernel, machine, migration, node
    from atoll.benchmarks.report import Result, show_table, write_json
    from atoll.cluster.progress import progress_bar

    benchmarks = dict(zip(NAMES, (machine, kernel, node, cluster, migration), strict=True))
    results: list[Result] = []
    for name in names or NAMES:
        with progress_bar() as report:
            results += benchmarks[name].measure(rounds, report)
    show_table(results)
    if json_file is not None:
        write_json(results, json_file)
