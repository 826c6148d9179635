"""The host as a station of a running board: calls, fragments, time, what ends a call, power, and saved states."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import atoll
from atoll.abi.wire import FRAGMENT_SIZE, Kind
from atoll.cluster.cluster import Cluster, ClusterError, NodeStopped, OutOfTime
from atoll.images.recipe import Image
from atoll.machine.errors import StateError
from atoll.net.envelope import Envelope, RemoteGate
from atoll.net.frame import Frame
from atoll.net.station import EffectUnknown, NoSuchService, NotTaken, NotTransferable
from atoll.net.wire import Medium

ECHO, COUNT = "/services/echo", "/services/count"
WORDS = (10, 20, 30, 2**64 - 2)
MILLISECOND = 1_000_000


def calls(cluster: Cluster) -> int:
    """How often the echo service was called."""
    return cluster.call(COUNT, (0, 0, 0, 0)).words[1]


def test_a_call_and_its_reply(cluster: Cluster) -> None:
    reply = cluster.call(ECHO, WORDS, b"hello")
    assert reply.words == (11, 21, 31, 2**64 - 1)
    assert reply.segment == b"olleh"
    before = cluster.time_ns
    cluster.call(ECHO, WORDS, b"hello")
    assert 20_000 < cluster.time_ns - before < 100_000     # the wire takes 10 us each way


@pytest.mark.parametrize("size", [0, 1, 1380, 1390, 1400, 20_000, 65_536])
def test_segments_of_all_sizes(cluster: Cluster, size: int) -> None:
    segment = random.Random(size).randbytes(size)
    assert cluster.call(ECHO, WORDS, segment).segment == segment[::-1]


def test_the_room_for_a_reply_is_the_callers(cluster: Cluster) -> None:
    """A reply that is longer is refused to the service, as it would be by a caller on the node."""
    call = cluster.engine.station.begin(cluster.node.address, ECHO, WORDS, bytes(100), 99, cluster.time_ns)
    cluster.engine.run(cluster.time_ns + 1000 * MILLISECOND, lambda: call.over)
    assert not call.over
    cluster.engine.station.cancel(call)
    assert cluster.call(ECHO, WORDS, bytes(100), room=100).segment == bytes(100)


def test_what_no_service_answers(cluster: Cluster) -> None:
    with pytest.raises(NoSuchService, match="/services/nobody: there is no such service"):
        cluster.call("/services/nobody", WORDS)
    with pytest.raises(EffectUnknown, match="died before it answered: REPLY_DROPPED"):
        cluster.call("/services/drop", WORDS)
    with pytest.raises(NotTransferable):
        cluster.call("/services/handle", WORDS)


def test_a_gate_that_comes_with_a_reply_can_be_called(cluster: Cluster) -> None:
    gate = cluster.call("/services/ports", WORDS).gate
    assert cluster.call("a port", WORDS, b"abc", gate=gate).segment == b"cba"
    other = cluster.call("/services/ports", WORDS).gate
    assert other == gate  # the same port and badge, sent twice
    with pytest.raises(NotTaken, match="nobody receives there"):
        cluster.call("a port", WORDS, gate=RemoteGate(bytes(reversed(gate.identity)), gate.badge))


def test_a_long_call_does_not_hold_up_others(cluster: Cluster) -> None:
    station, node = cluster.engine.station, cluster.node.address
    long = station.begin(node, "/services/sleep", (0, 3_000 * MILLISECOND, 0, 0), b"", 0, cluster.time_ns)
    for _ in range(3):
        cluster.call(ECHO, WORDS)
    assert not long.over and cluster.time_ns < 1_000 * MILLISECOND
    cluster.engine.run(10_000 * MILLISECOND, lambda: long.over)
    assert long.result().words[0] == 1
    assert 3_000 * MILLISECOND < cluster.time_ns < 3_100 * MILLISECOND


def test_a_cancelled_call_frees_its_thread(cluster: Cluster) -> None:
    """Far more calls than threads, each given up: the service goes on, and so does the network server."""
    for _ in range(20):
        with pytest.raises(OutOfTime):
            cluster.within(0.03, lambda: cluster.call("/services/sleep", (0, 10 * MILLISECOND * 1000, 0, 0)))
        cluster.advance(0.02)
    assert cluster.call(ECHO, WORDS).words[0] == 11


def test_virtual_time_stands_still_while_the_host_thinks(node_image: Image) -> None:
    """The same calls give the same run, to the instruction."""
    figures = []
    for _ in range(2):
        with Cluster(seed=3, image=node_image) as cluster:
            for size in (0, 5000, 17):
                cluster.call(ECHO, WORDS, bytes(size))
                sum(range(100_000))
            figures.append(cluster.stats())
    assert figures[0] == figures[1]
    assert figures[0]["nodes"]["node1"]["instructions"] > 1_000_000


def test_bandwidth_and_latency(node_image: Image) -> None:
    with Cluster(image=node_image, medium=Medium(10_000_000, 1_000_000)) as cluster:
        cluster.call(ECHO, WORDS)
        before = cluster.time_ns
        cluster.call(ECHO, WORDS, bytes(10_000))
        bits = 2 * 8 * 10_000                              # there and back, at 10 Mb/s
        assert bits * 100 < cluster.time_ns - before - 2_000_000 < bits * 130


def test_frames_that_make_no_sense_change_nothing(cluster: Cluster) -> None:
    """Noise, strangers' frames, and members' frames with a few bytes changed (they fail the checksum)."""
    cluster.call(ECHO, WORDS)
    draw = random.Random(11)
    node, host, key = cluster.node.address, cluster.engine.station.address, cluster.settings.key
    for number in range(600):
        kind = draw.choice(list(Kind))
        data = bytearray(node + host + b"\x88\xb5" + draw.randbytes(draw.randrange(1500)))
        if number % 3:
            frame = Frame(node, host, kind, 1, draw.getrandbits(64), number, data=b"")
            data = bytearray(frame.encode(key if number % 2 else bytes(16)))
            data[draw.randrange(len(data))] ^= draw.randrange(1, 256)
        cluster.node.board.deliver(bytes(data))
        if number % 50 == 49:
            cluster.advance(0.01)
    assert calls(cluster) == 1
    assert cluster.call(ECHO, WORDS, b"abc").segment == b"cba"


@settings(max_examples=15)
@given(st.data())
def test_sound_frames_in_any_order_change_nothing_either(node_image: Image, data: st.DataObject) -> None:
    """Well-made frames of a member that says anything: nobody else's call is disturbed."""
    with Cluster(seed=7, image=node_image) as cluster:
        cluster.call(ECHO, WORDS)
        node, host, key = cluster.node.address, cluster.engine.station.address, cluster.settings.key
        session = next(iter(cluster.engine.station.save()["peers"]))[1]
        number = st.integers(0, 3)
        for _ in range(data.draw(st.integers(1, 30))):
            kind = data.draw(st.sampled_from([kind for kind in Kind if kind < Kind.WELCOME]))
            rest = data.draw(st.sampled_from([0, 8, 2000]))
            words = (data.draw(st.integers(0, 2**64 - 1)), 0, 0, 0)
            whole = Envelope(words).encode() + bytes(rest)
            frame = Frame(
                node, host, kind, 0x999, session, data.draw(number), data.draw(number), 0, len(whole),
                data=whole[:FRAGMENT_SIZE] if kind is Kind.REQUEST else b"",
            )  # fmt: skip
            cluster.node.board.deliver(frame.encode(key))
        assert cluster.call(ECHO, WORDS, b"abc").segment == b"cba"


