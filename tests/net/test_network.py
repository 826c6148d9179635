"""Switches and whole networks: who gets which frame, in which order, and that nothing is invented on the way."""

import json
import random
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.net import switch as switches
from atoll.net.network import Delivery, Link, Network, Topology, TopologyError
from atoll.net.switch import AGE_NS, Switch
from atoll.net.wire import Medium

STATIONS = ("node1", "node2", "node3", "host")
EVERYBODY, GROUP = b"\xff" * 6, b"\x03\x00\x00\x00\x00\x01"
MICROSECOND = 1_000


def address(number: int) -> bytes:
    return bytes([2, 0, 0, 0, 0, number])


def frame(source: int, destination: int | bytes, text: bytes = b"") -> bytes:
    """From a station by its number, to one, or to an address."""
    target = destination if isinstance(destination, bytes) else address(destination)
    return target + address(source) + b"\x88\xb5" + text


def star(seed: int = 0) -> Network:
    return Network(Topology.star(STATIONS, Medium()), seed)


def two_switches(seed: int = 0) -> Network:
    """node1 and node2 at one, node3 and host at the other."""
    places = {"node1": "left", "node2": "left", "node3": "right", "host": "right"}
    links = [Link(ends) for ends in places.items()] + [Link(("left", "right"), Medium(10**8, 50_000, 4))]
    return Network(Topology(STATIONS, ("left", "right"), tuple(links)), seed)


def settle(network: Network) -> list[Delivery]:
    """All that is on its way arrives."""
    network.gather()
    came = []
    while network.next_ns is not None:
        came += network.advance(network.next_ns)
    return came


def receivers(network: Network, source: int, data: bytes, now: int = 0) -> list[str]:
    network.send(source, data, now)
    return sorted(delivery.station for delivery in settle(network) if delivery.frame == data)


# ---- a switch ----
def test_a_switch_learns_from_sources() -> None:
    switch = Switch()
    switch.ports = 4
    assert switch.forward(frame(1, 2), 0, 0) == [1, 2, 3]      # nobody knows where 2 is
    assert switch.forward(frame(2, 1), 1, 1) == [0]
    assert switch.forward(frame(1, 2), 0, 2) == [1]
    assert switch.forward(frame(3, 1), 0, 3) == []             # they are behind the same port
    assert switch.forward(frame(2, 3), 2, 4) == [0]            # 2 has moved to another port
    assert switch.forward(frame(1, 2), 0, 5) == [2]
    assert switch.forward(frame(1, EVERYBODY), 0, 6) == [1, 2, 3]
    assert switch.forward(frame(1, GROUP), 0, 6) == [1, 2, 3]
    assert switch.forward(b"short", 0, 7) == []
    assert switch.stats() == {"forwarded": 4, "flooded": 3, "filtered": 1, "runts": 1}


def test_a_group_is_never_a_source() -> None:
    switch = Switch()
    switch.ports = 3
    switch.forward(address(1) + GROUP + b"\x88\xb5", 0, 0)
    assert switch.forward(frame(2, GROUP), 1, 0) == [0, 2]


def test_addresses_age_and_the_table_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = Switch()
    switch.ports = 3
    switch.forward(frame(1, 2), 0, 0)
    assert switch.forward(frame(2, 1), 1, AGE_NS) == [0]
    assert switch.forward(frame(2, 1), 1, AGE_NS + 1) == [0, 2]
    monkeypatch.setattr(switches, "MOST_ADDRESSES", 1)
    switch.forward(frame(9, 1), 2, AGE_NS + 2)
    assert switch.forward(frame(2, 9), 1, AGE_NS + 3) == [0, 2]


# ---- a network ----
def test_a_learned_address_is_not_flooded() -> None:
    network = star()
    assert receivers(network, 0, frame(0, 1)) == ["host", "node2", "node3"]
    assert receivers(network, 1, frame(1, 0), 10**6) == ["node1"]
    assert receivers(network, 0, frame(0, 1), 2 * 10**6) == ["node2"]
    assert receivers(network, 0, frame(0, EVERYBODY), 3 * 10**6) == ["host", "node2", "node3"]


def test_the_way_over_two_switches() -> None:
    network = two_switches()
    data = frame(0, 2, bytes(86))                              # 124 bytes with what Ethernet adds
    network.send(0, data, 0)
    arrivals = {delivery.station: delivery.time_ns for delivery in settle(network)}
    near = 2 * (992 + 10_000)
    assert arrivals == {"node2": near, "node3": near + 9_920 + 50_000, "host": near + 9_920 + 50_000}


# Who sends when, to whom; 4 is everybody.
TRAFFIC = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 4), st.binary(max_size=40)),
                   max_size=40)  # fmt: skip
BAD = st.sampled_from([0.0, 0.2])


def offer(network: Network, traffic: list[tuple[int, int, int, bytes]]) -> list[bytes]:
    """Send it all, each station's in the order of times; the frames."""
    sent = []
    for number, (source, time, target, text) in enumerate(sorted(traffic, key=lambda entry: entry[1])):
        data = frame(source, EVERYBODY if target == 4 else target, b"%d " % number + text)
        network.send(source, data, time * MICROSECOND)
        sent.append(data)
    return sent


