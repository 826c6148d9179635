"""A node with services made for tests (tests/net/suite), compiled once."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.compiler.cache import Cache
from atoll.images.recipe import Image, build_runs

NODE = Path("tests") / "net" / "suite" / "node.py"


@pytest.fixture(scope="session")
def node_image(repository: Path, cache: Cache) -> Image:
    """The image of that node."""
    with contextlib.chdir(repository):
        return build_runs([], "quiet", cache, root=NODE)


@pytest.fixture
def cluster(node_image: Image) -> Iterator[Cluster]:
    """A cluster of it, switched on."""
    with Cluster(seed=7, image=node_image) as made:
        yield made
