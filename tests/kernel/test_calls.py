"""Every system call, its errors and its races: suites of tests that run inside the machine, on our board and on QEMU.

A suite is a guest program that is the first process itself (tests/kernel/suite/). After each of its tests it counts
pages, processes, threads, ports, gates and handles: what a test made is gone when it has ended.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.images.recipe import Image
from tests.kernel.machines import Boot, boot, boot_qemu

SUITE = Path("tests") / "kernel" / "suite"
SUITES = (
    *("basics", "messages", "transfers", "endings", "memory", "paging", "holding", "processes", "moves", "removals"),
    *("tables", "scheduling", "devices"),
)
NAMES = {
    suite: re.findall(r'^    run\("(.*)", ', (Path(__file__).parent / "suite" / f"{suite}.py").read_text(), re.M)
    for suite in SUITES
}

BuildSuite = Callable[[str], Image]


@pytest.fixture(scope="module")
def booted(build_suite: BuildSuite, shared_folder: Path) -> Callable[[str], Boot]:
    """The suites as they ran on our board, each once; what one worker of pytest-xdist has run, others read."""

    def boot_once(suite: str) -> Boot:
        kept = shared_folder / f"{suite}.json"
        if not kept.exists():
            mine = shared_folder / f"{suite}.{os.getpid()}"
            mine.write_text(json.dumps(boot(build_suite(suite))))
            mine.replace(kept)
        return Boot(*json.loads(kept.read_text()))

    return boot_once


def check(result: Boot, name: str) -> None:
    """One test's line, and before it what the test printed."""
    said: list[str] = []
    for line in result.lines:
        if line == f"{name}: ok":
            return
        if line == f"{name}: failed":
            raise AssertionError("\n".join(["", *said]))
        said = [] if line.endswith((": ok", ": failed")) else [*said, line]
    raise AssertionError(f"{name} has not been run; the last lines were:\n" + "\n".join(result.lines[-40:]))


@pytest.mark.parametrize(("suite", "name"), [(suite, name) for suite in SUITES for name in NAMES[suite]])
def test_on_our_board(booted: Callable[[str], Boot], suite: str, name: str) -> None:
    check(booted(suite), name)


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_failed_and_the_machine_ended(booted: Callable[[str], Boot], suite: str) -> None:
    result = booted(suite)
    assert (result.lines[-1], result.status) == ("0 failures", 0)


@pytest.mark.qemu
@pytest.mark.parametrize("suite", SUITES)
def test_on_qemu(build_suite: BuildSuite, suite: str, tmp_path: Path) -> None:
    result = boot_qemu(build_suite(suite), tmp_path)
    for name in NAMES[suite]:
        check(result, name)
    assert (result.lines[-1], result.status) == ("0 failures", 0)
