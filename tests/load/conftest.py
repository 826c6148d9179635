"""Three nodes that are booted once for all tests of the load server that need several."""

from collections.abc import Iterator

import pytest

from atoll.benchmarks.experiments.system import Runs
from atoll.cluster.cluster import Cluster


@pytest.fixture(scope="session")
def runs() -> Iterator[Runs]:
    """Three nodes, with what starts jobs on each one's disk."""
    made = Runs()
    yield made
    made.close()


@pytest.fixture
def nodes(runs: Runs) -> Cluster:
    """As if nothing had been."""
    return runs.begin(3)
