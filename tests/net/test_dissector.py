"""The Wireshark dissector reads in each frame what we wrote into it, and stands whatever else it is given."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from atoll.abi import wire
from atoll.abi.wire import Kind, Outcome, Way
from atoll.net.capture import Capture
from atoll.net.envelope import Announcement, Envelope, RemoteGate
from atoll.net.frame import Frame
from tests.net.simulation import HOST, KEY, NODE
from tests.net.test_capture import fields

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark: apt-get install tshark")

NAMES = ("session", "peer", "transaction", "kind", "channel", "fragment", "fragments", "message_size", "data_size",
         "node", "bits", "word", "target", "badge", "handle", "handle_badge", "handle_kind", "handle_node", "way",
         "name_size", "room", "taken", "name")  # fmt: skip
BIG = 2**64 - 3


def read(repository: Path, folder: Path, frames: list[bytes], *names: str) -> list[list[str]]:
    """These fields of the frames."""
    file = folder / "run.pcapng"
    with Capture(file, ["node1"]) as capture:
        for number, frame in enumerate(frames):
            capture.frame(number, "node1", True, frame)
    return fields(file, names, "-X", f"lua_script:{repository / 'net' / 'atoll.lua'}")


def carrying(kind: Kind, **more: object) -> Frame:
    values: dict[str, object] = {"transaction": 7, **more}
    return Frame(NODE, HOST, kind, 1, 2, **values)         # type: ignore[arg-type]


def message(envelope: Envelope, rest: bytes = b"") -> dict[str, Any]:
    """Fields of a frame that has a whole message in it."""
    data = envelope.encode() + rest
    return {"message_size": len(data), "data": data}


def test_every_field(repository: Path, tmp_path: Path) -> None:
    envelope = Envelope((1, BIG, 3, 4), RemoteGate(bytes(range(16)), BIG), RemoteGate(bytes(range(1, 17)), 5), 5, 7, 4,
                        14, 65536, 1)  # fmt: skip
    data = envelope.encode() + b"/services/echo\0\0" + bytes(30)
    frame = Frame(NODE, HOST, Kind.REQUEST, BIG, 2**63, 99, 513, 0, len(data), 254, BIG, data)
    (values,) = read(repository, tmp_path, [frame.encode(KEY)], *(f"atoll.{name}" for name in NAMES))
    assert values == [
        f"{BIG:#018x}", f"{2**63:#018x}", "99", "2", "513", "0", "1", str(len(data)), str(len(data)), "254",
        f"{BIG:#018x}", f"{1:#018x},{BIG:#018x},{3:#018x},{4:#018x}", bytes(range(16)).hex(), f"{BIG:#018x}",
        bytes(range(1, 17)).hex(), f"{5:#018x}", "5", "7", "4", "14", "65536", "1", "/services/echo",
    ]  # fmt: skip


def test_an_announcement(repository: Path, tmp_path: Path) -> None:
    data = Announcement(3, 2, BIG, 10**9, 1 << 27, 1 << 26, 1, "node3").encode()
    frame = carrying(Kind.ANNOUNCE, transaction=0, message_size=len(data), data=data)
    names = ("announced", "incarnation", "start", "speed", "memory", "free", "leaving", "node_name")
    shown = (*(f"atoll.{name}" for name in names), "_ws.col.Info")
    (values,) = read(repository, tmp_path, [frame.encode(KEY)], *shown)
    assert values == [
        "3", "2", f"{BIG:#018x}", "1000000000", str(1 << 27), str(1 << 26), "1", "node3", "ANNOUNCE 0 node3",
    ]  # fmt: skip


def test_what_is_shown_in_the_list(repository: Path, tmp_path: Path) -> None:
    frames = [carrying(kind) for kind in Kind]
    frames += [carrying(Kind.REPLY, **message(Envelope(way=outcome))) for outcome in Outcome]
    frames += [carrying(Kind.REQUEST, **message(Envelope(way=way))) for way in Way]
    size = wire.FRAGMENT_SIZE + 8
    frames.append(carrying(Kind.REPLY, fragment=1, message_size=size, data=bytes(8)))
    frames.append(carrying(Kind.REQUEST, **message(Envelope(name_size=14), b"/services/echo\0\0")))
    frames.append(carrying(Kind.QUERY, **message(Envelope(target=RemoteGate(bytes(range(16)))))))
    shown = read(repository, tmp_path, [frame.encode(KEY) for frame in frames], "_ws.col.Protocol", "_ws.col.Info")
    assert {protocol for protocol, _ in shown} == {"Atoll"}
    texts = [text.split() for _, text in shown]
    assert [text[0] for text in texts[: len(Kind)]] == [kind.name for kind in Kind]
    answers = texts[len(Kind) :][: len(Outcome)]
    assert [text[-1] for text in answers] == [outcome.name for outcome in Outcome]
    assert [text[-2] for text in texts[: -3][-len(Way) :]] == [way.name for way in Way]
    assert [text for _, text in shown[-3:]] == [
        "REPLY 7 2/2", "REQUEST 7 1/1 CALL /services/echo", f"QUERY 7 {bytes(range(16)).hex()}",
    ]  # fmt: skip


def test_damage_is_seen(repository: Path, tmp_path: Path) -> None:
    sound = carrying(Kind.REPLY, **message(Envelope(), bytes(13))).encode(KEY)
    changed = [bytearray(sound) for _ in range(3)]
    for frame, place in zip(changed, (20, wire.DATA + 2, 8), strict=True):   # in header, data and Ethernet address
        frame[place] ^= 4
    frames = [sound, *map(bytes, changed), sound[:100], sound[:-9], sound[:70]]
    answers = [text for (text,) in read(repository, tmp_path, frames, "_ws.expert.message")]
    wrong, short = "The checksum is wrong", "The frame is too short"
    assert answers == ["", wrong, wrong, wrong, short, short, short]


def test_noise_is_no_error_of_the_dissector(repository: Path, tmp_path: Path) -> None:
    draw = random.Random(5)
    frames = [NODE + HOST + b"\x88\xb5" + draw.randbytes(draw.randrange(1500)) for _ in range(200)]
    for kind in Kind:                                          # whole, but for what they carry
        data = draw.randbytes(draw.randrange(1, wire.FRAGMENT_SIZE))
        frames.append(carrying(kind, message_size=len(data), data=data).encode(KEY))
    answers = read(repository, tmp_path, frames, "_ws.col.Protocol", "_ws.lua.error", "_ws.expert.message")
    assert len(answers) == len(frames)
    assert {answer[0] for answer in answers} == {"Atoll"} and {answer[1] for answer in answers} == {""}
    assert {answer[2] for answer in answers} <= {"The frame is too short", "The checksum is wrong", ""}
