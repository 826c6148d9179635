"""Runs that are done, kept in a file line by line: a plan that was stopped goes on where it was."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from atoll.benchmarks.experiments.outcome import Outcome
from atoll.servers.load.interface import Policy


class OtherPlan(Exception):
    """The file's runs are of another plan; the text says what is different."""


class Kept:
    """Outcomes by load level, policy and seed; in a file, if there is one. Raises OtherPlan, ValueError, OSError.

    The file's first line says what was run (`plan`): runs of another workload, or of other nodes, do not belong to it.
    """

    def __init__(self, file: Path | None = None, plan: dict[str, Any] | None = None) -> None:
        self.file = file
        self.outcomes: dict[tuple[float, str, int], Outcome] = {}
        if file is None:
            return
        if not file.exists():
            file.write_text(json.dumps(plan) + "\n", encoding="utf-8")
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        if json.loads(head) != plan:
            raise OtherPlan(f"{file} has runs of {head}, not of {json.dumps(plan)}")
        for line in lines:
            run = json.loads(line)
            self.outcomes[run["load"], run["policy"], run["seed"]] = Outcome(**run["outcome"])

    def find(self, load: float, policy: Policy, seed: int) -> Outcome | None:
        """What that run came to, if it is done."""
        return self.outcomes.get((load, policy.name.lower(), seed))

    def add(self, load: float, policy: Policy, seed: int, outcome: Outcome) -> None:
        """It is done."""
        name = policy.name.lower()
        self.outcomes[load, name, seed] = outcome
        if self.file is not None:
            line = json.dumps({"load": load, "policy": name, "seed": seed, "outcome": asdict(outcome)})
            with self.file.open("a", encoding="utf-8") as opened:
                opened.write(line + "\n")
