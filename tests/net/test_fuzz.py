"""A node among lunatics: thousands of forged frames come to its network server, which stands, and forgets nothing.

A million: `pytest -m long tests/net/test_fuzz.py`.
"""

from pathlib import Path
from typing import Any

import pytest

from atoll.abi.cpython.memory import offsets
from atoll.cluster.cluster import Cluster
from atoll.cluster.node import station_address
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.servers.files.interface import File, Files, OpenFlag
from atoll.servers.network.interface import Network, NetworkFigures
from tests.net.forging import NUMBER, Forger

FIGURES = Path("tests") / "system" / "programs" / "figures.py"
COUNTED = ("processes", "threads", "ports", "gates", "sets", "memories", "mappings", "interrupts", "handles")
KEPT = ("exports", "busy", "clients", "proxies", "waiting")  # of the network server's own figures
BATCH = 500  # frames at once: fewer than the card holds back
LIMIT = 2_000_000_000  # nanoseconds of virtual time for a batch
QUIET = 15.0  # seconds: after so long the server has forgotten who says nothing
TEXT = b"what was there before\n"


class Victim:
    """A node with figures, and a file that the host has open: an export of the network server."""

    def __init__(self, repository: Path, cache: Cache, seed: int) -> None:
        self.cluster = Cluster(seed=seed)
        self.cluster.start()
        put_file(self.cluster, compile_file(repository / FIGURES, "program", cache=cache), "/bin/figures")
        put_file(self.cluster, TEXT, "/text")
        node = self.cluster.node
        self.forger = Forger(seed, self.cluster.settings.key, station_address(NUMBER), node.address)
        self.cluster.engine.network.taps.append(self.forger.hear)
        self.file: File = self.cluster.client(Files, "/services/files").open("/text", OpenFlag.READ)
        self.read()
        self.inject([self.forger.hello(), *self.forger.announcements()])
        self.cluster.advance(0.01)
        assert self.forger.peer != 0, "the node does not answer the forger"

    def read(self) -> bytes:
        """A call of the open file."""
        data: Any = bytearray(100)
        return bytes(data[: self.file.read_at(0, data)])

    def inject(self, frames: list[bytes]) -> None:
        """Let these frames come to the card, and the server see them."""
        port = self.cluster.node.board.port
        end = port.received + port.dropped + len(frames)
        for frame in frames:
            self.cluster.node.board.deliver(frame)
        self.cluster.check(self.cluster.engine.run(
            self.cluster.time_ns + LIMIT, lambda: port.received + port.dropped >= end
        ))
        assert port.received + port.dropped >= end, "the server takes no frames any more"

    def check(self) -> None:
        """What worked works."""
        assert self.read() == TEXT
        assert self.cluster.run("echo still here").output == "still here\n"

    def figures(self) -> dict[str, int]:
        """What the kernel counts, and the server, after a time of quiet."""
        self.cluster.advance(QUIET)
        words = dict(line.split() for line in self.cluster.run("figures").output.splitlines())
        own = self.own_figures()
        return {name: int(words[name]) for name in COUNTED} | {name: own[name] for name in KEPT}

    def own_figures(self) -> dict[str, int]:
        """What the server counts."""
        data: Any = self.cluster.client(Network, "/services/network").figures()
        places, _, _ = offsets(NetworkFigures)
        return {name: int.from_bytes(data[place : place + 8], "little") for name, place in places.items()}


def besiege(victim: Victim, count: int) -> None:
    """So many frames; then everything is as it was, and works."""
    victim.check()  # the first time more gets mapped than there was
    before = victim.figures()
    for done in range(0, count, BATCH):
        victim.inject([victim.forger.frame() for _ in range(min(BATCH, count - done))])
        assert victim.read() == TEXT
    victim.check()
    assert victim.figures() == before


def test_forged_frames(repository: Path, cache: Cache) -> None:
    victim = Victim(repository, cache, 11)
    besiege(victim, 4000)
    exports = victim.own_figures()["exports"]
    victim.cluster.release(victim.file)
    assert victim.own_figures()["exports"] == exports - 1  # it was one all the time


@pytest.mark.long
def test_a_million_forged_frames(repository: Path, cache: Cache) -> None:
    besiege(Victim(repository, cache, 12), 1_000_000)