@settings(max_examples=60)
@given(TRAFFIC, BAD, BAD, BAD, st.integers(0, 99), st.booleans())
def test_what_arrives_was_sent(
    traffic: list[tuple[int, int, int, bytes]], loss: float, doubling: float, late: float, seed: int, both: bool
) -> None:
    network = two_switches(seed) if both else star(seed)
    network.spoil(loss=loss, duplication=doubling, reordering=late)
    sent = offer(network, traffic)
    came = settle(network)
    assert {delivery.frame for delivery in came} <= set(sent)
    times = [delivery.time_ns for delivery in came]
    assert times == sorted(times)
    for number, name in enumerate(STATIONS):                   # nobody hears himself
        assert all(each.frame[6:12] != address(number) for each in came if each.station == name)
    if not (loss or doubling or late) and not both:            # then everything arrives, once at each
        for data in sent:
            others = {STATIONS.index(each.station) for each in came if each.frame == data}
            own, target = data[11], data[5]
            assert target not in {0, 1, 2, 3} - {own} or target in others
            assert sum(each.frame == data for each in came) == len(others)


@settings(max_examples=30)
@given(TRAFFIC, st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_of_asking_makes_no_difference(
    traffic: list[tuple[int, int, int, bytes]], seed: int, shuffle: random.Random
) -> None:
    """Stations may be run in any order, or side by side: each one's own frames are in order, no more is needed."""
    results = []
    for order in range(2):
        network = two_switches(seed)
        network.spoil(loss=0.1, duplication=0.1, reordering=0.2, corruption=0.2)
        seen: list[tuple[int, str, bool, bytes]] = []
        network.taps.append(lambda *event, seen=seen: seen.append(event))
        sources = [0, 1, 2, 3]
        if order:
            shuffle.shuffle(sources)
        for source in sources:
            offer(network, [entry for entry in traffic if entry[0] == source])
        results.append((settle(network), network.stats(), seen))
    assert results[0] == results[1]


@settings(max_examples=30)
@given(TRAFFIC, st.integers(0, 99), st.integers(0, 100))
def test_a_restored_network_goes_on_as_the_saved_one(
    traffic: list[tuple[int, int, int, bytes]], seed: int, cut: int
) -> None:
    network, other = two_switches(seed), two_switches(seed)
    network.spoil(loss=0.1, duplication=0.1)
    network.cut("node1", "host")
    offer(network, traffic)
    network.gather()
    network.advance(cut * MICROSECOND)
    saved = network.save()
    json.dumps(saved, default=lambda data: b64encode(data).decode())    # plain values only
    other.restore(saved)
    assert settle(network) == settle(other)
    assert network.save() == other.save()


def test_cuts_between_stations_and_at_links() -> None:
    network = star()
    receivers(network, 1, frame(1, EVERYBODY))
    network.cut("node2", "node1")
    assert receivers(network, 0, frame(0, 1), 10**6) == []
    assert receivers(network, 2, frame(2, 1), 2 * 10**6) == ["node2"]
    assert network.stats()["severed"] == 1
    network.cut("node3", "switch1")
    assert receivers(network, 2, frame(2, 1), 3 * 10**6) == []
    network.heal()
    assert receivers(network, 0, frame(0, 1), 4 * 10**6) == ["node2"]
    assert receivers(network, 2, frame(2, 1), 5 * 10**6) == ["node2"]
    for pair, message in ((("node1", "node1"), "from itself"), (("node1", "tree"), "no node or switch tree")):
        with pytest.raises(TopologyError, match=message):
            network.cut(*pair)
    with pytest.raises(TopologyError, match="no link between node1 and right"):
        two_switches().cut("node1", "right")


def test_send_says_when_the_frame_comes_to_the_next_point() -> None:
    network = star()
    data = frame(0, 1, bytes(87))
    assert network.send(0, data, 5) == 5 + 8 * (101 + 24) + 10_000
    assert network.lookahead_ns(["node1"]) == 10_000 + 8 * 24
    network.spoil(loss=1.0)
    assert network.send(0, data, 5) is None


@pytest.mark.parametrize(
    ("switches_", "links", "message"),
    [
        (("s",), [("a", "s")], "b has 0 links"),
        (("s",), [("a", "s"), ("b", "s"), ("a", "s")], "joined already"),
        (("s", "t"), [("a", "s"), ("b", "t")], "no link leads from a to b"),
        (("s",), [("a", "b")], "one of its ends must be a switch"),
        (("s",), [("a", "s"), ("b", "t")], "no node or switch t"),
        (("a",), [("a", "s")], "a is there twice"),
        (("s", "t"), [("a", "s"), ("a", "t"), ("b", "t")], "a has 2 links"),
    ],
)
def test_networks_that_cannot_be(switches_: tuple[str, ...], links: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        Network(Topology(("a", "b"), switches_, tuple(Link(ends) for ends in links)))
