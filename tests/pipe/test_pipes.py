"""The pipe server on the board: a suite whose first process starts it, and whose threads wait at both ends."""

import pytest

from tests.kernel.machines import Boot
from tests.memory.suites import booted, check, names_in


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Boot:
    """How the suite went."""
    return booted("pipes", ("servers/pipe/main.py",), tmp_path_factory)


@pytest.mark.parametrize("name", names_in("pipes"))
def test_on_the_board(result: Boot, name: str) -> None:
    check(result, name)


def test_nothing_failed(result: Boot) -> None:
    assert (result.lines[-1], result.status) == ("0 failures", 0)
