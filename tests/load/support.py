"""Guest modules of the load server in CPython, and figures to try policies with."""

import struct
from types import SimpleNamespace
from typing import Any

from atoll.benchmarks.experiments.model import SimpleChoice, blank, figures
from atoll.cluster.cluster import Cluster
from atoll.servers.load.interface import NODE_SIZE, Candidate, Load, Policy, Settings
from atoll.servers.load.policies import selection
from atoll.servers.load.policies.view import View
from tests.files.plain import Loader

FIGURES = [
    "node", "incarnation", "time", "heard", "load", "index", "programs", "active", "mean_programs", "mean_active",
    "busy", "mean_busy", "links", "ports", "messages", "free_pages", "page_outs", "waiting_frames", "speed", "idle",
    "owner", "samples",
]  # fmt: skip


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


class Choice(SimpleChoice):
    """What a policy says, with its reason."""

    def say(self, verdict: int, node: int, reason: str) -> None:
        super().say(verdict, node, reason)
        self.why = reason


def loader(log: Lines) -> Loader:
    """Loads guest modules with zeroed structures; what they log goes to `log`."""
    made = Loader()
    made.modules["atoll.servers.load.log"] = SimpleNamespace(log=log)
    made.modules["atoll.userland.runtime.objects"] = SimpleNamespace(close=lambda handle: None)
    made.modules["atoll.userland.runtime.messages"] = SimpleNamespace(Gate=None)
    return made


def view(policy: Policy, own: int, others: dict[int, int], **settings: int) -> Any:
    """Node 1 with load `own`, and others with theirs."""
    known = []
    for number, load in others.items():
        known.append(figures(number))
        known[-1].load, known[-1].idle = load, int(load < 50)
    made = blank(
        View, own=figures(1), others=known, count=len(known), registrar=1, random=1,
        settings=blank(Settings, policy=policy, **{"busy_above": 100, "idle_below": 50, "probes": 3, **settings}),
    )
    made.own.load = own
    return made


def candidate(**values: int) -> Any:
    """A program of which nothing is known, but this."""
    return blank(Candidate, **{"need": 0, "memory": 0, "peer": 0, "traffic": 0, "asked": 0, "only": 0, **values})


def decide(seen: Any, wanted: Any) -> Choice:
    """What the policy says."""
    choice = Choice()
    selection.decide(seen, wanted, choice)
    return choice


def decide_finally(seen: Any, wanted: Any) -> tuple[Choice, int]:
    """Ask whom it wants to ask until it has decided; how many were asked."""
    asked = 0
    while True:
        choice = decide(seen, wanted)
        if choice.verdict != 1:
            return choice, asked
        assert wanted.asked >> choice.node & 1 == 0, "it asks the same node again"
        wanted.asked |= 1 << choice.node
        asked += 1


def figures_of(cluster: Cluster, node: str | None = None) -> dict[str, int]:
    """What a node's load server says of it."""
    assert struct.calcsize(f"<{len(FIGURES)}Q") == NODE_SIZE
    told: Any = cluster.client(Load, "/services/load", node).figures()
    return dict(zip(FIGURES, struct.unpack(f"<{len(FIGURES)}Q", told), strict=True))
