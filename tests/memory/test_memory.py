"""The memory manager on the board: suites whose first process plays supervisor, program manager and file service."""

from collections.abc import Callable

import pytest

from tests.kernel.machines import Boot
from tests.memory.suites import booted, check, names_in

SUITES = ("paging", "faults", "restart", "carrying", "references")
PROGRAMS = ("servers/memory/main.py", "tests/memory/programs/toucher.py")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Boot]:
    """Runs a suite."""
    return lambda suite: booted(suite, PROGRAMS, tmp_path_factory)


@pytest.mark.parametrize(("suite", "name"), [(suite, name) for suite in SUITES for name in names_in(suite)])
def test_on_the_board(run: Callable[[str], Boot], suite: str, name: str) -> None:
    check(run(suite), name)


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_failed(run: Callable[[str], Boot], suite: str) -> None:
    result = run(suite)
    assert (result.lines[-1], result.status) == ("0 failures", 0)
