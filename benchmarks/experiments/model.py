"""The load experiment as a model: the policies themselves, as the load servers run them, over nodes that are queues.

A node shares its CPU equally among its jobs. What asking, sending an image and talking to another node cost are
parameters, with values that are measured on the system by costs.py. The model is quick enough for many seeds; the
system itself (system.py) says whether to believe it.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from atoll.benchmarks.experiments.outcome import Ended
from atoll.benchmarks.experiments.workloads import DAEMON_PERIOD, MICRO, Job
from atoll.servers.load import known
from atoll.servers.load.interface import HUNDRED, Candidate, NodeFigures, Policy, Settings, Verdict
from atoll.servers.load.policies import selection
from atoll.servers.load.policies.view import Choice, View
from atoll.servers.load.statistics import Mood


@dataclass(frozen=True)
class Costs:
    """Microseconds, as measured on the system (costs.py) with a network of 50 us latency; a test compares them."""

    asking: int = 241  # a question to another node and its answer
    sending: int = 5189  # what a program starts later at another node than at home
    work: int = 984  # of CPU time that sending costs each of the two nodes
    answering: int = 21  # of CPU time that a question costs who answers
    remote_message: int = 38  # of CPU time that a message to another node costs more than one at home
    news: int = 121  # until an announcement is heard


class Quiet:
    """No log."""

    def note(self, text: str) -> None:
        """Not kept."""


def blank(kind: Any, **values: Any) -> Any:
    """A guest structure in CPython, with these fields and no others."""
    made = kind()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def figures(node: int) -> NodeFigures:
    """An idle node's."""
    made: NodeFigures = blank(
        NodeFigures, node=node, incarnation=1, load=0, idle=1, speed=0, waiting_frames=0, free_pages=1 << 20,
        page_outs=0, programs=0, heard=0, owner=0,
    )
    return made


@dataclass
class Station:
    """One node: its jobs, each with the CPU time that it still needs."""

    number: int
    view: View
    known: known.Known
    mood: Mood
    jobs: dict[int, float] = field(default_factory=dict)
    waiting: list[tuple[int, Job]] = field(default_factory=list)  # not started yet
    updated: float = 0.0
    version: int = 0  # of its next end: an event of an older one is void

    def advance(self, now: float) -> None:
        """Let the jobs have had the CPU until now."""
        if self.jobs:
            share = (now - self.updated) / len(self.jobs)
            for job in self.jobs:
                self.jobs[job] -= share
        self.updated = now


