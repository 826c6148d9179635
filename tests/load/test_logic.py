"""What the load server reckons with, in CPython: means, rhythm, mood, the registrar's book, assignment, migration."""

from functools import cache
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.servers.load.interface import Policy
from tests.load.support import Lines, loader, view

PERIOD = 50_000_000


@pytest.fixture
def log() -> Lines:
    return Lines()


@pytest.fixture(scope="module")
def statistics() -> Any:
    return loader(Lines()).load("atoll.servers.load.statistics")


def sample(statistics: Any, programs: int, active: int, busy: int) -> Any:
    made = statistics.Sample()
    made.programs, made.active, made.busy = programs, active, busy
    return made


# ---- statistics ----


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 100), st.integers(1, 40)), max_size=40))
def test_a_sample_for_several_periods_counts_like_several(entries: list[tuple[int, int, int, int]]) -> None:
    statistics = loader(Lines()).load("atoll.servers.load.statistics")
    whole, single = statistics.Window(), statistics.Window()
    for programs, active, busy, times in entries:
        whole.add(sample(statistics, programs, active, busy), times)
        for _ in range(times):
            single.add(sample(statistics, programs, active, busy), 1)
    means, others = statistics.Sample(), statistics.Sample()
    whole.means(means)
    single.means(others)
    assert vars(means) == vars(others)
    assert whole.count == single.count


def test_a_statistic_is_complete_after_a_hundred_samples(statistics: Any) -> None:
    window = statistics.Window()
    assert [window.add(sample(statistics, 3, 1, 50), 1) for _ in range(100)] == [False] * 99 + [True]
    means = statistics.Sample()
    window.means(means)
    assert (means.programs, means.active, means.busy) == (300, 100, 50)


def test_a_pause_longer_than_a_statistic_is_one_statistic(statistics: Any) -> None:
    window = statistics.Window()
    window.add(sample(statistics, 9, 9, 100), 50)
    assert window.add(sample(statistics, 0, 0, 0), 100_000)


def test_lately_is_forgotten_soon(statistics: Any) -> None:
    window = statistics.Window()
    window.add(sample(statistics, 1, 1, 100), 20)
    assert window.recent_busy >= 99
    window.add(sample(statistics, 1, 0, 0), 4)
    assert window.recent_busy < 35
    window.add(sample(statistics, 1, 0, 0), 20)
    assert window.recent_busy == 0


def test_an_idle_node_is_looked_at_less_and_less(statistics: Any) -> None:
    rhythm = statistics.Rhythm()
    rhythm.sampled(0, was_idle=False)
    now, looks = 0, 0
    while now < 60_000_000_000:
        now = rhythm.next_time()
        rhythm.sampled(now, was_idle=True)
        looks += 1
    assert looks < 60_000_000_000 // (32 * PERIOD) + 8
    rhythm.hurry()
    assert rhythm.next_time() == now + PERIOD


def test_moods_have_two_thresholds(statistics: Any) -> None:
    mood = statistics.Mood()
    changes = [mood.update(load, 200, 100) for load in (0, 150, 199, 200, 150, 100, 99, 150)]
    assert changes == [False, False, False, True, False, False, True, False]


# ---- the registrar ----


def station(loaded: Any, node: int, idle: int = 1, free: int = 1000, speed: int = 1000) -> Any:
    made = loaded.NodeFigures()
    made.node, made.idle, made.free_pages, made.speed = node, idle, free, speed
    return made


def test_the_ten_steps_are_in_the_log_in_their_order(log: Lines) -> None:
    loaded = loader(log)
    registrar, interface = loaded.load("atoll.servers.load.registrar"), loaded.load("atoll.servers.load.interface")
    book = registrar.Book()
    book.register(station(interface, 3))
    node, ticket = book.request(0, 0, 2)
    assert node == 3
    assert book.count == 0
    for step in range(6, 11):
        book.step(ticket, step)
    steps = [int(line.split(": ")[1].split(".")[0]) for line in log.lines]
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1], log.lines
    assert book.count == 1


def test_who_has_been_idle_longest_is_taken_first(log: Lines) -> None:
    loaded = loader(log)
    registrar, interface = loaded.load("atoll.servers.load.registrar"), loaded.load("atoll.servers.load.interface")
    book = registrar.Book()
    for node in (5, 3, 4):
        book.register(station(interface, node))
    assert [book.request(0, 0, 5)[0] for _ in range(2)] == [3, 4]


def test_what_was_missing_is_said(log: Lines) -> None:
    loaded = loader(log)
    registrar, interface = loaded.load("atoll.servers.load.registrar"), loaded.load("atoll.servers.load.interface")
    book = registrar.Book()
    with pytest.raises(interface.Nobody, match="no station is idle"):
        book.request(0, 0, 1)
    book.register(station(interface, 2, free=10))
    book.register(station(interface, 3, speed=100))
    with pytest.raises(interface.Nobody, match="of 2 idle stations 1 lack memory, 1 speed"):
        book.request(500, 500, 1)
    book.register(station(interface, 2, idle=0))
    with pytest.raises(interface.Nobody, match="of 1 idle stations 0 lack memory, 1 speed"):
        book.request(500, 500, 1)