# ---- power ----
def test_a_node_that_is_off(cluster: Cluster) -> None:
    cluster.call(ECHO, WORDS)
    cluster.monitor("crash")
    for action in (lambda: cluster.call(ECHO, WORDS), lambda: cluster.advance(1)):
        with pytest.raises(ClusterError, match="node1 is off: `start` switches it on"):
            action()
    cluster.monitor("start")
    assert calls(cluster) == 0                             # its memory is lost
    assert cluster.call(ECHO, WORDS).words[0] == 11


def test_a_call_in_hand_when_the_power_goes(cluster: Cluster) -> None:
    station, node = cluster.engine.station, cluster.node.address
    cluster.call(ECHO, WORDS)
    call = station.begin(node, "/services/sleep", (0, 10**12, 0, 0), b"", 0, cluster.time_ns)
    cluster.advance(0.1)
    cluster.start()
    cluster.engine.run(cluster.time_ns + 10_000 * MILLISECOND, lambda: call.over)
    assert isinstance(call.error, EffectUnknown)


# ---- lines ----
def test_a_line_for_the_shell(cluster: Cluster) -> None:
    result = cluster.run("hello 3")
    assert (result.status, result.output) == (3, "hello 3\n")
    assert cluster.run("again 4").output == "again 4\n"
    assert cluster.console == b"7 services\nhello 3\nagain 4\n"


def test_a_line_that_does_not_end(cluster: Cluster) -> None:
    with pytest.raises(OutOfTime, match=r"/services/shell: no answer by 5\.\d+ s of virtual time"):
        cluster.run("wait", limit=5)


# ---- saved states ----
def test_a_restored_cluster_goes_on_as_the_saved_one(cluster: Cluster, node_image: Image) -> None:
    cluster.run("one 1")
    saved = cluster.save()
    gate = cluster.call("/services/ports", WORDS).gate
    expected = (cluster.run("two 2"), cluster.call("p", WORDS, bytes(3000), gate=gate), cluster.stats())
    for other in (cluster, Cluster(seed=7, image=node_image)):
        other.restore(saved)
        assert other.call("/services/ports", WORDS).gate == gate
        again = (other.run("two 2"), other.call("p", WORDS, bytes(3000), gate=gate), other.stats())
        assert again == expected and other.console == cluster.console


def test_a_state_of_another_cluster_is_refused(cluster: Cluster, node_image: Image) -> None:
    saved = cluster.save()
    with pytest.raises(StateError, match="seed"):
        Cluster(seed=8, image=node_image).restore(saved)


def test_the_package_exports_the_class() -> None:
    assert atoll.Cluster is Cluster
    with pytest.raises(AttributeError):
        atoll.Clutter                                      # noqa: B018
    with pytest.raises(ClusterError, match="a cluster of 0 nodes is not possible"):
        atoll.Cluster(nodes=0)


def test_a_node_that_ends(cluster: Cluster) -> None:
    cluster.call(ECHO, WORDS)
    cluster.node.board.end(5)
    with pytest.raises(NodeStopped, match="status 5"):
        cluster.advance(1)
