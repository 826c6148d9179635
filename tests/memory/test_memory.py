"""The memory manager on the board: suites whose first process plays supervisor, program manager and file service."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.images.recipe import Run, build_runs
from tests.kernel.machines import Boot, boot

FOLDER = Path("tests") / "memory"
SUITES = ("paging", "faults", "restart")
NAMES = {
    suite: re.findall(r'^    test\("(.*)", ', (Path(__file__).parent / "suite" / f"{suite}.py").read_text(), re.M)
    for suite in SUITES
}


@pytest.fixture(scope="module")
def booted(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Boot]:
    """The suites as they ran, each once."""
    cache = Cache(tmp_path_factory.mktemp("cache"))
    kept: dict[str, Boot] = {}

    def boot_once(suite: str) -> Boot:
        if suite not in kept:
            with contextlib.chdir(repository):
                runs = [Run(Path("servers") / "memory" / "main.py"), Run(FOLDER / "programs" / "toucher.py")]
                kept[suite] = boot(build_runs(runs, "", cache, root=FOLDER / "suite" / f"{suite}.py"))
        return kept[suite]

    return boot_once


@pytest.mark.parametrize(("suite", "name"), [(suite, name) for suite in SUITES for name in NAMES[suite]])
def test_on_the_board(booted: Callable[[str], Boot], suite: str, name: str) -> None:
    lines = booted(suite).lines
    assert f"{name}: ok" in lines, "\n".join(lines[-40:])


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_failed(booted: Callable[[str], Boot], suite: str) -> None:
    result = booted(suite)
    assert (result.lines[-1], result.status) == ("0 failures", 0)
