"""A booted system with the programs of these tests on its disk, saved once."""

from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.driver import compile_file
from tests.system.killing import System

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def booted() -> System:
    """The node."""
    cluster = Cluster(seed=5)
    cluster.start()
    cluster.run("true")
    for source in sorted(PROGRAMS.glob("*.py")):
        put_file(cluster, compile_file(source, "program"), f"/bin/{source.stem}")
    return System(cluster)


@pytest.fixture
def system(booted: System) -> System:
    """The node as if nothing had been."""
    booted.restore()
    return booted
