"""Frames: what the host writes the guest reads, and the other way round; what is damaged or strange neither takes."""

import ctypes
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.abi import wire
from atoll.abi.raw import address_of
from atoll.abi.types import u64
from atoll.abi.wire import Kind
from atoll.net.envelope import Announcement, Envelope, RemoteGate
from atoll.net.frame import ALL_FRAGMENTS, MESSAGES, SINGLE, Frame, FrameError, decode, fragment_size, fragments_of
from atoll.net.seal import seal_key, tag_and_sum
from tests.net.guest import guest_frame, guest_key, placed
from tests.net.simulation import HOST, KEY, NODE
from tests.net.test_siphash import siphash

GUEST = guest_frame()
SEAL_KEY = guest_key(KEY)
WORD = st.integers(0, ALL_FRAGMENTS)
ANNOUNCEMENT = Announcement(1, 2, 3, 10**9, 1 << 27, 1 << 26, 0, "node1").encode()


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Any sound frame."""
    kind = draw(st.sampled_from(Kind))
    least = wire.ENVELOPE_SIZE if kind in (*MESSAGES, *SINGLE) else 0
    size = draw(st.integers(least, wire.FRAGMENT_SIZE if kind in SINGLE else wire.MAX_MESSAGE))
    fragment = draw(st.integers(0, fragments_of(size) - 1))
    data = b""
    if kind in (*MESSAGES, *SINGLE):
        data = bytes(draw(st.randoms()).randbytes(fragment_size(size, fragment)))
    elif kind is Kind.ANNOUNCE:
        size, fragment, data = wire.ANNOUNCEMENT_SIZE, 0, ANNOUNCEMENT
    return Frame(
        NODE, HOST, kind, draw(WORD), draw(WORD), draw(WORD), draw(st.integers(0, 65535)), fragment, size,
        draw(st.integers(0, 65535)), draw(WORD), data,
    )  # fmt: skip


def fault(data: bytes) -> Any:
    frame, _place = placed(GUEST, data)
    return GUEST.Fault(int(frame.check(SEAL_KEY)))


def sample(data: bytes = b"0123456789") -> Frame:
    data = Envelope().encode() + data
    return Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=len(data), data=data)


@given(frames())
def test_there_and_back(frame: Frame) -> None:
    data = frame.encode(KEY)
    assert len(data) <= wire.MAX_FRAME
    assert decode(KEY, data) == frame


@given(frames())
def test_the_guest_reads_what_the_host_writes(frame: Frame) -> None:
    guest, _place = placed(GUEST, frame.encode(KEY))
    assert guest.check(SEAL_KEY) == GUEST.Fault.NONE
    assert guest.destination == int.from_bytes(NODE, "little") and guest.source == int.from_bytes(HOST, "little")
    assert guest.number(wire.TRANSACTION, 8) == frame.transaction
    assert guest.kind == frame.kind
    assert guest.number(wire.FRAGMENT, 2) == frame.fragment
    assert guest.number(wire.MESSAGE_SIZE, 4) == frame.message_size
    assert guest.number(wire.BITS, 8) == frame.bits
    assert bytes(guest.payload()) == frame.data


@given(frames())
def test_the_host_reads_what_the_guest_writes(frame: Frame) -> None:
    guest, _place = placed(GUEST, b"\xff" * wire.MAX_FRAME)  # what was there before does not show
    guest.clear(u64(int.from_bytes(NODE, "little")), u64(int.from_bytes(HOST, "little")))
    fields = (
        (wire.SESSION, 8, frame.session), (wire.PEER, 8, frame.peer), (wire.TRANSACTION, 8, frame.transaction),
        (wire.KIND, 1, frame.kind), (wire.CHANNEL, 2, frame.channel), (wire.FRAGMENT, 2, frame.fragment),
        (wire.FRAGMENTS, 2, fragments_of(frame.message_size)), (wire.MESSAGE_SIZE, 4, frame.message_size),
        (wire.NODE, 2, frame.node), (wire.BITS, 8, frame.bits),
    )  # fmt: skip
    for offset, size, value in fields:
        guest.put(offset, size, u64(value))
    guest.enclose(frame.data)
    guest.seal(SEAL_KEY)
    assert bytes(guest.bytes) == frame.encode(KEY)


@given(st.tuples(WORD, WORD, WORD, WORD), st.binary(min_size=16, max_size=16), WORD, WORD)
def test_an_envelope_there_and_back(words: tuple[int, int, int, int], identity: bytes, badge: int, more: int) -> None:
    envelope = Envelope(words, RemoteGate(identity, badge), RemoteGate(identity, more), 5, more, 1, 2, more, 1)
    data = envelope.encode()
    assert Envelope.decode(data) == envelope
    for offset, value in ((wire.BADGE, badge), (wire.HANDLE_BADGE, more), (wire.WAY, 1), (wire.NAME_SIZE, 2)):
        assert int.from_bytes(data[offset : offset + 8], "little") == value


def test_an_announcement_there_and_back() -> None:
    assert Announcement.decode(ANNOUNCEMENT) == Announcement(1, 2, 3, 10**9, 1 << 27, 1 << 26, 0, "node1")
    assert ANNOUNCEMENT[wire.ANNOUNCED_NAME :].rstrip(b"\0") == b"node1"


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
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=200, data=bytes(190)),
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, message_size=wire.MAX_MESSAGE + 1, data=bytes(wire.FRAGMENT_SIZE)),
        Frame(NODE, HOST, Kind.REQUEST, 1, 2, 3, fragment=1, message_size=200, data=bytes(200)),
        Frame(NODE, HOST, Kind.REPLY, 1, 2, 3, message_size=100, data=bytes(100)),
        Frame(NODE, HOST, Kind.ASK, 1, 2, 3, message_size=5, data=b"12345"),
        Frame(NODE, HOST, Kind.QUERY, 1, 2, 3, message_size=1500, data=bytes(wire.FRAGMENT_SIZE)),
        Frame(NODE, HOST, Kind.ANNOUNCE, 1, 2, 3, message_size=64, data=bytes(64)),
    ],
)
def test_fields_that_contradict_each_other(frame: Frame) -> None:
    with pytest.raises(FrameError):
        decode(KEY, frame.encode(KEY))
    assert fault(frame.encode(KEY)) == GUEST.Fault.FIELDS


def test_an_announced_name_is_not_longer_than_its_place() -> None:
    data = bytearray(ANNOUNCEMENT)
    data[wire.ANNOUNCED_NAME_SIZE] = wire.MAX_NODE_NAME + 1
    frame = Frame(NODE, HOST, Kind.ANNOUNCE, 1, 2, 3, message_size=len(data), data=bytes(data))
    assert fault(frame.encode(KEY)) == GUEST.Fault.FIELDS


@settings(max_examples=settings().max_examples // 4)  # the interpreted one takes its time
@given(st.binary(min_size=16, max_size=16), st.integers(0, wire.FRAGMENT_SIZE // wire.DATA_UNIT), st.randoms())
def test_the_seal_is_what_it_says(key: bytes, units: int, random: Random) -> None:
    """NH and the sum against their definitions; and the guest's seal, interpreted, against the same compiled."""
    body = random.randbytes(wire.DATA + units * wire.DATA_UNIT)
    words = [int.from_bytes(body[place : place + 8], "little") for place in range(0, len(body), 8)]
    data = words[wire.DATA // 8 :]
    pad = [siphash(key, number.to_bytes(8, "little")) for number in range(2 + len(data))]
    sums = [(word + more) % 2**64 for word, more in zip(data, pad[2:], strict=True)]
    nh = sum(a * b for a, b in zip(sums[::2], sums[1::2], strict=True)) % 2**128
    own_key = b"".join(word.to_bytes(8, "little") for word in pad[:2])
    tag = siphash(own_key, body[: wire.DATA] + nh.to_bytes(16, "little"))
    assert tag_and_sum(key, body) == (tag, sum(words) % 2**64)
    kept, drawn = ctypes.create_string_buffer(body, len(body)), guest_key(key)
    interpreted = GUEST.tag_and_sum(address_of(drawn), u64(ctypes.addressof(kept)), u64(len(body)))
    assert interpreted == (tag, sum(words) % 2**64)


def test_every_word_of_the_longest_data_has_its_own_of_the_pad() -> None:
    pad = list(seal_key(KEY))
    assert len(pad) == 2 + wire.FRAGMENT_SIZE // 8 and len(set(pad)) == len(pad)
    body = bytes(wire.DATA + wire.FRAGMENT_SIZE)
    tags = {tag_and_sum(KEY, body)[0]}
    for place in range(len(body)):
        tags.add(tag_and_sum(KEY, body[:place] + b"\x01" + body[place + 1 :])[0])
    assert len(tags) == 1 + len(body)
