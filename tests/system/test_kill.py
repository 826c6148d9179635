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
    for kill in draw(SEED, 20, VICTIMS, loaded.span):
        kill_and_check(loaded, kill, tmp_path)


@pytest.mark.long
def test_200_kills_under_load(loaded: System, tmp_path: Path) -> None:
    print(f"seed {SEED + 1}")
    for kill in draw(SEED + 1, 200, VICTIMS, loaded.span):
        kill_and_check(loaded, kill, tmp_path)
