"""Whole scenarios, most on one node: many seeds are well, a seed is always the same run, and what is wrong is told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atoll.cluster.cli import app
from atoll.cluster.simulation import pool
from atoll.cluster.simulation import run as running
from atoll.cluster.simulation.pool import Booted, run_all, run_one
from atoll.cluster.simulation.run import Run
from atoll.cluster.simulation.scenario import Fault, Scenario, Worker, draw, start_tally

SEED = 1000
MILLISECOND = 1_000_000


@pytest.fixture(scope="module")
def booted() -> Booted:
    """Clusters that are booted once."""
    return Booted()


def complaints(booted: Booted, scenarios: list[Scenario]) -> str:
    """What is wrong with any of them, with the line that runs it again."""
    wrong = []
    for verdict in run_all(booted, scenarios, 2):
        again = f"atoll simulate --nodes {verdict.scenario.nodes} --seed {verdict.scenario.seed}"
        wrong += [f"{again}: {text}" for text in verdict.complaints]
    return "\n".join(wrong)


def test_50_seeds(booted: Booted) -> None:
    sizes = [1] * 47 + [3] * 3                  # mostly quick ones
    assert not complaints(booted, [draw(SEED + place, nodes) for place, nodes in enumerate(sizes)])


@pytest.mark.long
def test_1000_seeds(booted: Booted) -> None:
    assert not complaints(booted, [draw(seed) for seed in range(1000)])


def test_a_seed_is_always_the_same_run(booted: Booted) -> None:
    """Event by event; and another one is another."""
    first, again, other = run_all(booted, [draw(seed, 1) for seed in (SEED, SEED, SEED + 1)], 2)
    assert first == again
    assert first.digest != other.digest and first.events != other.events


def scenario(*operations: str, faults: tuple[Fault, ...] = ()) -> Scenario:
    """One worker, and what happens to it."""
    work = tuple((operation[0], int(operation[1:])) for operation in operations)
    return Scenario(1, 1, (Worker(1, "node1", 1, work),), faults)


def test_a_crash_in_the_midst_of_it(booted: Booted) -> None:
    """What was acknowledged before is there afterwards; what was not begun is silent."""
    faults = (
        Fault(20 * MILLISECOND, "monitor", "", "crash node1"), Fault(30 * MILLISECOND, "monitor", "", "start node1"),
    )  # fmt: skip
    verdict = run_one(booted, scenario("w1", "c0", "i0", "z90", "w2", faults=faults))
    assert (verdict.complaints, verdict.results) == ((), {"ok": 3, "silent": 2})


def test_work_that_does_not_end_is_told(booted: Booted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LIVELY_NS", 200 * MILLISECOND)
    verdict = run_one(booted, scenario("w1", "z5000"))
    assert any("still work" in text for text in verdict.complaints)


def test_what_is_left_over_is_told(booted: Booted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tally more than there was is a process, a port and more."""
    monkeypatch.setattr(Worker, "line", lambda _: start_tally(7))
    verdict = run_one(booted, scenario("w1"))
    assert any("processes are left, not" in text for text in verdict.complaints)


def test_a_lost_record_is_told(booted: Booted, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the disk had lost what was synced: somebody removes the log before it is looked at."""
    before = Run.wait_for_life

    def lose(run: Run) -> None:
        before(run)
        run.cluster.run("rm /sim/1.log")

    monkeypatch.setattr(Run, "wait_for_life", lose)
    assert any("but the record is lost" in text for text in run_one(booted, scenario("w1")).complaints)


def test_a_node_that_ends_by_itself_is_told(booted: Booted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "line", lambda _: "poweroff")
    assert any("node1 has ended" in text for text in run_one(booted, scenario("w1")).complaints)


def test_the_command(tmp_path: Path, booted: Booted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "Booted", lambda: booted)
    words = ["simulate", "--nodes", "1", "--seed", str(SEED), "--json", str(tmp_path / "x.json")]
    first, again = (CliRunner().invoke(app, [*words, "--trace"]) for _ in range(2))
    assert first.exit_code == 0 and first.stdout == again.stdout
    assert f"seed {SEED}: ok: 1 nodes" in first.stdout and "node1: @1 0 ok" in first.stdout
    [verdict] = json.loads((tmp_path / "x.json").read_text())
    assert verdict["digest"] in first.stdout and verdict["complaints"] == []
