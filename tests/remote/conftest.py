"""Three nodes, booted once, with the test programs on the disk of the first; each test starts from that state."""

from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.strip import stripped
from tests.remote.system import System, near_and_far

PROGRAMS = Path(__file__).parent / "programs"


def install(cluster: Cluster, cache: Cache) -> None:
    """The test programs are node1's only."""
    for source in sorted(PROGRAMS.glob("*.py")):
        put_file(cluster, stripped(compile_file(source, "program", cache=cache)), f"/bin/{source.stem}")


@pytest.fixture(scope="session")
def booted(cache: Cache) -> System:
    """Nodes that differ (system.py); a file on each says which node it is."""
    cluster = Cluster(plan=near_and_far(), seed=11)
    cluster.start()
    for node in ("node1", "node2", "node3"):
        cluster.run(f"cd /tmp; echo {node} > node", node=node)
    install(cluster, cache)
    return System(cluster)


@pytest.fixture
def system(booted: System) -> System:
    """As if nothing had been."""
    booted.restore()
    return booted
