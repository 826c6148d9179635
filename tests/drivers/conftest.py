"""What the drivers' tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def drivers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for this run of the tests; the workers of pytest-xdist have it together."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
