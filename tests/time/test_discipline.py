"""The clock discipline by itself: a simulated pair of drifting clocks, jitter and loss between them.

What must hold: time of day never goes back, and the error stays within what drift and delays allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules, run_module

USES = '''
"""A clock."""

from atoll.servers.time.discipline import Discipline

clock: Discipline = Discipline()
'''
SECOND, MILLISECOND, MICROSECOND = 10**9, 10**6, 10**3
EPOCH = 1_700_000_000 * SECOND
TICK = 100  # nanoseconds: what the machine's clock can tell


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("time") / "uses.py"
    path.write_text(USES)
    return path


def load(source: Path) -> ModuleType:
    with guest_modules():
        return run_module(source)


@dataclass
class Machine:
    """A machine's own clock in true time, and its time of day."""

    clock: Any
    drift: int  # ppm
    last: int = field(default=0)

    def own(self, true: int) -> int:
        return true * (1_000_000 + self.drift) // 1_000_000 // TICK * TICK

    def now(self, true: int) -> int:
        """The time of day, which never goes back."""
        now = int(self.clock.at(self.own(true)))
        assert now >= self.last
        self.last = now
        return now


@dataclass
class Wire:
    """A way between two machines: delays drawn for each direction; a sample may be lost."""

    random: Random
    delay: int
    jitter: int
    loss: float = 0

    def sample(self, us: Machine, other: Machine, true: int) -> tuple[int, int, int] | None:
        """(end, offset, round trip) as the follower finds them; None: lost."""
        if self.random.random() < self.loss:
            return None
        there = true + self.delay + self.random.randint(0, self.jitter)
        back = there + self.delay + self.random.randint(0, self.jitter)
        begin, end = us.own(true), us.own(back)
        middle = (begin + end) // 2
        return back, int(other.clock.at(other.own(there))) - int(us.clock.at(middle)), end - begin


def pair(source: Path, drift: int, other_drift: int, ahead: int = 0) -> tuple[Machine, Machine]:
    """Ourselves and a reference, which is `ahead` at the start."""
    machines = Machine(load(source).clock, drift), Machine(load(source).clock, other_drift)
    machines[0].clock.begin(0, EPOCH)
    machines[1].clock.begin(0, EPOCH + ahead)
    return machines


def follow(us: Machine, other: Machine, wire: Wire, begin: int, seconds: int) -> Iterator[int]:
    """Look at the reference about once a second, best of four; the error at many moments in between."""
    true = begin
    while true < begin + seconds * SECOND:
        samples = [found for step in range(4) if (found := wire.sample(us, other, true + step * 8 * MILLISECOND))]
        after = true + 32 * MILLISECOND
        if samples:
            us.clock.correct(us.own(after), min(samples, key=lambda found: found[2])[1])
        for moment in range(after, true + SECOND, 90 * MILLISECOND):
            yield us.now(moment) - other.now(moment)
        true += SECOND


@settings(max_examples=30)
@given(st.integers(-200, 200), st.integers(-200, 200), st.integers(0, 2 * MILLISECOND), st.integers(0, 2**32),
       st.sampled_from([0, 0.1, 0.3]))  # fmt: skip
def test_the_error_stays_within_drift_and_jitter(
    source: Path, drift: int, other_drift: int, jitter: int, seed: int, loss: float
) -> None:
    us, other = pair(source, drift, other_drift)
    wire = Wire(Random(seed), MILLISECOND, jitter, loss)
    errors = [abs(error) for error in follow(us, other, wire, SECOND, 40)]
    # From the start: what two seconds of drift make, and a sample that is wrong by half of what the ways differ.
    assert max(errors) <= 2 * 410 * MICROSECOND + 2 * jitter + 50 * MICROSECOND
    # Later the rate is known to what the samples let one know.
    assert max(errors[-100:]) <= jitter + 50 * MICROSECOND


@pytest.mark.parametrize(("drift", "other_drift"), [(200, -200), (-200, 200), (1000, -1000)])
def test_the_rate_is_learnt(source: Path, drift: int, other_drift: int) -> None:
    us, other = pair(source, drift, other_drift)
    errors = list(follow(us, other, Wire(Random(1), MILLISECOND, 0), SECOND, 20))
    assert abs(int(us.clock.rate) / 1000 - (other_drift - drift)) < 3
    assert max(map(abs, errors[-50:])) < 5 * MICROSECOND
    # Left alone, it goes on at the rate that it has learnt.
    later = 60 * SECOND
    assert abs(us.now(later) - other.now(later)) < 40 * 5 * MICROSECOND
    without = Machine(load(source).clock, drift)
    without.clock.begin(0, EPOCH)
    assert abs(without.now(later) - other.now(later)) > 20 * MILLISECOND


def test_who_is_behind_jumps_once_and_who_is_ahead_waits(source: Path) -> None:
    for ahead in (5 * SECOND, -5 * SECOND):
        us, other = pair(source, 100, -100, ahead)
        errors = list(follow(us, other, Wire(Random(2), MILLISECOND, 100 * MICROSECOND), SECOND, 70))
        assert us.clock.steps == (1 if ahead > 0 else 0)
        assert abs(errors[-1]) < MILLISECOND
        assert all(abs(now) <= abs(before) for before, now in pairwise(errors) if abs(before) > 20 * MILLISECOND)
        # 5 s at a tenth take 50.
        assert sum(abs(error) > MILLISECOND for error in errors) // 11 <= (2 if ahead > 0 else 52)


def test_another_reference_takes_over_without_a_jump(source: Path) -> None:
    us, first = pair(source, 200, -200)
    second = Machine(load(source).clock, 0)
    second.clock.begin(0, EPOCH)
    wire = Wire(Random(3), MILLISECOND, 50 * MICROSECOND)
    for _ in zip(follow(us, first, wire, SECOND, 30), follow(second, first, wire, SECOND, 30), strict=True):
        pass
    us.clock.follow_another()
    begin = 31 * SECOND
    errors = [abs(error) for error in follow(us, second, wire, begin, 20)]
    assert max(errors) < 200 * MICROSECOND and us.clock.steps == 0
    # The first was slow by 200 ppm: its followers still are.
    assert abs(us.now(60 * SECOND) - EPOCH - 60 * SECOND * 0.9998) < MILLISECOND


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 10**10), st.integers(-10**11, 10**8)), max_size=20))
def test_time_never_goes_back_whatever_is_measured(source: Path, looks: list[tuple[int, int]]) -> None:
    machine = Machine(load(source).clock, 0)
    machine.clock.begin(0, EPOCH)
    true = 0
    for wait, offset in looks:
        for moment in sorted((1, 2, 100, wait // 2, wait)):
            machine.now(true + min(moment, wait))
        true += wait
        machine.clock.correct(machine.own(true), offset)
        machine.now(true)


@settings(max_examples=40)
@given(st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1), st.integers(0, 10**18))
def test_whatever_is_set_nothing_overflows(source: Path, time: int, change: int, clock: int) -> None:
    machine = load(source).clock
    machine.begin(clock, time)
    machine.shift(clock, change)
    assert 0 <= machine.at(clock + 10**15) <= 9_000_000_000 * SECOND + 10**15
