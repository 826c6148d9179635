"""Calls over bad wires: each gets its answer or an honest error, and is carried out at most once."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.abi import wire
from atoll.abi.wire import Kind
from atoll.net.frame import Frame, decode
from atoll.net.station import NUMBER, EffectUnknown, Unreachable
from tests.net.guest import MESSAGE
from tests.net.simulation import HOST, KEY, LATENCY, NODE, SESSION, Faults, Simulation

MOST = MESSAGE - wire.ENVELOPE_SIZE - wire.MAX_NAME  # bytes of a segment
SECOND = 1000 * wire.MILLISECOND


def kinds(simulation: Simulation) -> list[Kind]:
    """What was sent, in order."""
    return [decode(KEY, data).kind for data in simulation.log]


def test_one_call_costs_a_request_a_reply_and_an_acknowledgement() -> None:
    simulation = Simulation()
    call = simulation.begin(b"hello")
    simulation.run([call])
    assert call.result().words == (2, 3, 4, 5)
    assert call.result().segment == b"olleh"
    assert kinds(simulation) == [Kind.HELLO, Kind.WELCOME, Kind.REQUEST, Kind.REPLY, Kind.ACK]
    assert simulation.now == 4 * LATENCY + simulation.server.takes


def test_the_longest_message_goes_both_ways() -> None:
    simulation = Simulation()
    segment = random.Random(5).randbytes(MOST)
    call = simulation.begin(segment)
    simulation.run([call])
    assert call.result().segment == segment[::-1]


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_wire(seed: int) -> None:
    """Loss, doubling, reordering and damage: all calls succeed, none is carried out twice."""
    simulation = Simulation(Faults(loss=0.2, doubling=0.2, delay=0.2, damage=0.1), seed)
    calls = [simulation.begin(bytes([number]) * 700 * number, (number, 0, 0, 0)) for number in range(6)]
    simulation.run(calls)
    simulation.settle()
    assert [call.result().words[0] for call in calls] == [number + 1 for number in range(6)]
    assert sorted(words[0] for _, words, _ in simulation.server.executed) == list(range(6))


@settings(max_examples=15)
@given(
    st.integers(0, 2**32), st.floats(0, 0.4), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 0.2),
    st.lists(st.integers(0, 6000), min_size=1, max_size=5),
)  # fmt: skip
def test_any_bad_wire(
    seed: int, loss: float, doubling: float, delay: float, damage: float, sizes: list[int]
) -> None:
    """One call after another on one channel. An answer is right; an error is honest: done at most once."""
    simulation = Simulation(Faults(loss, doubling, delay, damage), seed)
    for number, size in enumerate(sizes):
        call = simulation.begin(bytes(size), (number, 0, 0, 0))
        simulation.run([call], simulation.now + 100 * SECOND)
        assert call.over
        if call.error is None:
            assert call.result().words[0] == number + 1 and len(call.result().segment) == size
        else:
            assert isinstance(call.error, EffectUnknown)
    simulation.settle()
    done = [words[0] for _, words, _ in simulation.server.executed]
    assert len(done) == len(set(done))


def test_a_long_call_is_asked_for_and_told_to_be_working() -> None:
    simulation = Simulation()
    simulation.server.takes = 30 * SECOND
    call = simulation.begin()
    simulation.run([call])
    assert call.result().words == (2, 3, 4, 5)
    sent = kinds(simulation)
    assert 50 < sent.count(Kind.ASK) == sent.count(Kind.WORKING) < 80  # twice a second
    assert len(simulation.server.executed) == 1


def test_only_missing_fragments_are_sent_again() -> None:
    simulation = Simulation(Faults(loss=0.3), seed=3)
    call = simulation.begin(bytes(MOST))
    simulation.run([call])
    whole = len(call.message) // wire.FRAGMENT_SIZE + 1
    requests = kinds(simulation).count(Kind.REQUEST)
    assert whole < requests < 2 * whole
    assert len(call.result().segment) == MOST


def test_nobody_there() -> None:
    simulation = Simulation()
    simulation.cut = True
    call = simulation.begin()
    simulation.run([call], 10 * SECOND)
    assert not call.over  # it goes on greeting: whoever waits decides how long
    simulation.station.cancel(call)
    assert isinstance(call.error, Unreachable)


def test_a_wire_cut_for_good_ends_in_an_unknown_effect() -> None:
    simulation = Simulation()
    simulation.run([simulation.begin()])
    call = simulation.begin()
    simulation.cut = True
    simulation.run([call])
    assert isinstance(call.error, EffectUnknown)
    assert wire.SILENCE <= simulation.now <= wire.SILENCE + 2 * SECOND


def test_a_wire_cut_for_a_while() -> None:
    simulation = Simulation()
    call = simulation.begin()
    simulation.later(3 * LATENCY, lambda: setattr(simulation, "cut", True))
    simulation.later(2 * SECOND, lambda: setattr(simulation, "cut", False))
    simulation.run([call])
    assert call.result().words == (2, 3, 4, 5)
    assert len(simulation.server.executed) == 1


def test_a_vanished_client_is_forgotten_and_its_call_cancelled() -> None:
    simulation = Simulation()
    simulation.server.takes = 60 * SECOND
    simulation.begin()
    simulation.step(SECOND)
    for _ in range(3):
        simulation.step(SECOND)
    simulation.cut = True
    requests = simulation.server.guest.requests.requests
    assert 5 * SECOND < requests.look(5 * SECOND) <= 5 * SECOND + wire.FORGET
    assert simulation.server.cancelled == []
    requests.look(20 * SECOND)
    assert simulation.server.cancelled == [0]
    assert requests.look(20 * SECOND) <= 20 * SECOND + 10 * wire.MILLISECOND  # until the thread has noticed
    simulation.server.finish(0)
    requests.due = 0
    assert requests.look(20 * SECOND) > 80 * SECOND


def test_cancelling() -> None:
    simulation = Simulation()
    simulation.server.takes = 60 * SECOND
    call = simulation.begin()
    simulation.run([call], SECOND)
    simulation.station.cancel(call)
    simulation.step(2 * SECOND)
    assert simulation.server.cancelled == [0]
    assert isinstance(call.error, EffectUnknown)


def test_more_calls_than_places_wait_for_one() -> None:
    simulation = Simulation()
    simulation.server.takes = 100 * wire.MILLISECOND
    calls = [simulation.begin(words=(number, 0, 0, 0)) for number in range(60)]
    simulation.run(calls)
    assert [call.result().words[0] for call in calls] == list(range(1, 61))
    assert Kind.BUSY in kinds(simulation)
    assert len(simulation.server.executed) == 60


def test_a_server_that_was_started_anew() -> None:
    """A call in hand is lost, and that is said; the next one finds the new server."""
    simulation = Simulation()
    simulation.server.takes = 10 * SECOND
    call = simulation.begin()
    simulation.run([call], SECOND)
    simulation.server = simulation.new_server(SESSION + 1)
    simulation.run([call], simulation.now + 5 * SECOND)
    assert isinstance(call.error, EffectUnknown)
    again = simulation.station.begin(NODE, "/services/echo", (1, 2, 3, 4), b"", 0, simulation.now)
    simulation.run([again])
    assert again.result().words == (2, 3, 4, 5)
    assert len(simulation.server.executed) == 1


def test_a_replay_of_everything_does_nothing() -> None:
    simulation = Simulation()
    for number in range(3):
        call = simulation.begin(bytes(3000), (number, 0, 0, 0))
        simulation.run([call])
    for data in list(simulation.log):
        simulation.to_server(data)
        simulation.to_station(data)
    simulation.settle()
    assert len(simulation.server.executed) == 3


def test_the_station_lives_and_nobody_can_call_it() -> None:
    """It answers a probe, also of a node that it does not know; announcements and requests it passes over."""
    simulation = Simulation()
    sent = [
        Frame(HOST, NODE, Kind.PROBE, SESSION, 0, transaction=9),
        Frame(HOST, NODE, Kind.HELLO, SESSION, 0),
        Frame(b"\xff" * 6, NODE, Kind.PROBE, SESSION, 0),
        Frame(HOST, NODE, Kind.REQUEST, SESSION, 0xC11E47, message_size=128, data=bytes(128)),
    ]
    for frame in sent:
        simulation.to_station(frame.encode(KEY))
    assert [decode(KEY, data) for data in simulation.log] == [
        Frame(NODE, HOST, Kind.ALIVE, 0xC11E47, SESSION, node=NUMBER)
    ]
    assert simulation.station.idle
