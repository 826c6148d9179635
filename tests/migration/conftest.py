"""Three nodes, booted once, with the test programs on the disk of the first; each test starts from that state."""

from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from tests.remote.system import System

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def booted(cache: Cache) -> System:
    cluster = Cluster(nodes=3, seed=5)
    cluster.start()
    for source in sorted(PROGRAMS.glob("*.py")):
        put_file(cluster, compile_file(source, "program", cache=cache), f"/bin/{source.stem}")
    cluster.run("cd /tmp")
    return System(cluster)


@pytest.fixture
def system(booted: System) -> System:
    """As if nothing had been."""
    booted.restore()
    return booted
