"""The Wireshark dissector reads in each frame what we wrote into it, and stands whatever else it is given."""

import random
import shutil
from pathlib import Path

import pytest

from atoll.abi import wire
from atoll.abi.wire import Kind, Outcome
from atoll.net.capture import Capture
from atoll.net.frame import Frame
from tests.net.simulation import HOST, KEY, NODE
from tests.net.test_capture import fields

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark: apt-get install tshark")

NAMES = ("session", "peer", "transaction", "kind", "name_size", "channel", "fragment", "message_size", "room",
         "outcome", "word", "target", "data_size")  # fmt: skip
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


def test_every_field(repository: Path, tmp_path: Path) -> None:
    data = b"/services/echo\0\0" + bytes(30)
    frame = Frame(NODE, HOST, Kind.REQUEST, BIG, 2**63, 99, 513, 0, len(data), 14, 65536, Outcome.UNKNOWN,
                  (1, BIG, 3, 4), bytes(range(16)), data)  # fmt: skip
    (values,) = read(repository, tmp_path, [frame.encode(KEY)], *(f"atoll.{name}" for name in NAMES), "atoll.name")
    assert values == [
        f"{BIG:#018x}", f"{2**63:#018x}", "99", "2", "14", "513", "0", str(len(data)), "65536", "3",
        f"{1:#018x},{BIG:#018x},{3:#018x},{4:#018x}", bytes(range(16)).hex(), str(len(data)), "/services/echo",
    ]  # fmt: skip


def test_what_is_shown_in_the_list(repository: Path, tmp_path: Path) -> None:
    frames = [carrying(kind) for kind in Kind] + [carrying(Kind.REPLY, outcome=outcome) for outcome in Outcome]
    size = wire.FRAGMENT_SIZE + 8
    frames.append(carrying(Kind.REPLY, fragment=1, message_size=size, data=bytes(8)))
    name = b"/services/echo\0\0"
    frames.append(carrying(Kind.REQUEST, name_size=14, message_size=16, data=name))
    shown = read(repository, tmp_path, [frame.encode(KEY) for frame in frames], "_ws.col.Protocol", "_ws.col.Info")
    assert {protocol for protocol, _ in shown} == {"Atoll"}
    texts = [text for _, text in shown]
    assert [text.split()[0] for text in texts[: len(Kind)]] == [kind.name for kind in Kind]
    assert [text.split()[-1] for text in texts[len(Kind) : -2]] == [outcome.name for outcome in Outcome]
    assert texts[-2:] == ["REPLY 7 2/2 ANSWERED", "REQUEST 7 1/1 /services/echo"]


def test_damage_is_seen(repository: Path, tmp_path: Path) -> None:
    sound = carrying(Kind.REPLY, message_size=13, data=bytes(13)).encode(KEY)
    changed = [bytearray(sound) for _ in range(3)]
    for frame, place in zip(changed, (20, wire.DATA + 2, 8), strict=True):   # in header, data and Ethernet address
        frame[place] ^= 4
    frames = [sound, *map(bytes, changed), sound[:100], sound[:-9]]
    answers = [text for (text,) in read(repository, tmp_path, frames, "_ws.expert.message")]
    wrong, short = "The checksum is wrong", "The frame is too short"
    assert answers == ["", wrong, wrong, wrong, short, short]


def test_noise_is_no_error_of_the_dissector(repository: Path, tmp_path: Path) -> None:
    draw = random.Random(5)
    frames = [NODE + HOST + b"\x88\xb5" + draw.randbytes(draw.randrange(1500)) for _ in range(200)]
    answers = read(repository, tmp_path, frames, "_ws.col.Protocol", "_ws.lua.error", "_ws.expert.message")
    assert len(answers) == len(frames)
    assert {answer[0] for answer in answers} == {"Atoll"} and {answer[1] for answer in answers} == {""}
    assert {answer[2] for answer in answers} <= {"The frame is too short", "The checksum is wrong"}
