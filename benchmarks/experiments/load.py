"""`atoll experiment load`: a workload under each policy, at several load levels and with several seeds, as a table."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from atoll.benchmarks.experiments.kept import Kept
from atoll.benchmarks.experiments.outcome import FIGURES, Interval, Outcome, interval, intervals, outcome
from atoll.benchmarks.experiments.workloads import Job, jobs_of
from atoll.benchmarks.report import Report
from atoll.servers.load.interface import Announce, Index, Policy

MARKERS = "os^vDP*Xd<>"
UNITS = {
    "jobs": "", "throughput": "jobs/s", "mean_response": "ms", "tail_response": "ms", "fairness": "Jain",
    "messages": "per job", "moved": "of 1",
}  # fmt: skip
# What the table for people has, by its headings; of the second lot only the means, that it fits a terminal.
SHOWN = {"throughput": "jobs/s", "mean_response": "mean ms", "tail_response": "95 % ms", "fairness": "Jain"}
DIGITS = (0, 1, 0, 2)
MEANS = {"messages": "msgs", "moved": "moved"}

# What nodes say of themselves: nothing that the policy does not need.
ANNOUNCES = {
    Policy.LOCAL: Announce.TO_ALL, Policy.TALKING: Announce.TO_ALL, Policy.MEMORY: Announce.TO_ALL,
    Policy.ANNOUNCED: Announce.TO_ALL, Policy.REGISTRAR: Announce.TO_REGISTRAR,
}  # fmt: skip

# Runs a list of jobs on so many nodes under a policy: what came of it.
Runner = Callable[[Sequence[Job], int, Policy, dict[str, int], int], Outcome]


@dataclass(frozen=True)
class Plan:
    """What is run. `seconds`: of virtual time in which jobs arrive; a run ends when the last job has ended."""

    workload: str
    policies: tuple[Policy, ...]
    loads: tuple[float, ...]
    seeds: int
    nodes: int
    seconds: float
    stretch: float = 1.0  # jobs need so many times what workloads.py says, and come as much more seldom
    index: Index = Index.ACTIVE
    busy_above: int = 100
    idle_below: int = 50
    probes: int = 3
    latency_us: float = 50.0  # of the network; the shorter, the longer a run of the system takes
    against: Policy = Policy.HOME  # whom the others are compared with

    def settings(self, policy: Policy) -> dict[str, int]:
        """For the load servers."""
        return {
            "index": int(self.index), "busy_above": self.busy_above, "idle_below": self.idle_below,
            "probes": self.probes, "announces": ANNOUNCES.get(policy, 0),
        }  # fmt: skip

    def conditions(self) -> dict[str, Any]:
        """What all runs have in common, whichever of them are run."""
        told = asdict(self)
        return {name: value for name, value in told.items() if name not in ("policies", "loads", "seeds", "against")}

    def runs(self) -> Iterator[tuple[float, Policy, int]]:
        """Every run; all with one seed before those with the next, so that what is done is a table at any time."""
        for seed in range(1, self.seeds + 1):
            for load in self.loads:
                for policy in self.policies:
                    yield load, policy, seed


@dataclass(frozen=True)
class Row:
    """A policy at a load level: every seed's outcome, and the intervals over them."""

    load: float
    policy: str
    outcomes: tuple[Outcome, ...]
    figures: dict[str, Interval]
    relative: Interval | None  # mean response as a share of that of `Plan.against`, seed by seed; None: not known


def run_plan(plan: Plan, runner: Runner, report: Report, kept: Kept | None = None) -> list[Row]:
    """All runs, a row for each policy and load level. What was kept is not run again."""
    kept = kept or Kept()
    runs = list(plan.runs())
    for place, (load, policy, seed) in enumerate(runs):
        report(f"{policy.name.lower()} at {load}, seed {seed}", place, len(runs))
        if kept.find(load, policy, seed) is None:
            jobs = jobs_of(plan.workload, plan.nodes, load, plan.seconds, seed, plan.stretch)
            kept.add(load, policy, seed, runner(jobs, plan.nodes, policy, plan.settings(policy), seed))
    return rows_of(plan, kept)


def rows_of(plan: Plan, kept: Kept) -> list[Row]:
    """A row for each policy and load level of which there are runs."""
    made = []
    seeds = range(1, plan.seeds + 1)
    for load in plan.loads:
        others = [kept.find(load, plan.against, seed) for seed in seeds]
        for policy in plan.policies:
            mine = [kept.find(load, policy, seed) for seed in seeds]
            found = tuple(one for one in mine if one is not None)
            if found:
                made.append(Row(load, policy.name.lower(), found, intervals(found), relative(mine, others)))
    return made


def relative(mine: Sequence[Outcome | None], others: Sequence[Outcome | None]) -> Interval | None:
    """A policy's mean response as a share of another's, over the seeds that both have been run with.

    Both had the same jobs (common random numbers): so what differs between seeds is mostly left out, and the interval
    is narrower than what the two policies' own intervals tell.
    """
    shares = [one.mean_response / other.mean_response for one, other in zip(mine, others, strict=True) if one and other]
    return interval(shares) if shares else None


