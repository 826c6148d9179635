"""Naming with mounts, and the directory of a machine that has no network."""

import contextlib
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from tests.servers.booting import Booted, image_of, run_image

PROGRAM = Path("tests") / "directory" / "programs" / "alone.py"


@pytest.fixture(scope="module")
def booted(repository: Path, cache: Cache) -> Booted:
    with contextlib.chdir(repository):
        return run_image(image_of(["naming", "directory"], PROGRAM, cache))


def test_the_program_ends_the_machine(booted: Booted) -> None:
    assert booted.status == 7, booted.output


@pytest.mark.parametrize("line", [
    "below a mount: elsewhere no such name", "registered: True there elsewhere", "found: True True False", "taken",
    "not here: 8", "known after 20", "listed: 1 0", "seven: True", "sixteen: 208",
    "circle: it leads through too many mounts",
    "part: 6 True", "may not mount", "after naming: True True", "after the directory: True True",
    "removed: no such name", "for good: no such name", "removed once", "deserted: no such name True",
    "deserted: left over True",
])  # fmt: skip
def test_what_they_do(booted: Booted, line: str) -> None:
    assert line in booted.lines, booted.output


def test_a_deserted_name_has_one_new_owner(booted: Booted) -> None:
    assert booted.lines.count("no more") == 2
