"""Windows of virtual time: nobody runs past what could still reach him, where the host stops is no matter."""

from functools import partial
from typing import Any

from atoll.cluster import engine
from atoll.cluster.cluster import Cluster
from atoll.images.recipe import Image

ECHO = "/services/echo"
WORDS = (1, 2, 3, 4)
BLOCK_NS = 512  # that a board may be ahead: it stops between two blocks of code, at 1 GHz
MILLISECOND = 1_000_000


def load(cluster: Cluster) -> list[Any]:
    """Calls to all nodes at once, which keep them busy at the same time."""
    station = cluster.engine.station
    return [
        station.begin(node.address, ECHO, WORDS, bytes(6000), 6000, cluster.time_ns)
        for node in cluster.nodes for _ in range(2)
    ]  # fmt: skip


def over(begun: list[Any]) -> bool:
    return all(call.over for call in begun)


def test_no_node_is_ahead_of_a_frame_that_reaches_anybody(node_image: Image) -> None:
    with Cluster(nodes=3, seed=7, image=node_image) as cluster:
        for node in cluster.nodes:
            cluster.wait_for(ECHO, node=node.name)
        seen = 0

        def watch(time_ns: int, _station: str, leaves: bool, _frame: bytes) -> None:
            nonlocal seen
            if not leaves:
                seen += 1
                assert all(node.board.time_ns < time_ns + BLOCK_NS for node in cluster.nodes)

        cluster.engine.network.taps.append(watch)
        begun = load(cluster)
        cluster.engine.run(cluster.time_ns + 1000 * MILLISECOND, partial(over, begun))
        assert [len(call.result().segment) for call in begun] == [6000] * 6 and seen > 60


def test_where_the_host_stops_makes_no_difference(node_image: Image) -> None:
    """The same run in one piece and in pieces of 777 ns: all but the number of windows is the same."""
    results = []
    for piece in (20 * MILLISECOND, 777):
        with Cluster(nodes=2, seed=7, image=node_image) as cluster:
            for node in cluster.nodes:
                cluster.wait_for(ECHO, node=node.name)
            cluster.engine.network.spoil(loss=0.05, duplication=0.1)
            begun, end = load(cluster), cluster.time_ns + 3 * MILLISECOND
            while cluster.time_ns < end:
                cluster.engine.run(min(cluster.time_ns + piece, end))
            cluster.engine.network.heal()
            cluster.engine.run(10**12, partial(over, begun))
            cluster.advance(0.01)
            stats = cluster.stats()
            windows = stats.pop("windows")
            results.append((stats, [call.result() for call in begun]))
            assert windows > 3 * MILLISECOND // piece
    assert results[0] == results[1]


def test_a_long_window_is_cut_for_the_host(node_image: Image) -> None:
    """While nothing happens the host still looks at signals and keys."""
    with Cluster(nodes=2, seed=7, image=node_image) as cluster:
        cluster.wait_for(ECHO, node="node2")
        looks = 0

        def watch() -> None:
            nonlocal looks
            looks += 1

        cluster.engine.watch = watch
        cluster.advance(1.0)
        assert looks >= 1_000_000_000 // engine.SLICE_NS


def test_an_interrupted_run_can_go_on(node_image: Image) -> None:
    """`watch` may raise, as Ctrl-C does: nothing is lost, and all clocks are the same."""
    with Cluster(nodes=2, seed=7, image=node_image, threads=2) as cluster:
        cluster.wait_for(ECHO, node="node1")

        def interrupt() -> None:
            if cluster.engine.windows % 50 == 0:
                raise KeyboardInterrupt

        begun = load(cluster)
        interruptions = 0
        cluster.engine.watch = interrupt
        while not over(begun):
            try:
                cluster.engine.run(10**12, partial(over, begun))
            except KeyboardInterrupt:
                interruptions += 1
                cluster.engine.watch = lambda: None
                cluster.engine.run(cluster.time_ns + 1)
                cluster.engine.watch = interrupt
        assert interruptions and all(call.result().words == (2, 3, 4, 5) for call in begun)
        assert all(node.board.time_ns < cluster.time_ns + BLOCK_NS for node in cluster.nodes)