def model_runner(jobs: Sequence[Job], nodes: int, policy: Policy, settings: dict[str, int], seed: int) -> Outcome:
    """A run of the model."""
    from atoll.benchmarks.experiments.model import run_model

    return outcome(*run_model(jobs, nodes, policy, settings, seed))


# ---- what comes of it ----


def show(plan: Plan, rows: Sequence[Row], what: str) -> None:
    """The table for people."""
    title = f"{plan.workload}, {plan.nodes} nodes, {plan.seconds:g} s of arrivals, {counted(rows)} seeds ({what})"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("load", no_wrap=True)
    table.add_column("policy", no_wrap=True)
    for heading in (*SHOWN.values(), *MEANS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"of {plan.against.name.lower()}'s", justify="right", no_wrap=True)
    for row in rows:
        cells = [shown(row.figures[name], digits) for name, digits in zip(SHOWN, DIGITS, strict=True)]
        means = [f"{row.figures[name].mean:.2f}" for name in MEANS]
        of_other = "" if row.relative is None else shown(row.relative, 2)
        table.add_row(f"{row.load:g}", row.policy, *cells, *means, of_other)
    Console().print(table)


def counted(rows: Sequence[Row]) -> str:
    """How many seeds: of all rows, or from so many to so many."""
    least, most = (pick((len(row.outcomes) for row in rows), default=0) for pick in (min, max))
    return str(most) if least == most else f"{least} to {most}"


def shown(value: Interval, digits: int) -> str:
    """A mean, and half of its interval if that is known."""
    if value.half == float("inf"):
        return f"{value.mean:.{digits}f}"
    return f"{value.mean:.{digits}f}±{value.half:.{digits}f}"


def write_csv(rows: Sequence[Row], file: Path) -> None:
    """A line for each policy and load level: means and half intervals."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        names = (*FIGURES, "relative")
        writer.writerow(["load", "policy", "seeds", *(f"{name}{end}" for name in names for end in ("", "_half"))])
        for row in rows:
            values = [value for name in FIGURES for value in (row.figures[name].mean, row.figures[name].half)]
            ratio = ("", "") if row.relative is None else (row.relative.mean, row.relative.half)
            writer.writerow([row.load, row.policy, len(row.outcomes), *values, *ratio])


def write_json(plan: Plan, rows: Sequence[Row], what: str, file: Path) -> None:
    """Everything: what was run, each seed's outcome, the intervals (null: of one seed there is none)."""
    told: dict[str, Any] = {
        "runs_of": what,
        "plan": {
            **asdict(plan), "policies": [policy.name.lower() for policy in plan.policies],
            "against": plan.against.name.lower(),
        },
        "rows": [
            {
                "load": row.load,
                "policy": row.policy,
                "seeds": [asdict(one) for one in row.outcomes],
                "figures": {name: interval_of(row.figures[name]) for name in FIGURES},
                "relative": None if row.relative is None else interval_of(row.relative),
            }
            for row in rows
        ],
    }
    file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def interval_of(value: Interval) -> dict[str, float | None]:
    """As JSON has it, which knows no infinity."""
    return {"mean": value.mean, "half": None if value.half == float("inf") else value.half}


def plot(plan: Plan, rows: Sequence[Row], file: Path) -> None:
    """Mean and tail response, fairness and messages over the load level, a line for each policy. Raises ImportError."""
    import matplotlib  # type: ignore[import-not-found,unused-ignore]

    matplotlib.use("Agg")
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    figure, places = pyplot.subplots(2, 2, figsize=(11, 8))
    for name, place in zip(("mean_response", "tail_response", "fairness", "messages"), places.flat, strict=True):
        for number, policy in enumerate(dict.fromkeys(row.policy for row in rows)):
            mine = [row for row in rows if row.policy == policy]
            halves = [0 if row.figures[name].half == float("inf") else row.figures[name].half for row in mine]
            means = [row.figures[name].mean for row in mine]
            marker = MARKERS[number % len(MARKERS)]  # there are ten colours, and eleven policies
            place.errorbar([row.load for row in mine], means, halves, label=policy, capsize=3, marker=marker)
        place.set_xlabel("load level")
        place.set_ylabel(f"{name.replace('_', ' ')}, {UNITS[name]}")
        if name.endswith("response"):
            place.set_yscale("log")
            for axis_part in (place.yaxis.set_major_formatter, place.yaxis.set_minor_formatter):
                axis_part("{x:g}")  # not as powers of ten
    places.flat[0].legend(fontsize="small")
    figure.suptitle(f"{plan.workload}, {plan.nodes} nodes, {counted(rows)} seeds")
    figure.tight_layout()
    figure.savefig(file)
