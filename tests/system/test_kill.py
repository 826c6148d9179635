"""Every server but the supervisor is killed at drawn times of a workload: the system heals, what was synced is there."""

import sys
from pathlib import Path

import pytest
from killing import Kill, System, draw

sys.path.append(str(Path(__file__).parents[1] / "files"))

from judges import complaints  # noqa: E402

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


def test_kill_under_load(system: System, tmp_path: Path) -> None:
    print(f"seed {SEED}")
    for kill in draw(SEED, 20, VICTIMS, system.span):
        kill_and_check(system, kill, tmp_path)


@pytest.mark.long
def test_200_kills_under_load(system: System, tmp_path: Path) -> None:
    print(f"seed {SEED + 1}")
    for kill in draw(SEED + 1, 200, VICTIMS, system.span):
        kill_and_check(system, kill, tmp_path)
