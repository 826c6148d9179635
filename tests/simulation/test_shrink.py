"""Scenarios: a seed is always the same one, all that is drawn is possible, and a failing one becomes small."""

import pytest

from atoll.cluster.simulation.scenario import KILLED, LONG_NS, SWAPPED, Scenario, draw
from atoll.cluster.simulation.shrink import shrink


@pytest.mark.parametrize("seed", range(200))
def test_what_is_drawn(seed: int) -> None:
    scenario = draw(seed)
    assert scenario == draw(seed)
    names = {f"node{number}" for number in range(1, scenario.nodes + 1)}
    assert [fault.at_ns for fault in scenario.faults] == sorted(fault.at_ns for fault in scenario.faults)
    assert len({worker.number for worker in scenario.workers}) == len(scenario.workers)
    for worker in scenario.workers:
        assert worker.node in names and {worker.files, worker.tally} <= names | {""}
        assert 1 <= len(worker.operations) <= 64 and len(worker.line()) < 1024
        starts = sum(str(fault.argument) == f"start {worker.node}" for fault in scenario.faults)
        assert worker.start <= starts + 1
    for fault in scenario.faults:
        assert {fault.node, fault.by} <= names | {""}
        assert fault.what != "kill" or fault.argument in KILLED
        assert fault.what != "swap" or (fault.argument in SWAPPED and fault.by != fault.node)


def test_everything_is_drawn_sometimes() -> None:
    """Up to five nodes, two switches, faults long enough to be noticed, and each kind of them."""
    scenarios = [draw(seed) for seed in range(300)]
    faults = [fault for scenario in scenarios for fault in scenario.faults]
    assert {scenario.nodes for scenario in scenarios} == {1, 2, 3, 4, 5}
    assert {scenario.switches for scenario in scenarios} == {1, 2}
    assert {fault.argument for fault in faults if fault.what == "swap"} == set(SWAPPED)
    assert any(fault.by for fault in faults) and any(fault.at_ns > LONG_NS for fault in faults)
    lines = {" ".join(fault.argument.split()[:2]) for fault in faults if fault.what == "monitor"}
    assert {"pause node1", "resume node1", "crash node1", "start node1", "cut node1", "cut switch1", "heal"} <= lines


def test_seeds_differ() -> None:
    assert len({str(draw(seed).describe()) for seed in range(50)}) == 50
    assert draw(1, 2).nodes == 2 and draw(1, span_ns=10**9).span_ns == 10**9


def test_a_failing_scenario_becomes_small() -> None:
    """One that fails whenever files is killed while some worker creates a file."""
    tried = []

    def fails(scenario: Scenario) -> bool:
        tried.append(scenario)
        killed = any((fault.what, fault.argument) == ("kill", "files") for fault in scenario.faults)
        return killed and any(letter == "c" for worker in scenario.workers for letter, _ in worker.operations)

    whole = next(scenario for seed in range(1000) if fails(scenario := draw(seed)) and len(scenario.faults) > 3)
    small = shrink(whole, fails, 1000)
    assert [fault.argument for fault in small.faults] == ["files"]
    assert [[letter for letter, _ in worker.operations] for worker in small.workers] == [["c"]]
    tried.clear()
    shrink(whole, fails, 5)
    assert len(tried) == 5
