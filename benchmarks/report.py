"""What a benchmark found: numbers that say what they are, as JSON for programs and as a table for people."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table

LIBRARIES = ("atoll", "unicorn", "llvmlite")
SHOWN_DIGITS = 4

Report = Callable[[str, int, int], None]        # what is being measured, steps done, steps in all


@dataclass(frozen=True)
class Result:
    """One figure: the median of `samples`."""

    name: str
    samples: tuple[float, ...]
    unit: str
    meaning: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.samples)

    @property
    def wanted(self) -> str:
        """The goal, or nothing."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    @property
    def reached(self) -> bool:
        """Whether the goal is reached; without a goal, always."""
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)


class Samples:
    """What was measured so far: a list for each figure."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        self.of.setdefault(name, []).append(value)

    def result(self, name: str, unit: str, meaning: str, **goal: float) -> Result:
        return Result(name, tuple(self.of[name]), unit, meaning, **goal)


def write_json(results: Sequence[Result], file: Path) -> None:
    """The figures by name at the top level, then what they mean and where they were taken."""
    document: dict[str, object] = {result.name: result.value for result in results}
    document["units"] = {result.name: result.unit for result in results}
    document["meanings"] = {result.name: result.meaning for result in results}
    document["wanted"] = {result.name: result.wanted for result in results if result.wanted}
    document["samples"] = {result.name: list(result.samples) for result in results}
    document["environment"] = {
        "python": platform.python_version(),
        "processor": platform.machine(),
        "processors": os.cpu_count(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def show_table(results: Sequence[Result]) -> None:
    """The figures on standard output."""
    table = Table("figure", "median", "unit", "from ... to", "wanted", "meaning")
    for result in results:
        wanted = result.wanted and f"[{'green' if result.reached else 'red'}]{result.wanted}[/]"
        spread = f"{number(min(result.samples))} ... {number(max(result.samples))}" if len(result.samples) > 1 else ""
        table.add_row(result.name, number(result.value), result.unit, spread, wanted, result.meaning)
    console = Console()
    console.print(table) if console.is_terminal else Console(width=160).print(table)


def number(value: float) -> str:
    """Four digits that count: 1234567 -> 1,234,567; 0.19512 -> 0.1951."""
    return f"{value:,.0f}" if abs(value) >= 10**SHOWN_DIGITS or value == int(value) else f"{value:.{SHOWN_DIGITS}g}"
