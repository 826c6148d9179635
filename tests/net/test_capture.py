"""Captures: tshark, an independent reader, sees the times, interfaces and directions that we meant."""

import shutil
import subprocess
from pathlib import Path

import pytest

from atoll.abi.wire import Kind
from atoll.net.capture import HELD_BACK_NS, Capture
from atoll.net.frame import Frame
from tests.net.simulation import HOST, KEY, NODE

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark: apt-get install tshark")


def fields(file: Path, names: tuple[str, ...], *options: str) -> list[list[str]]:
    """These fields of each frame, as tshark reads them."""
    command = ["tshark", "-r", str(file), *options, "-T", "fields", *(part for name in names for part in ("-e", name))]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in answer.stdout.splitlines()]


def hello() -> bytes:
    return Frame(NODE, HOST, Kind.HELLO, 1, 0).encode(KEY)


def test_times_interfaces_and_directions(tmp_path: Path) -> None:
    file = tmp_path / "run.pcapng"
    late = 123_456_789_012_345_678                             # nanoseconds; more than fits into 32 bits, or a float
    with Capture(file, ["node1", "node2"]) as capture:
        capture.frame(1, "node1", True, hello())
        capture.frame(20_003, "node2", False, hello())
        capture.frame(20_002, "host", True, hello())           # not one of ours
        capture.frame(late, "node2", True, hello() + bytes(900))
    assert fields(file, ("frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction", "frame.len")) == [
        ["0.000000001", "node1", "0x00000002", str(len(hello()))],
        ["0.000020003", "node2", "0x00000001", str(len(hello()))],
        ["123456789.012345678", "node2", "0x00000002", str(len(hello()) + 900)],
    ]


def test_frames_are_in_the_order_of_their_times(tmp_path: Path) -> None:
    file = tmp_path / "run.pcapng"
    times = [number * 7919 % 1000 * (HELD_BACK_NS // 2000) + number * 1000 for number in range(1000)]
    with Capture(file, ["node1"]) as capture:
        for time in times:
            capture.frame(time, "node1", True, hello())
    assert [round(float(time) * 1e9) for (time,) in fields(file, ("frame.time_epoch",))] == sorted(times)
