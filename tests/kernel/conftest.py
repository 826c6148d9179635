"""Images that several tests boot, built once."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.images.recipe import Image, Run, build_runs

PROGRAMS = Path("tests") / "kernel" / "programs"
# Every misbehaving program, and one that comes after them all; each must leave the kernel as it found it.
SAMPLES = (
    *("bad_pointer", "privileged", "kernel_memory", "index_error", "assertion", "overflow", "division", "user_error"),
    *("recursion", "deep_error", "execute_data", "write_code", "hungry"),
)

SUITE = Path("tests") / "kernel" / "suite"

Builder = Callable[[Sequence[Run], str], Image]


@pytest.fixture(scope="session")
def build_suite(repository: Path, cache: Cache) -> Callable[[str], Image]:
    """Builds an image whose first process is a program of the suite."""

    def build_here(suite: str) -> Image:
        with contextlib.chdir(repository):
            return build_runs([], "", cache, root=SUITE / f"{suite}.py")

    return build_here


@pytest.fixture(scope="session")
def build(repository: Path, cache: Cache) -> Builder:
    """Builds an image from programs and a command line; files are named relative to the repository in tracebacks."""

    def build_here(runs: Sequence[Run], command_line: str = "") -> Image:
        with contextlib.chdir(repository):
            return build_runs(runs, command_line, cache)

    return build_here


@pytest.fixture(scope="session")
def samples(build: Builder) -> Image:
    """The image of all samples, and at the end one that behaves."""
    runs = [Run(PROGRAMS / f"{name}.py") for name in SAMPLES]
    return build([*runs, Run(PROGRAMS / "statuses.py", ("0", "one word", ""))], "")
