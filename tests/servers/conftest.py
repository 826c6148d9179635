"""What is compiled once for all tests of servers."""

import os

import pytest

from atoll.compiler.cache import Cache


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """What has been compiled in this run; the workers of pytest-xdist have it together."""
    folder = tmp_path_factory.getbasetemp()
    return Cache((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache")
