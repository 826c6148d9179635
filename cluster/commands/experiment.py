"""`atoll experiment`: described workloads over strategies or policies, as tables and plots."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from atoll.cluster.guard import CommandError

if TYPE_CHECKING:
    from atoll.benchmarks.experiments.kept import Kept
    from atoll.benchmarks.experiments.load import Plan, Row
    from atoll.benchmarks.report import Report

HELP = "Run described workloads over strategies or policies: a table, CSV, JSON, plots."

WORKLOADS = ("cpu", "mixed", "uneven", "talking", "pmake", "daemons")
MODEL, SYSTEM = "model", "system"
# What a run of the real system costs is paid by node and virtual second: so its default is small.
DEFAULTS = {MODEL: (8, 10, 4.0), SYSTEM: (4, 1, 0.3)}  # nodes, seeds, seconds


def load(
    workload: Annotated[str, typer.Option(help=f"{', '.join(WORKLOADS)}.")] = "cpu",
    policy: Annotated[list[str] | None, typer.Option(help="Which, by name; all if none is named.")] = None,
    level: Annotated[list[float] | None, typer.Option(help="Load levels; 0.3, 0.6 and 0.9 unless given.")] = None,
    model: Annotated[bool, typer.Option("--model", help="The policies over a model instead of the system.")] = False,
    nodes: Annotated[int | None, typer.Option(min=2, max=32, help="How many.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of each, with seeds from 1 on.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.01, help="Virtual time in which jobs arrive.")] = None,
    against: Annotated[str, typer.Option(help="The policy that the others are compared with.")] = "home",
    stretch: Annotated[float, typer.Option(min=0.1, help="Jobs need so many times 20 ms, the mean.")] = 1.0,
    busy: Annotated[int, typer.Option(min=1, help="Threshold, hundredths of a program.")] = 100,
    latency: Annotated[float, typer.Option(min=1, help="Microseconds, of the network of the system.")] = 50.0,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Keep each run there; those that are there are not run."),
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", dir_okay=False)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", dir_okay=False)] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", dir_okay=False, help="A picture; needs matplotlib.")
    ] = None,
) -> None:
    """Load sharing: throughput, response times, fairness and messages of each policy on the same jobs."""
    from atoll.benchmarks.experiments import load as experiment
    from atoll.cluster.progress import progress_bar
    from atoll.servers.load.interface import Policy

    if workload not in WORKLOADS:
        raise CommandError(f"there is no workload {workload!r}; there is: {', '.join(WORKLOADS)}")
    known = {each.name.lower(): each for each in Policy}
    unknown = [name for name in (*(policy or []), against) if name not in known]
    if unknown:
        raise CommandError(f"there is no policy {unknown[0]!r}; there is: {', '.join(known)}")
    what = MODEL if model else SYSTEM
    usual = DEFAULTS[what]
    plan = experiment.Plan(
        workload, tuple(known[name] for name in policy or known), tuple(level or (0.3, 0.6, 0.9)), seeds or usual[1],
        nodes or usual[0], seconds or usual[2], stretch, busy_above=busy, idle_below=busy // 2, latency_us=latency,
        against=known[against],
    )  # fmt: skip
    require_places(csv_file, json_file, plot_file)
    if plot_file is not None:
        require_matplotlib()
    kept = open_kept(keep, plan, what)
    with progress_bar() as report:
        rows = run_model(plan, report, kept) if model else run_system(plan, report, kept)
    experiment.show(plan, rows, what)
    if csv_file is not None:
        experiment.write_csv(rows, csv_file)
    if json_file is not None:
        experiment.write_json(plan, rows, what, json_file)
    if plot_file is not None:
        experiment.plot(plan, rows, plot_file)


def open_kept(file: Path | None, plan: "Plan", what: str) -> "Kept":
    """Runs that are done already."""
    from atoll.benchmarks.experiments.kept import Kept, OtherPlan

    try:
        return Kept(file, {"runs_of": what, **plan.conditions()})
    except OtherPlan as error:
        raise CommandError(str(error)) from None
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{file} cannot be used to keep runs: {error}") from None


def run_model(plan: "Plan", report: "Report", kept: "Kept") -> "list[Row]":
    """All runs over the model."""
    from atoll.benchmarks.experiments.load import model_runner, run_plan

    return run_plan(plan, model_runner, report, kept)


def run_system(plan: "Plan", report: "Report", kept: "Kept") -> "list[Row]":
    """All runs on emulated nodes."""
    from atoll.benchmarks.experiments.load import run_plan
    from atoll.benchmarks.experiments.system import Failed, Runs

    runs = Runs(plan.latency_us)
    try:
        return run_plan(plan, runs.run, report, kept)
    except Failed as error:
        raise CommandError(f"a run failed: {error}") from None
    finally:
        runs.close()


def migration(
    workload: Annotated[list[str] | None, typer.Option(help="Which; all if none is named.")] = None,
    memory: Annotated[list[str] | None, typer.Option(help="Strategies, by name; all if none is named.")] = None,
    size: Annotated[list[int] | None, typer.Option(min=4096, max=10_000_000, help="Bytes of memory.")] = None,
    megabits: Annotated[float, typer.Option(min=0.1, help="Of the links, a second.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="Of 10 ms that the programs run for.")] = 400,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", dir_okay=False)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", dir_okay=False)] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", dir_okay=False, help="A picture; needs matplotlib.")
    ] = None,
) -> None:
    """Migration: freeze, total, bytes, messages, pages left behind and slowdown, by workload and memory strategy."""
    from atoll.benchmarks.experiments import migration as experiment
    from atoll.benchmarks.migrations import Failed
    from atoll.cluster.progress import progress_bar
    from atoll.servers.mover.interface import MemoryStrategy

    strategies = {each.name.lower(): each for each in MemoryStrategy}
    check_names("workload", workload, experiment.WORKLOADS)
    check_names("strategy", memory, strategies)
    plan = experiment.Plan(
        tuple(workload or experiment.WORKLOADS), tuple(strategies[name] for name in memory or strategies),
        tuple(size or (100_000, 1_000_000)), round(megabits * 1e6), rounds,
    )  # fmt: skip
    require_places(csv_file, json_file, plot_file)
    if plot_file is not None:
        require_matplotlib()
    try:
        with progress_bar() as report:
            rows = experiment.run_plan(plan, report)
    except Failed as error:
        raise CommandError(f"a run failed: {error}") from None
    experiment.show(plan, rows)
    if csv_file is not None:
        experiment.write_csv(rows, csv_file)
    if json_file is not None:
        experiment.write_json(plan, rows, json_file)
    if plot_file is not None:
        experiment.plot(plan, rows, plot_file)


def check_names(what: str, names: list[str] | None, known: Iterable[str]) -> None:
    """Refuse a name that there is not."""
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        raise CommandError(f"there is no {what} {unknown[0]!r}; there is: {', '.join(known)}")


def require_places(*files: Path | None) -> None:
    """Refuse a folder that there is not before the runs, not after."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise CommandError(f"{file}: there is no folder {file.parent}")


def require_matplotlib() -> None:
    """Say so before the runs, not after."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise CommandError("plots need matplotlib: pip install 'atoll[plots]'")
