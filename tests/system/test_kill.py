"""Every server but the supervisor is killed at drawn times of a workload: all heals, what was synced is there."""

from pathlib import Path

import pytest

from tests.files.judges import complaints
from tests.system.killing import Kill, System, draw

SEED = 20
VICTIMS = [
    "naming", "console", "block", "files", "time", "entropy", "memory", "programs", "pipe", "network", "session",
]  # fmt: skip


def kill_and_check(system: System, kill: Kill, folder: Path) -> None:
    """One round."""
    print(kill)
    system.restore()
    synced = system.work(kill)
    assert complaints(folder / "disk", system.check(kill, synced)) == ""


def test_kill_under_load(loaded: System, tmp_path: Path) -> None:
    print(f"seed {SEED}")
    for kill in draw(SEED, 10, VICTIMS, loaded.span):
        kill_and_check(loaded, kill, tmp_path)


@pytest.mark.long
def test_200_kills_under_load(loaded: System, tmp_path: Path) -> None:
    print(f"seed {SEED + 1}")
    for kill in draw(SEED + 1, 200, VICTIMS, loaded.span):
        kill_and_check(loaded, kill, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("victim", VICTIMS)
def test_many_deaths_of_one_service_leave_nothing_over(fresh: System, victim: str) -> None:
    """After a few, what is kept for those that lived through them does not grow any more."""
    seen = []
    for _ in range(9):
        fresh.work(Kill(victim, fresh.span // 2))
        fresh.cluster.advance(1.5)                         # else it is taken for one that dies again and again
        fresh.run_surely("load 2 /other")
        seen.append(fresh.figures())
    assert seen[-1] == seen[-2] == seen[-3]


@pytest.mark.parametrize("second", VICTIMS)
def test_memory_and_then_another(fresh: System, second: str) -> None:
    """What a first death left is no hindrance when a second one comes."""
    fresh.work(Kill("memory", fresh.span // 3))
    fresh.work(Kill(second, fresh.span // 2))
    assert fresh.after_work() == "synced 0\nsynced 1\n"
