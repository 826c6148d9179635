"""Time and entropy on the board, with a supervisor that starts them again after a crash."""

import contextlib
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.images.recipe import Image
from tests.servers.booting import Booted, image_of, run_image

PROGRAM = Path("tests") / "servers" / "programs" / "clock_and_chance.py"


@pytest.fixture(scope="module")
def image(repository: Path, cache: Cache) -> Image:
    with contextlib.chdir(repository):
        return image_of(["naming", "time", "entropy"], PROGRAM, cache, "epoch=1700000000")


@pytest.fixture(scope="module")
def booted(image: Image) -> Booted:
    return run_image(image, entropy=True)


def test_the_program_ends_the_machine(booted: Booted) -> None:
    assert booted.status == 7, booted.output


@pytest.mark.parametrize("line", [
    "starts at the epoch: True", "runs: True", "was set: True", "starts again: True",
    "filled: 7 0 4096", "looks random: True and no more: 0", "filled again: 100 True",
])  # fmt: skip
def test_what_the_services_do(booted: Booted, line: str) -> None:
    assert line in booted.lines, booted.output


def test_chance_is_the_seeds(image: Image, booted: Booted) -> None:
    first = next(line for line in booted.lines if line.startswith("first bytes:"))
    assert first in run_image(image, entropy=True).lines
    assert first not in run_image(image, entropy=True, seed=1).lines


def test_a_program_that_goes_on_for_ever_is_told_with_its_output(image: Image) -> None:
    with pytest.raises(AssertionError, match=r"(?s)after .* ns; the console:.*starts at the epoch"):
        run_image(image)  # without its device there is no entropy service: the program waits for it
