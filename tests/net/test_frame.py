"""Frames: what the host writes the guest reads, and the other way round; what is damaged or strange neither takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.abi import wire
from atoll.abi.wire import Kind, Outcome
from atoll.net.frame import Frame, FrameError, decode, fragment_size, fragments_of
from tests.net.simulation import HOST, KEY, NODE, guest_frame

GUEST = guest_frame()
FIRST, SECOND = int.from_bytes(KEY[:8], "little"), int.from_bytes(KEY[8:], "little")
WORD = st.integers(0, 2**64 - 1)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Any sound frame."""
    kind = draw(st.sampled_from(Kind))
    size = draw(st.integers(0, wire.MAX_MESSAGE))
    fragment = draw(st.integers(0, fragments_of(size) - 1))
    carries = kind in (Kind.REQUEST, Kind.REPLY)
    data = bytes(draw(st.randoms()).randbytes(fragment_size(size, fragment))) if carries else b""
    return Frame(
        NODE, HOST, kind, draw(WORD), draw(WORD), draw(WORD), draw(st.integers(0, 65535)), fragment, size,
        draw(st.integers(0, min(size // 8 * 8, wire.MAX_NAME))), draw(st.integers(0, 65536)),
        draw(st.sampled_from(Outcome)), (draw(WORD), draw(WORD), draw(WORD), draw(WORD)),
        draw(st.binary(min_size=16, max_size=16)), data,
    )  # fmt: skip


def taken(data: bytes) -> Any:
    """The guest's frame from these bytes."""
    frame = GUEST.Frame()
    frame.take(data)
    return frame


def fault(data: bytes) -> Any:
    return GUEST.Fault(int(taken(data).check(FIRST, SECOND)))


def sample(data: bytes = b"0123456789") -> Frame:
    return Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=len(data), data=data)


@given(frames())
def test_there_and_back(frame: Frame) -> None:
    data = frame.encode(KEY)
    assert len(data) <= wire.MAX_FRAME
    assert decode(KEY, data) == frame


@given(frames())
def test_the_guest_reads_what_the_host_writes(frame: Frame) -> None:
    guest = taken(frame.encode(KEY))
    assert guest.check(FIRST, SECOND) == GUEST.Fault.NONE
    assert guest.number(wire.TRANSACTION, 8) == frame.transaction
    assert guest.number(wire.KIND, 1) == frame.kind
    assert guest.number(wire.FRAGMENT, 2) == frame.fragment
    assert tuple(guest.word(index) for index in range(4)) == frame.words
    assert bytes(guest.payload()) == frame.data


@given(frames())
def test_the_host_reads_what_the_guest_writes(frame: Frame) -> None:
    guest = GUEST.Frame()
    guest.clear()
    fields = (
        (wire.DESTINATION, 6, int.from_bytes(NODE, "little")), (wire.SOURCE, 6, int.from_bytes(HOST, "little")),
        (wire.SESSION, 8, frame.session), (wire.PEER, 8, frame.peer), (wire.TRANSACTION, 8, frame.transaction),
        (wire.KIND, 1, frame.kind), (wire.NAME_SIZE, 1, frame.name_size), (wire.CHANNEL, 2, frame.channel),
        (wire.FRAGMENT, 2, frame.fragment), (wire.FRAGMENTS, 2, fragments_of(frame.message_size)),
        (wire.MESSAGE_SIZE, 4, frame.message_size), (wire.ROOM, 4, frame.room), (wire.OUTCOME, 4, frame.outcome),
        (wire.TARGET, 8, int.from_bytes(frame.target[:8], "little")),
        (wire.TARGET + 8, 8, int.from_bytes(frame.target[8:], "little")),
    )  # fmt: skip
    for offset, size, value in fields:
        guest.put(offset, size, value)
    for index, word in enumerate(frame.words):
        guest.put_word(index, word)
    guest.enclose(frame.data)
    guest.seal(FIRST, SECOND)
    assert bytes(guest.data[0 : guest.size]) == frame.encode(KEY)


@given(st.data())
def test_a_bit_that_flipped_is_noticed(data: st.DataObject) -> None:
    whole = bytearray(sample().encode(KEY))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(FrameError):
        decode(KEY, bytes(whole))
    assert fault(bytes(whole)) not in (GUEST.Fault.NONE, GUEST.Fault.TAG)


@given(st.binary(max_size=200))
def test_noise_is_no_frame(data: bytes) -> None:
    with pytest.raises(FrameError):
        decode(KEY, data)
    assert fault(data) != GUEST.Fault.NONE


def test_a_strangers_frame_is_told_from_noise() -> None:
    strange = sample().encode(bytes(16))
    with pytest.raises(FrameError, match="not from one of us"):
        decode(KEY, strange)
    assert fault(strange) == GUEST.Fault.TAG


def test_a_short_frame_may_be_padded() -> None:
    data = sample().encode(KEY) + bytes(20)
    assert decode(KEY, data) == sample()
    assert fault(data) == GUEST.Fault.NONE
    assert fault(data[:100]) == GUEST.Fault.TRUNCATED


@pytest.mark.parametrize(
    "frame",
    [
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=20, data=b"too short"),
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=wire.MAX_MESSAGE + 1, data=bytes(wire.FRAGMENT_SIZE)),
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, fragment=1, message_size=5, data=b"12345"),
        Frame(NODE, HOST, Kind.ASK, 1, 2, 3, message_size=5, data=b"12345"),
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=5, name_size=6, data=b"12345"),
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=200, name_size=200, data=bytes(200)),
    ],
)
def test_fields_that_contradict_each_other(frame: Frame) -> None:
    assert fault(frame.encode(KEY)) == GUEST.Fault.FIELDS
