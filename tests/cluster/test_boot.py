"""`atoll boot` of several nodes as a user meets it: lines for each, captures, statistics, refusals."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from tests.net.test_capture import fields

LINES = """echo here > /etc/mine
sync
!node node2
ls /home | grep mine
!node
!crash node1
!cut node2 node3
!loss 2
!node node3
echo three
!heal
!start node1
!node node1
cat /etc/mine
false
"""


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def atoll(cache: Cache, repository: Path) -> Run:
    """A function that runs a command to its end: status, output, messages."""

    def run(*words: object, lines: str = "") -> tuple[int, str, str]:
        process = subprocess.run(
            [sys.executable, "-m", "atoll", *map(str, words)], input=lines, capture_output=True, text=True, check=False,
            cwd=repository, env=os.environ | {"ATOLL_CACHE": str(cache.directory.parent)},
        )  # fmt: skip
        return process.returncode, process.stdout, process.stderr

    return run


def test_lines_for_several_nodes(atoll: Run, tmp_path: Path) -> None:
    """What each node has is its own; a node that was off has its disk again; twice the same, with any threads."""
    runs = []
    for threads in (1, 2):
        stats, pcap = tmp_path / f"{threads}.json", tmp_path / f"{threads}.pcapng"
        status, output, messages = atoll(
            "boot", "--nodes", 3, "--seed", 5, "--threads", threads, "--stats", stats, "--pcap", pcap, lines=LINES
        )
        assert status == 1, messages
        assert messages.splitlines() == [
            "atoll: seed 5; time is virtual: 1 ns for each instruction at 1000 MHz",
            *(f"node{number}: 128 MiB, 1000 MHz, a fresh disk, which is not kept" for number in (1, 2, 3)),
        ]
        figures = json.loads(stats.read_text())
        assert figures.pop("host_seconds") > 0
        runs.append((output, figures, pcap.read_bytes()))
    assert runs[0] == runs[1]
    output, figures, capture = runs[0]
    assert output.split("\n") == [
        "  node1            on", "* node2            on", "  node3            on",
        "node1 is off: its memory is lost; `start` switches it on", "three",
        "files: the journal was replayed: 1 transactions", "here", "",
    ]  # fmt: skip
    assert [figures["nodes"][f"node{number}"]["starts"] for number in (1, 2, 3)] == [2, 1, 1]
    assert len(capture) > sum(node["frames_sent"] for node in figures["nodes"].values()) * 124


def test_what_a_capture_shows(atoll: Run, repository: Path, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("no tshark: apt-get install tshark")
    file = tmp_path / "run.pcapng"
    assert atoll("boot", "--nodes", 2, "--pcap", file, "-c", "!node node2; true")[0] == 0
    names = ("frame.interface_name", "frame.time_epoch", "atoll.name", "atoll.kind")
    rows = fields(file, names, "-X", f"lua_script:{repository / 'net' / 'atoll.lua'}", "-Y", "atoll.name")
    assert {(name, kind) for _, _, name, kind in rows} == {("/services/shell", "2")}
    times = [float(time) for _, time, _, _ in rows]
    assert times == sorted(times) and 0.001 < times[-1] < 10
    assert "node2" in {interface for interface, *_ in rows}


def test_a_cluster_file(atoll: Run, repository: Path, tmp_path: Path) -> None:
    """Nodes with disks that are kept beside the file: two runs, the second finds what the first wrote."""
    file = tmp_path / "pair.toml"
    file.write_text('[[nodes]]\nname = "a"\n[[nodes]]\nname = "b"\nspeed = 500\ndisk = "b.img"\n')
    status, _, messages = atoll("boot", file, "-c", "!node b; echo kept > /etc/x; sync")
    assert status == 0 and f"b: 128 MiB, 500 MHz, disk {tmp_path / 'b.img'}, which is kept" in messages
    assert atoll("boot", file, "-c", "!node b; cat /etc/x")[1].endswith("kept\n")
    assert atoll("boot", file, "-c", "cat /etc/x")[0] != 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--nodes", 3, "--disk", "x.img"), "several nodes cannot have the same disk"),
        (("--nodes", 65), "a cluster of 65 nodes is not possible: it can have 1 to 64"),
        (("images/clusters/one.toml", "--nodes", 2), "is said by the cluster file"),
        (("images/system.toml",), "images/system.toml: nodes: this key is missing"),
    ],
)
def test_what_is_refused(atoll: Run, words: tuple[object, ...], message: str) -> None:
    status, output, messages = atoll("boot", *words, "-c", "true")
    assert (status, output) == (2, "")
    assert message in messages and "Traceback" not in messages
