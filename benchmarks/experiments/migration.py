"""`atoll experiment migration`: programs of several kinds are moved by each memory strategy, and go on; what it costs.

The residual dependency is the pages that the source keeps for them; the slowdown is how much longer the program takes
from the order to its end than when it stays, the time in which it stands still included.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from atoll.benchmarks.migrations import Bed
from atoll.benchmarks.report import Report
from atoll.net.wire import Medium
from atoll.servers.mover.interface import MemoryStrategy

MILLI = 1e-6  # of nanoseconds
# In a picture a strategy has a colour, a workload a kind of line.
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "x")
# What a program does in each of its rounds of 10 ms (benchmarks/programs/migrant.py).
WORKLOADS = {
    "still": "still",
    "writer": "write 64000",
    "walker": "touch 8",
    "caller": "call 5",
}


@dataclass(frozen=True)
class Plan:
    """What is run: each workload under each strategy, with so many bytes of memory."""

    workloads: tuple[str, ...]
    strategies: tuple[MemoryStrategy, ...]
    sizes: tuple[int, ...]
    bits_per_second: int
    rounds: int  # that the program goes on for


@dataclass(frozen=True)
class Row:
    """A move."""

    workload: str
    strategy: str
    size: int
    freeze_ms: float
    total_ms: float
    bytes: int  # of memory and state, until it was handed over
    messages: int  # calls to the other mover
    frames: int  # on the wire, from the order to the program's end
    left: int  # pages that the source keeps
    slowdown: float  # from the order to its end, by that of the one that stays


def run_plan(plan: Plan, report: Report) -> list[Row]:
    """All moves, each from the same state. Raises Failed."""
    cases = [(work, size) for work in plan.workloads for size in plan.sizes]
    report("booting", 0, len(cases))
    bed = Bed(Medium(plan.bits_per_second))
    rows = []
    try:
        for place, (work, size) in enumerate(cases):
            report(f"{work}, {size} bytes", place, len(cases))
            stayed = bed.stay(size, plan.rounds, WORKLOADS[work])
            for strategy in plan.strategies:
                cost = bed.move(size, plan.rounds, WORKLOADS[work], strategy)
                rows.append(Row(
                    work, strategy.name.lower(), size, cost.freeze * MILLI, cost.total * MILLI, cost.bytes,
                    cost.messages, cost.frames, cost.left, cost.elapsed / stayed,
                ))  # fmt: skip
    finally:
        bed.close()
    return rows


# ---- what comes of it ----


def show(plan: Plan, rows: Sequence[Row]) -> None:
    """The table for people."""
    title = f"links of {plan.bits_per_second / 1e6:g} Mb/s; freeze and total in ms"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("workload", "strategy"):
        table.add_column(name)
    for name in ("size", "freeze", "total", "bytes", "calls", "frames", "left", "slower"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.workload, row.strategy, f"{row.size:,}", f"{row.freeze_ms:.1f}", f"{row.total_ms:.1f}",
            f"{row.bytes:,}", str(row.messages), str(row.frames), str(row.left), f"{row.slowdown:.3f}",
        )  # fmt: skip
    Console().print(table)


def write_csv(rows: Sequence[Row], file: Path) -> None:
    """A line for each move."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def write_json(plan: Plan, rows: Sequence[Row], file: Path) -> None:
    """What was run, and all moves."""
    strategies = [strategy.name.lower() for strategy in plan.strategies]
    told: dict[str, Any] = {
        "plan": {**asdict(plan), "strategies": strategies},
        "programs": {name: WORKLOADS[name] for name in plan.workloads},
        "rows": [asdict(row) for row in rows],
    }
    file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def plot(plan: Plan, rows: Sequence[Row], file: Path) -> None:
    """Freeze, total, bytes and slowdown over the size: a line for each workload and strategy. Raises ImportError."""
    import matplotlib  # type: ignore[import-not-found,unused-ignore]

    matplotlib.use("Agg")
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    figure, places = pyplot.subplots(2, 2, figsize=(12, 8))
    for name, place in zip(("freeze_ms", "total_ms", "bytes", "slowdown"), places.flat, strict=True):
        for key in dict.fromkeys((row.workload, row.strategy) for row in rows):
            mine = [row for row in rows if (row.workload, row.strategy) == key]
            values = [getattr(row, name) for row in mine]
            colour, style = f"C{plan.strategies.index(MemoryStrategy[key[1].upper()])}", plan.workloads.index(key[0])
            place.plot(
                [row.size for row in mine], values, label=" ".join(key), color=colour,
                linestyle=LINES[style % len(LINES)], marker=MARKERS[style % len(MARKERS)], fillstyle="none",
            )  # fmt: skip
        place.set_xlabel("bytes of memory")
        place.set_ylabel(name.replace("_", " "))
        place.set_xscale("log")
        if name != "slowdown":
            place.set_yscale("log")
            for axis_part in (place.yaxis.set_major_formatter, place.yaxis.set_minor_formatter):
                axis_part("{x:g}")  # not as powers of ten
    handles, labels = places.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize="small", loc="center right")
    figure.suptitle(f"links of {plan.bits_per_second / 1e6:g} Mb/s")
    figure.tight_layout(rect=(0, 0, 0.86, 1))
    figure.savefig(file)
