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


# Folders whose tests start from the same booted systems, those that take longest first: one worker of pytest-xdist
# takes each of them (`--dist loadgroup`), so that nothing is booted twice. Of others a worker takes a file at a time.
BOOTED_ONCE = ("system", "one_system", "migration", "load", "remote", "simulation", "cluster_calls", "directory")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests stay together; skip what needs QEMU where there is none."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    ranks = {folder: rank for rank, folder in enumerate(BOOTED_ONCE)}
    items.sort(key=lambda item: ranks.get(group_of(item), len(ranks)))
    if shutil.which("qemu-system-riscv64"):
        return
    reason = "qemu-system-riscv64 is not installed: apt-get install qemu-system-misc"
    for item in items:
        if item.get_closest_marker("qemu"):
            item.add_marker(pytest.mark.skip(reason=reason))


def group_of(item: pytest.Item) -> str:
    """Tests of one group run one after the other."""
    place = item.path.relative_to(REPOSITORY / "tests")
    return place.parts[0] if place.parts[0] in BOOTED_ONCE else str(place)


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
