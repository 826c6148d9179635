"""What clients say of their operations, and what is found in the end: the facts that the model judges."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from atoll.cluster.simulation.scenario import Operation, Worker

LINE = re.compile(r"@(\d+) (\d+) (ok|unknown|failed)(?: (.*))?")
NUMBERS = re.compile(r"(\d+) (\d+)")
END = re.compile(r"@(\d+) end")


class Result(Enum):
    """What became of an operation, as far as the client knows."""

    OK = "ok"
    UNKNOWN = "unknown"  # done, or not
    FAILED = "failed"  # not, or not wholly: also then something may have been done
    SILENT = "silent"  # the client did not say: it may not have come to it


@dataclass(frozen=True)
class Step:
    """An operation of a worker and its result."""

    worker: int
    index: int
    operation: Operation
    result: Result
    value: int = 0
    epoch: int = 0  # of the tally that counted
    text: str = ""  # why it failed

    @property
    def letter(self) -> str:
        """What kind of operation."""
        return self.operation[0]

    @property
    def argument(self) -> int:
        """Its number."""
        return self.operation[1]

    @property
    def ok(self) -> bool:
        """Whether it was acknowledged."""
        return self.result is Result.OK

    def __str__(self) -> str:
        told = f" {self.value}" if self.ok else f" {self.text}" if self.text else ""
        return f"worker {self.worker}, operation {self.index} ({self.letter}{self.argument}): {self.result.value}{told}"


def read_steps(worker: Worker, lines: Iterable[str]) -> list[Step]:
    """All operations of a worker, with what it said of each."""
    said = {}
    for line in lines:
        found = LINE.search(line)
        if found and int(found[1]) == worker.number:
            said[int(found[2])] = (Result(found[3]), found[4] or "")
    return [step(worker.number, index, operation, said) for index, operation in enumerate(worker.operations)]


def step(worker: int, index: int, operation: Operation, said: dict[int, tuple[Result, str]]) -> Step:
    """One of them."""
    result, text = said.get(index, (Result.SILENT, ""))
    numbers = NUMBERS.fullmatch(text.strip())
    if result is not Result.OK:
        return Step(worker, index, operation, result, text=text)
    if numbers is None:                         # the console died while it printed the line
        return Step(worker, index, operation, Result.SILENT)
    return Step(worker, index, operation, result, int(numbers[1]), int(numbers[2]))


def has_ended(worker: int, lines: Iterable[str]) -> bool:
    """Whether the worker said that it came to its end."""
    return any(int(found[1]) == worker for line in lines if (found := END.search(line)))


@dataclass(frozen=True)
class Found:
    """What is found when all is healed: each worker's log and files, each running tally's epoch and values."""

    logs: dict[int, list[int]]
    files: dict[int, set[int]]
    tallies: dict[int, list[int]]
