"""A booted system with the programs of these tests on its disk, saved once."""

from pathlib import Path

import pytest
from killing import System

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def system(cache: Cache) -> System:
    """The node."""
    cluster = Cluster(seed=5)
    cluster.start()
    cluster.run("true")
    for source in sorted(PROGRAMS.glob("*.py")):
        put_file(cluster, compile_file(source, "program", cache=cache), f"/bin/{source.stem}")
    return System(cluster)
