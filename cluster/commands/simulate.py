"""`atoll simulate`: random clusters, work and faults, seed by seed, judged for safety and liveness."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from atoll.cluster.simulation.pool import Booted
    from atoll.cluster.simulation.run import Verdict
    from atoll.cluster.simulation.scenario import Scenario

FAILED = 1
SHRINK_TRIES = 60
SECOND = 1_000_000_000


def simulate(
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="How many seeds, from --seed on.")] = 1,
    seed: Annotated[int, typer.Option(metavar="S", help="The first.")] = 0,
    nodes: Annotated[int | None, typer.Option(metavar="K", min=1, max=5, help="Nodes; else each seed's own.")] = None,
    virtual: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.01, help="Virtual time in which faults begin.")
    ] = 0.1,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Of the host; a seed does not depend on it.")] = 2,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Do not stop at the first that fails.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Print what was drawn and all events.")] = False,
    small: Annotated[bool, typer.Option("--shrink", help="Leave out of a failing one what is not needed.")] = False,
    to: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write all verdicts to FILE.")
    ] = None,
) -> None:
    """Draw clusters, work and faults, run them in virtual time, and check that nothing that was acknowledged is lost,
    and that everything works again after the faults. A line for each seed; a failing one is told in full. Exit status
    1 if any failed.
    """
    from atoll.cluster.simulation.pool import Booted, run_all
    from atoll.cluster.simulation.scenario import draw

    booted = Booted()
    scenarios = [draw(number, nodes, round(virtual * SECOND)) for number in range(seed, seed + seeds)]
    verdicts = []
    for verdict in run_all(booted, scenarios, jobs):
        verdicts.append(verdict)
        print("\n".join(report(verdict, trace)), flush=True)
        if verdict.complaints and not keep_going:
            break
    if to is not None:
        to.write_text(json.dumps([asdict(verdict) for verdict in verdicts], indent=2) + "\n", encoding="utf-8")
    failed = [verdict for verdict in verdicts if verdict.complaints]
    if failed and small:
        print(f"what is needed of seed {failed[0].scenario.seed}:")
        print(shrunk(booted, failed[0]).describe())
    if failed:
        raise typer.Exit(FAILED)


def report(verdict: "Verdict", trace: bool) -> Iterator[str]:
    """What is printed of one."""
    results = ", ".join(f"{count} {name}" for name, count in sorted(verdict.results.items()))
    outcome = "FAILED" if verdict.complaints else "ok"
    yield (
        f"seed {verdict.scenario.seed}: {outcome}: {verdict.scenario}: {results}; {verdict.virtual_ns / SECOND:.3f} s, "
        f"events {verdict.digest}"
    )
    if verdict.complaints or trace:
        yield verdict.scenario.describe()
        yield from (f"    {event}" for event in verdict.events)
    for complaint in verdict.complaints:
        yield f"  WRONG: {complaint}"
    if verdict.complaints:
        yield f"  again: atoll simulate --seed {verdict.scenario.seed} --trace (with the same --nodes and --virtual)"


def shrunk(booted: "Booted", verdict: "Verdict") -> "Scenario":
    """The smallest scenario that still fails."""
    from atoll.cluster.simulation.pool import run_one
    from atoll.cluster.simulation.shrink import shrink

    return shrink(verdict.scenario, lambda smaller: bool(run_one(booted, smaller).complaints), SHRINK_TRIES)
