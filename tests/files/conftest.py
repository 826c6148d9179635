"""What the tests of the file service share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files import judges
from tests.files.systems import System

MEMORY = Path("/dev/shm")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for images; in memory where there is such a place, since e2fsck waits for the disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def small(scratch: Path) -> System:
    """2 MiB with 64 inodes, about 950 KiB of it free."""
    return System(judges.make(scratch / "made", 2048, 1024, "-N", "64"))
