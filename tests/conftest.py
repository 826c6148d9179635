"""What all tests share: where the repository is, which judges are there, and how much Hypothesis tries."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from atoll.compiler.cache import Cache

REPOSITORY = Path(__file__).resolve().parent.parent
JUDGES_REQUIRED = bool(os.environ.get("ATOLL_REQUIRE_JUDGES"))

# The default run is the same each time, so that a failure is one of this change; the long one looks for new ones
# and prints what replays them.
settings.register_profile("default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", deadline=None, max_examples=2000, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


# Folders whose tests take longest, those first: the workers of pytest-xdist, which take a file at a time (`--dist
# loadfile`), then end together.
LONGEST = ("system", "one_system", "migration", "load", "remote", "simulation", "cluster_calls", "directory")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what comes first; skip what needs QEMU where there is none."""
    ranks = {folder: rank for rank, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(REPOSITORY / "tests").parts[0], len(ranks)))
    if shutil.which("qemu-system-riscv64"):
        return
    reason = "qemu-system-riscv64 is not installed: apt-get install qemu-system-misc"
    for item in items:
        if item.get_closest_marker("qemu"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In continuous integration a skipped test is a failed one: there nothing may be missing."""
    report = yield
    if not hasattr(report, "wasxfail"):
        insist(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself while it is imported."""
    report = yield
    insist(report)
    return report


def insist(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skip a failure where judges are required."""
    if JUDGES_REQUIRED and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped although ATOLL_REQUIRE_JUDGES is set: {report.longrepr}"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder with README.md, kernel/ and so on."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for this run of the tests; the workers of pytest-xdist have it together."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def cache() -> Cache:
    """The one that commands use: `make test` has filled it, entries are known by all that they were made from."""
    return Cache()
