"""Suites that run on the board as its first process: booted once, their lines looked at by many tests."""

import contextlib
import functools
import re
from pathlib import Path

from atoll.compiler.cache import Cache
from atoll.images.recipe import Run, build_runs
from tests.conftest import REPOSITORY
from tests.kernel.machines import Boot, boot

FOLDER = Path("tests") / "memory"


def names_in(suite: str) -> list[str]:
    """The tests of a suite, as its `main` names them."""
    return re.findall(r'^    test\("(.*)", ', (REPOSITORY / FOLDER / "suite" / f"{suite}.py").read_text(), re.M)


@functools.cache
def booted(suite: str, programs: tuple[str, ...], folder: Path) -> Boot:
    """How a suite went on the board; `folder` is for what has to be compiled."""
    with contextlib.chdir(REPOSITORY):
        runs = [Run(Path(program)) for program in programs]
        return boot(build_runs(runs, "", Cache(folder), root=FOLDER / "suite" / f"{suite}.py"))


def check(result: Boot, name: str) -> None:
    """A test of the suite has passed; the last lines tell if not."""
    assert f"{name}: ok" in result.lines, "\n".join(result.lines[-40:])
