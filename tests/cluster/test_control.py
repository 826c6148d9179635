"""The pieces of control: messages, sockets of the living and the dead, and the server's side against bare sockets."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.cluster.cluster import Cluster
from atoll.cluster.control import places, server
from atoll.cluster.control.client import Connection as Client
from atoll.cluster.control.places import Listener, choose, running
from atoll.cluster.control.protocol import LONGEST, PROTOCOL, Lines, ProtocolError, bytes_of, encode, text_of
from atoll.cluster.control.server import Control
from atoll.cluster.guard import CommandError
from atoll.images.recipe import Image


@pytest.fixture(autouse=True)
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where these tests' clusters are found."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "atoll"


# ---- messages ----
@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.none())), st.integers(1, 40))
def test_messages_survive_any_cut(messages: list[dict[str, Any]], size: int) -> None:
    data = b"".join(map(encode, messages))
    lines, found = Lines(), []
    for start in range(0, len(data), size):
        found += lines.feed(data[start : start + size])
    assert found == messages


@given(st.binary())
def test_bytes_of_consoles(data: bytes) -> None:
    assert bytes_of(text_of(data)) == data


@pytest.mark.parametrize("line", [b"x", b"[1]", b"\xff", b"x" * (LONGEST + 1)])
def test_what_is_no_message(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        Lines().feed(line + b"\n")
    with pytest.raises(ProtocolError):
        Lines().feed(b"x" * (LONGEST + 1))      # nobody fills our memory with a line that never ends
    with pytest.raises(ProtocolError):
        bytes_of("\u20ac")


# ---- sockets ----
def test_names_and_the_dead(directory: Path) -> None:
    assert running() == []
    with pytest.raises(CommandError, match="no cluster is running"):
        choose(None)
    one = Listener()
    assert (one.name, choose(None), directory.stat().st_mode & 0o777) == ("1", "1", 0o700)
    named, two = Listener("lab"), Listener()
    assert running() == ["1", "2", "lab"]
    with pytest.raises(CommandError, match="several clusters are running: say --cluster with one of 1, 2, lab"):
        choose(None)
    with pytest.raises(CommandError, match="there is no running cluster 3; there are 1, 2, lab"):
        choose("3")
    with pytest.raises(CommandError, match="the name lab is running already"):
        Listener("lab")
    one.socket.close()                          # as if its process had died
    assert running() == ["2", "lab"] and not (directory / "1.socket").exists()
    assert Listener().name == "1"
    named.close()
    two.close()
    assert running() == []


@pytest.mark.parametrize("name", ["", "A", "-x", "a/b", "x" * 32])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(CommandError, match="a cluster's name is"):
        Listener(name)


def test_a_directory_that_others_can_use_is_refused(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    with pytest.raises(CommandError, match="must be a directory that is yours alone"):
        running()


def test_a_path_that_is_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    with pytest.raises(CommandError, match="too long"):
        Listener()


# ---- the server's side ----
class Peer:
    """Somebody who has connected, without any manners."""

    def __init__(self, control: Control) -> None:
        self.socket = places.connect(control.name, 5.0)
        self.socket.setblocking(False)
        self._control = control
        self._lines = Lines(0)
        self._found: list[dict[str, Any]] = []
        assert self.next()["protocol"] == PROTOCOL

    def send(self, **message: object) -> None:
        self.socket.sendall(encode(message))

    def next(self) -> dict[str, Any]:
        """The next message, which the server has to have sent after a few looks."""
        for _ in range(10):
            if self._found:
                return self._found.pop(0)
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                self._control.serve()
                continue
            if not data:
                return {"closed": True}
            self._found = self._lines.feed(data)
        return {}

    def ask(self, **message: object) -> dict[str, Any]:
        self.send(**message)
        return self.next()


@pytest.fixture
def control(node_image: Image) -> Iterator[Control]:
    """Of two nodes that are on."""
    with Cluster(nodes=2, seed=7, image=node_image) as cluster:
        for node in ("node1", "node2"):
            cluster.wait_for("/services/echo", node=node)
        made = Control(cluster, Listener())
        yield made
        made.close(0)


def test_two_who_watch_a_console(control: Control) -> None:
    peers = [Peer(control), Peer(control)]
    for peer in peers:
        assert peer.ask(do="attach", node="node2") == {"attached": "node2", "state": "on"}
        assert peer.next() == {"output": "7 services\n"}
    control.cluster.find("node2").console += b"\xff!"
    assert [peer.next() for peer in peers] == [{"output": "\xff!"}] * 2
    control.cluster.crash("node2")
    assert [peer.next() for peer in peers] == [{"state": "off"}] * 2
    assert peers[0].ask(do="attach", node="node3") == {"error": "there is no node node3; there are node1, node2"}


def test_keys_are_typed_at_the_edge_of_a_window(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = []
    node = control.cluster.find("node2")
    monkeypatch.setattr(node.board, "feed", lambda keys, at: typed.append((keys, at)))
    peer = Peer(control)
    peer.ask(do="attach", node="node2")
    peer.send(keys="a\xe4")
    peer.next()
    assert typed == [(b"a\xe4", control.cluster.time_ns)]
    node.crash()
    peer.send(keys="b")
    peer.next()
    assert len(typed) == 1                      # nobody types at a node that is off


def test_who_does_not_read_costs_nothing(control: Control) -> None:
    """What waits for a slow reader is in the console only; he misses nothing."""
    node = control.cluster.find("node2")
    peer = Peer(control)
    peer.ask(do="attach", node="node2")
    text = b"".join(b"%d\n" % number for number in range(200_000))
    node.console += text
    for _ in range(300):
        control.serve()
    assert all(len(connection.out) < 1 << 17 for connection in control._connections)
    seen = ""
    while not seen.endswith("199999\n"):
        seen += peer.next()["output"]
    assert seen.encode() == b"7 services\n" + text


@pytest.mark.parametrize(
    "message", [{"keys": "x"}, {"do": "dance"}, {"do": "monitor", "line": 7}, {"do": "monitor", "line": "node"}, {}]
)
def test_who_does_not_speak_the_protocol(control: Control, message: dict[str, Any]) -> None:
    peer = Peer(control)
    assert "that is not the control protocol" in peer.ask(**message)["error"]
    assert peer.next() == {"closed": True}
    assert len(Peer(control).ask(do="list")["nodes"]) == 2


def test_lines_for_the_monitor(control: Control, tmp_path: Path) -> None:
    peer = Peer(control)

    def line(text: str, node: str | None = None) -> dict[str, Any]:
        return peer.ask(do="monitor", line=text, node=node, directory=str(tmp_path))

    (tmp_path / "x.py").write_text("def main() -> None:\n    y\n")
    assert line("crash", "node2")["text"].startswith("node2 is off")
    assert control.cluster.node.name == "node1"
    assert line("node node2")["status"] == 0 and control.cluster.node.name == "node2"
    assert "is off: `start` switches it on" in line("run x.py")["error"] or "x.py" in line("run x.py")["error"]
    assert "there is no monitor command" in line("dance")["error"]


def test_a_line_that_nobody_waits_for_ends(control: Control, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0)
    peer, other = Peer(control), Peer(control)
    other.ask(do="attach", node="node1")
    looks = 0

    def leave() -> None:
        nonlocal looks
        looks += 1
        if looks == 5:
            peer.socket.close()

    control.cluster.engine.watch = leave
    before = control.cluster.time_ns
    peer.send(do="monitor", line="advance 60m", directory=str(tmp_path))
    for _ in range(3):
        control.serve()
    assert before < control.cluster.time_ns < before + 10**9
    assert control.cluster.engine.watch == leave


def test_the_end_is_told(control: Control) -> None:
    peer = Peer(control)
    peer.ask(do="attach", node="node1")
    control.close(5)
    assert [peer.next(), peer.next(), peer.next()] == [{"output": "7 services\n"}, {"end": 5}, {"closed": True}]


def test_another_version(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.cluster.control.client.PROTOCOL", PROTOCOL + 1)
    accept: Callable[[], bool] = control.serve
    monkeypatch.setattr(
        "atoll.cluster.control.client.connect",
        lambda name, patience: (places.connect(name, patience), accept())[0],
    )
    with pytest.raises(CommandError, match="they do not understand each other"):
        Client()


def test_sockets_are_not_inherited(control: Control) -> None:
    assert not control._listener.socket.get_inheritable()
    assert control._listener.socket.family == socket.AF_UNIX