def test_a_station_that_is_down_does_not_come_back(log: Lines) -> None:
    loaded = loader(log)
    registrar, interface = loaded.load("atoll.servers.load.registrar"), loaded.load("atoll.servers.load.interface")
    book = registrar.Book()
    book.register(station(interface, 3))
    _, ticket = book.request(0, 0, 2)
    book.forget(3)
    book.step(ticket, 10)
    assert book.count == 0


# ---- assignment ----


def best_end(needs: list[int], stations: int) -> int:
    """By trying everything."""
    ends = []
    for way in product(range(stations), repeat=len(needs)):
        ends.append(max(sum(need for need, at in zip(needs, way, strict=True) if at == one) for one in range(stations)))
    return min(ends)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=7), st.integers(1, 3))
def test_an_assignment_is_optimal(needs: list[int], stations: int) -> None:
    assignment = loader(Lines()).load("atoll.servers.load.policies.assignment")
    found = assignment.Assignment()
    found.jobs, found.stations = len(needs), stations
    for place, need in enumerate(needs):
        found.need[place] = need
    found.solve()
    loads = [0] * stations
    for place in range(len(needs)):
        loads[found.station[place]] += found.need[place]
    assert sorted(found.need[: len(needs)]) == sorted(needs)
    assert found.is_proven
    assert max(loads) == found.end == best_end(needs, stations)


# ---- migration ----


def estimate(cpu_ms: int, pages: int, own: int, other: int, moved_ms_ago: int = 0, cost_ms: int = 0) -> Any:
    loaded = loader(Lines())
    migration = loaded.load("atoll.servers.load.policies.migration")
    program = loaded.load("atoll.servers.load.interface").ProgramLoad()
    program.cpu_time, program.pages = cpu_ms * 1_000_000, pages
    made = migration.Estimate()
    made.conclude = lambda pays, reason: made.__dict__.update(pays=pays, why=reason)
    seen = view(Policy.HOME, own, {2: other})
    migration.estimate(seen, program, 2, 10, moved_ms_ago * 1_000_000, cost_ms * 1_000_000, made)
    return made


def test_ten_megabytes_over_ten_megabits_cost_eight_seconds() -> None:
    cost = estimate(0, 10_000_000 // 4096, 300, 0).cost
    assert cost == pytest.approx(8e9, rel=0.01)


def test_a_program_moves_only_if_ten_times_its_cost_is_left() -> None:
    cost_ms = estimate(0, 250, 300, 0).cost // 1_000_000
    assert not estimate(9 * cost_ms, 250, 300, 0).pays
    assert estimate(11 * cost_ms, 250, 300, 0).pays


def test_it_does_not_move_for_nothing_nor_back_at_once() -> None:
    assert "gain nothing" in estimate(100_000, 250, 300, 200).why
    assert "rests" in estimate(100_000, 250, 300, 0, moved_ms_ago=100, cost_ms=50).why
    assert estimate(100_000, 250, 300, 0, moved_ms_ago=1000, cost_ms=50).pays


MILLISECOND = 1_000_000
LOADS = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=50)


@cache
def moving_program() -> tuple[Any, Any]:
    """The module that says who moves; and a program with much left to do."""
    loaded = loader(Lines())
    loaded.modules["atoll.servers.load.sampling"] = SimpleNamespace(Sampler=None)
    program = loaded.load("atoll.servers.load.interface").ProgramLoad()
    program.pid, program.cpu_time, program.pages, program.active = 7, 10**15, 10, 1
    return loaded.load("atoll.servers.load.moving"), program


@given(LOADS, st.integers(1, 400))
def test_a_program_that_has_moved_rests_for_ten_times_the_cost_however_loads_change(
    loads: list[tuple[int, int]], cost_ms: int
) -> None:
    moving, program = moving_program()
    sampler = SimpleNamespace(count=1, tracked=[SimpleNamespace(load=program)], pages_of=lambda load: load.pages)
    movement = moving.Movement()
    movement.arrived(7, cost_ms * MILLISECOND, 0)
    went = []
    for step, (own, other) in enumerate(loads):
        now = step * 100 * MILLISECOND
        if movement.choose(view(Policy.HOME, own, {2: other}), sampler, now).pid == 7:
            went.append(now)
    assert all(now >= 10 * cost_ms * MILLISECOND for now in went)
    late = [pair for step, pair in enumerate(loads) if step * 100 >= 10 * cost_ms]
    assert bool(went) == any(own >= other + 200 for own, other in late)
