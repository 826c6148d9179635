"""Suites that run on the board as its first process: booted once, their lines looked at by many tests."""

import contextlib
import json
import os
import re
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.images.recipe import Run, build_runs
from tests.conftest import REPOSITORY
from tests.kernel.machines import Boot, boot

FOLDER = Path("tests") / "memory"


def names_in(suite: str) -> list[str]:
    """The tests of a suite, as its `main` names them."""
    return re.findall(r'^    test\("(.*)", ', (REPOSITORY / FOLDER / "suite" / f"{suite}.py").read_text(), re.M)


def booted(suite: str, programs: tuple[str, ...], factory: pytest.TempPathFactory) -> Boot:
    """How a suite went on the board; what one worker of pytest-xdist has run, others read."""
    folder = factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    kept = folder / f"suite-{suite}.json"
    if not kept.exists():
        with contextlib.chdir(REPOSITORY):
            runs = [Run(REPOSITORY / program) for program in programs]
            image = build_runs(runs, "", Cache(), root=FOLDER / "suite" / f"{suite}.py")
        mine = folder / f"suite-{suite}.{os.getpid()}"
        mine.write_text(json.dumps(boot(image)))
        mine.replace(kept)
    return Boot(*json.loads(kept.read_text()))


def check(result: Boot, name: str) -> None:
    """A test of the suite has passed; the last lines tell if not."""
    assert f"{name}: ok" in result.lines, "\n".join(result.lines[-40:])
