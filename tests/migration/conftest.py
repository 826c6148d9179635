"""Three nodes, booted once, with the test programs on the disk of the first; each test starts from that state."""

from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from tests.remote.system import System

PROGRAMS = Path(__file__).parent / "programs"


EVERYWHERE = ("caller", "tally")  # the others are needed at home only
NOT_PROGRAMS = ("counting",)


@pytest.fixture(scope="session")
def booted(cache: Cache) -> System:
    cluster = Cluster(nodes=3, seed=5)
    cluster.start()
    for source in sorted(PROGRAMS.glob("*.py")):
        if source.stem in NOT_PROGRAMS:
            continue
        program = compile_file(source, "program", cache=cache)
        for node in cluster.nodes if source.stem in EVERYWHERE else cluster.nodes[:1]:
            put_file(cluster, program, f"/bin/{source.stem}", node.name)
    for node in cluster.nodes:
        cluster.run("cd /tmp", node=node.name)
    return System(cluster)


@pytest.fixture
def system(booted: System) -> System:
    """As if nothing had been."""
    booted.restore()
    return booted
