"""Three nodes with a counter service, booted once, with the test programs on each disk; each test begins there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import Image
from atoll.images.strip import stripped
from atoll.images.system import Service, build_system, read_recipe
from atoll.images.system_disk import system_disk
from tests.one_system.nodes import NODES, Nodes

OWN = Path(__file__).parent / "programs"
OTHERS = Path(__file__).parent.parent
PROGRAMS = (
    OWN / "transcript.py", OWN / "client.py", OTHERS / "system/programs/hammer.py", OTHERS / "system/programs/tally.py",
    OTHERS / "directory/programs/keep.py",
)  # fmt: skip


@pytest.fixture(scope="session")
def image(repository: Path, cache: Cache) -> Image:
    """The system, and a service that counts."""
    counter = Service("counter", repository / "servers" / "counter" / "main.py", ("/services/counter",))
    return build_system([*read_recipe(), counter], "quiet", cache)


@pytest.fixture(scope="session")
def make(image: Image, cache: Cache) -> Callable[[int], Cluster]:
    """Makes the cluster, for so many of the host's threads."""
    disk = system_disk(cache=cache)
    return lambda threads: Cluster(nodes=len(NODES), seed=21, image=image, disk=disk, threads=threads)


@pytest.fixture(scope="session")
def booted(make: Callable[[int], Cluster], cache: Cache) -> Nodes:
    """The nodes at their first prompt, with the programs."""
    cluster = make(1)
    cluster.start()
    for node in NODES:
        cluster.run("true", node=node)
    for source in PROGRAMS:
        put_file(cluster, stripped(compile_file(source, "program", cache=cache)), f"/bin/{source.stem}")
        for node in NODES[1:]:
            assert cluster.run(f"cp /bin/{source.stem} /nodes/{node}/bin").status == 0
    for node in NODES:
        cluster.run("sync", node=node)  # who is switched on again has them
    return Nodes(cluster)


@pytest.fixture
def nodes(booted: Nodes) -> Iterator[Nodes]:
    """As if nothing had been."""
    booted.restore()
    yield booted
