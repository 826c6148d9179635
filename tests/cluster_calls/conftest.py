"""Clusters of nodes with little on them but the network server and two probes (programs/probe.py)."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.compiler.interfaces.host import describe
from atoll.images.recipe import Image
from atoll.images.strip import stripped
from atoll.images.system import Service, build_system, read_recipe
from atoll.net.station import Call
from atoll.servers.network.interface import Network, NetworkFigures
from tests.cluster_calls.programs.probing import Probe

PROGRAM = Path("tests/cluster_calls/programs/probe.py")
INTERFACE = Path(__file__).parent / "programs" / "probing.py"
PART = 60_000  # bytes of a program in one call
SERVICES = ("naming", "network")

Boot = Callable[..., Cluster]


@pytest.fixture(scope="session")
def probe_image(repository: Path, cache: Cache) -> Image:
    recipe = [service for service in read_recipe() if service.name in SERVICES]
    probes = [Service(name, repository / PROGRAM, (f"/services/{name}",), quota=1024) for name in ("probe", "helper")]
    return build_system([*recipe, *probes], "", cache)


@pytest.fixture(scope="session")
def network_program(repository: Path, cache: Cache) -> bytes:
    """The network server as a program of its own."""
    with contextlib.chdir(repository):
        return stripped(compile_file(Path("servers/network/main.py"), "program", cache=cache))


@pytest.fixture
def boot(probe_image: Image) -> Iterator[Boot]:
    """Boots so many nodes, and waits until all their probes are there and know of each other."""
    with ExitStack() as stack:

        def make(nodes: int = 2, seed: int = 3) -> Cluster:
            cluster = stack.enter_context(Cluster(nodes=nodes, seed=seed, image=probe_image, memory=64))
            for node in cluster.nodes:
                cluster.wait_for("/services/helper", node=node.name)
                cluster.wait_for("/services/network", node=node.name)
            cluster.advance(0.01)
            return cluster

        yield make


def probe(cluster: Cluster, number: int) -> Probe:
    """A node's probe."""
    return cluster.client(Probe, "/services/probe", f"node{number}")


def swap_network(cluster: Cluster, number: int, program: bytes) -> None:
    """Another network server takes the place of a node's."""
    for offset in range(0, len(program), PART):
        probe(cluster, number).load(offset, program[offset : offset + PART])
    probe(cluster, number).swap(len(program))
    cluster.advance(1.0)
    assert probe(cluster, number).swapped() == 1, cluster.find(f"node{number}").console.decode()


def helper(cluster: Cluster, number: int) -> Probe:
    """A node's other probe."""
    return cluster.client(Probe, "/services/helper", f"node{number}")


def begin(cluster: Cluster, number: int, method: str, *words: int, service: str = "probe") -> Call:
    """Begin a call of a node's probe which takes a while."""
    interface = next(each for each in describe(Probe.__module__, INTERFACE) if each.name == "Probe")
    code = next(each.number for each in interface.methods if each.name == method)
    first, second, third, *_ = (*words, 0, 0, 0)
    station = cluster.engine.station
    address = cluster.find(f"node{number}").address
    return station.begin(address, f"/services/{service}", (code, first, second, third), b"", 100, cluster.time_ns)


def finish(cluster: Cluster, call: Call, seconds: float = 10) -> int:
    """Its result, which is a number."""
    cluster.engine.run(cluster.time_ns + round(seconds * 1e9), lambda: call.over)
    return call.result().words[1]


def figures(cluster: Cluster, number: int) -> dict[str, int]:
    """What a node's network server has counted."""
    data = bytes(cluster.client(Network, "/services/network", f"node{number}").figures())  # type: ignore[call-overload]
    names = [name for name in NetworkFigures.__annotations__ for _ in range(7 if name == "dropped" else 1)]
    words = [int.from_bytes(data[8 * place : 8 * place + 8], "little") for place in range(len(data) // 8)]
    return dict(zip(names, words, strict=True))
