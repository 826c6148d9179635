"""Generated programs run twice: by CPython through the import hook, and compiled on the emulated CPU. Both agree."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atoll.compiler.cpython import Outcome, run_program
from tests.compiler.board_runner import run_on_board
from tests.compiler.programs import MARK, alone, batch, program

BATCH = 40  # programs in one image
BATCHES = 5  # images in the default run


def in_cpython(source: str, folder: Path) -> Outcome:
    """The outcome by the import hook."""
    path = folder / "expected.py"
    path.write_text(source, encoding="utf-8")
    return run_program(path)


def by_program(output: bytes) -> dict[str, str]:
    """What each program of a batch printed, by its tag."""
    parts = output.decode("utf-8", "backslashreplace").split(MARK)[1:]
    return {tag: rest for tag, _, rest in (part.partition("\n") for part in parts)}


def compare(first: int, folder: Path) -> None:
    """One batch, the programs of the seeds from `first` on; the first one that differs is shown."""
    source = batch(range(first, first + BATCH))
    expected, found = in_cpython(source, folder), run_on_board(source, folder)
    theirs = by_program(found.output)
    for tag, text in by_program(expected.output).items():
        if theirs.get(tag) != text:
            seed = int(tag[1:])
            pytest.fail(f"seed {seed}: CPython printed\n{text}\nthe board printed\n{theirs.get(tag)}\n"
                        f"of the program\n{program(Random(seed), tag)}")  # fmt: skip
    assert found == expected


@pytest.mark.parametrize("number", range(BATCHES))
def test_two_hundred_programs(number: int, tmp_path: Path) -> None:
    compare(number * BATCH, tmp_path)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_the_end_of_a_program(seed: int, tmp_path: Path) -> None:
    """Alone in its image: its exit status, or the class of the error that nobody caught."""
    source = alone(Random(seed))
    assert run_on_board(source, tmp_path) == in_cpython(source, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("number", range(BATCHES, 125))
def test_thousands_of_programs(number: int, tmp_path: Path) -> None:
    compare(number * BATCH, tmp_path)


@pytest.mark.long
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_any_program(tmp_path_factory: pytest.TempPathFactory, random: Random) -> None:
    """New programs each time; Hypothesis shrinks one that differs."""
    source = alone(random)
    folder = tmp_path_factory.mktemp("any")
    assert run_on_board(source, folder) == in_cpython(source, folder)