class Model:
    """One run."""

    def __init__(self, nodes: int, policy: Policy, settings: dict[str, int], seed: int, costs: Costs) -> None:
        self.costs = costs
        self.policy = policy
        self.messages = 0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.order = count()
        self.now = 0.0
        self.pending: dict[int, tuple[Job, int]] = {}
        self.ended: list[Ended] = []
        self.listed: list[int] = []  # the registrar's
        self.stations = {number: self.station(number, nodes, settings, seed) for number in range(1, nodes + 1)}

    def station(self, number: int, nodes: int, settings: dict[str, int], seed: int) -> Station:
        """A node that knows all others, idle."""
        others = [figures(other) for other in range(1, nodes + 1) if other != number]
        view = blank(
            View, own=figures(number), others=others, count=len(others), registrar=1,
            random=seed << 32 | number, settings=blank(Settings, policy=self.policy, **settings),
        )
        self.listed.append(number)
        notes = blank(known.Known, heard=0, sent=[0] * nodes, sent_at=[0] * nodes, ways=[0] * nodes)
        return Station(number, view, notes, blank(Mood, is_busy=False))

    # ---- time ----

    def after(self, microseconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self.events, (self.now + microseconds, next(self.order), action))

    def run(self, jobs: Sequence[Job]) -> None:
        """All jobs, until the last has ended."""
        self.pending = {number: (job, 0) for number, job in enumerate(jobs) if not job.is_daemon}
        for number, job in enumerate(jobs):
            start = self.wake if job.is_daemon else self.arrive
            heapq.heappush(self.events, (float(job.at), next(self.order), self.bound(start, number, job)))
        while self.pending:
            self.now, _, action = heapq.heappop(self.events)
            action()

    @staticmethod
    def bound(action: Callable[[int, Job], None], number: int, job: Job) -> Callable[[], None]:
        """An action with its arguments."""
        return lambda: action(number, job)

    # ---- jobs ----

    def wake(self, number: int, job: Job) -> None:
        """A daemon has something to do, at home, and again a period later."""
        self.serve(self.stations[job.node], job.need)
        self.after(DAEMON_PERIOD * MICRO, self.bound(self.wake, number, job))

    def arrive(self, number: int, job: Job) -> None:
        """Somebody starts a program: the policy says where it runs."""
        station = self.stations[job.node]
        candidate = blank(Candidate, need=job.need * 1000, memory=0, peer=job.node if job.talks else 0,
                          traffic=job.talks, asked=0, only=0)
        self.place(station, number, job, candidate)

    def place(self, station: Station, number: int, job: Job, candidate: Candidate) -> None:
        """Ask the policy, as often as it wants to know more."""
        self.refresh(station)
        choice = SimpleChoice()
        selection.decide(station.view, candidate, choice)
        if choice.verdict == Verdict.ASK:
            self.messages += 2
            candidate.asked |= 1 << choice.node
            other = self.stations[choice.node]

            def answered() -> None:
                self.serve(other, self.costs.answering)
                self.refresh(other)
                self.hear(station, other)
                self.place(station, number, job, candidate)

            self.after(self.costs.asking, answered)
            return
        if choice.verdict == Verdict.WAIT:
            station.waiting.append((number, job))
            self.announce(station)
            return
        target = choice.node
        if choice.verdict == Verdict.REGISTRAR:
            self.messages += 2 if station.number != choice.node else 0
            target = self.take_listed(station.number)
        self.start(station, self.stations[target], number, job)

    def start(self, home: Station, target: Station, number: int, job: Job) -> None:
        """It runs there."""
        self.pending[number] = (job, target.number)
        if target is home:
            self.add(target, number, job.need)
            return
        home.known.send(home.view, target.number, round(self.now) * 1000)
        talking = job.need * job.talks / MICRO * self.costs.remote_message
        self.serve(home, self.costs.work)
        self.after(self.costs.sending, lambda: self.add(target, number, job.need + self.costs.work + talking))

    def serve(self, station: Station, need: float) -> None:
        """Something that is no job takes CPU time."""
        self.add(station, -1 - next(self.order), need)

    def add(self, station: Station, number: int, need: float) -> None:
        """A job (below 0: something else) gets its share of the CPU from now on."""
        station.advance(self.now)
        station.jobs[number] = station.jobs.get(number, 0.0) + need
        self.changed(station)

    def changed(self, station: Station) -> None:
        """When will its next job end?"""
        station.version += 1
        if station.jobs:
            version = station.version
            least = max(min(station.jobs.values()), 0.0) * len(station.jobs)
            self.after(least, lambda: self.end(station, version))
        self.announce(station)

    def end(self, station: Station, version: int) -> None:
        """The job with least has ended, unless something has changed since."""
        if version != station.version:
            return
        station.advance(self.now)
        for number in [number for number, left in station.jobs.items() if left <= 1e-6]:
            del station.jobs[number]
            if number >= 0:
                job, ran_on = self.pending.pop(number)
                self.ended.append(Ended(job.node, ran_on, job.at, round(self.now), job.need))
        self.refresh(station)
        if station.waiting and len(station.jobs) * HUNDRED < station.view.settings.busy_above:
            self.start(station, station, *station.waiting.pop(0))
            return
        self.changed(station)
        if self.policy is Policy.RECEIVER and not station.jobs:
            self.look_for_work(station)

    # ---- what nodes know ----

    def refresh(self, station: Station) -> None:
        """Its own figures: jobs and what servers do are alike to the index of active programs."""
        own = station.view.own
        own.programs = own.active = sum(number >= 0 for number in station.jobs) + len(station.waiting)
        own.load = own.programs * HUNDRED

    def hear(self, station: Station, of: Station) -> None:
        """One node's figures come to another."""
        told = figures(of.number)
        told.load, told.idle = of.view.own.load, of.view.own.idle
        station.known.enter(station.view, told, round(self.now) * 1000)

    def announce(self, station: Station) -> None:
        """Say so if it has become idle or busy."""
        self.refresh(station)
        view = station.view
        if not station.mood.update(view.own.load, view.settings.busy_above, view.settings.idle_below):
            return
        view.own.idle = 0 if station.mood.is_busy else 1
        if self.policy is Policy.REGISTRAR:
            self.messages += 2 if station.number != 1 else 0
            self.after(self.costs.news, lambda: self.list_station(station))
        elif self.policy in (Policy.ANNOUNCED, Policy.LOCAL, Policy.TALKING, Policy.MEMORY):
            self.messages += 1
            self.after(self.costs.news, lambda: self.tell_all(station))

    def tell_all(self, station: Station) -> None:
        """An announcement arrives everywhere."""
        for other in self.stations.values():
            if other is not station:
                self.hear(other, station)

    def list_station(self, station: Station) -> None:
        """The registrar hears of a station."""
        if station.number in self.listed:
            self.listed.remove(station.number)
        if not station.mood.is_busy:
            self.listed.append(station.number)

    def take_listed(self, home: int) -> int:
        """The station that has been idle for longest, which is taken off the list; home if there is none."""
        for number in self.listed:
            if number != home:
                self.listed.remove(number)
                return number
        return home

    def look_for_work(self, station: Station) -> None:
        """An idle node asks some others, drawn, whether they have too much."""
        candidate = blank(Candidate, asked=0, only=0)

        def ask(left: int) -> None:
            node = station.view.draw_other(candidate) if left else 0
            if node == 0 or station.jobs:
                return
            candidate.asked |= 1 << node
            self.messages += 2
            other = self.stations[node]
            if other.waiting:
                self.start(other, station, *other.waiting.pop(0))
            else:
                self.after(self.costs.asking, lambda: ask(left - 1))

        ask(station.view.settings.probes)


class SimpleChoice(Choice):
    """What a policy says, without room for its reason."""

    def say(self, verdict: int, node: int, reason: str) -> None:
        self.verdict, self.node = verdict, node


def run_model(
    jobs: Sequence[Job], nodes: int, policy: Policy, settings: dict[str, int], seed: int, costs: Costs | None = None
) -> tuple[list[Ended], int]:
    """A workload under a policy: the jobs that have ended, and the messages between nodes."""
    vars(known)["log"] = Quiet()
    model = Model(nodes, policy, settings, seed, costs or Costs())
    model.run(jobs)
    return model.ended, model.messages
