"""A node of a cluster: its board, what it is told at power-on, and what its console has printed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from atoll.abi import bootargs
from atoll.images.recipe import Image
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig, Hooks

MIB = 1 << 20
FIRST_ADDRESS = 0x0200_0000_0000  # Ethernet addresses: locally administered, then the station's number
HOST_NUMBER = 0xFE  # the host's station


@dataclass(frozen=True)
class Settings:
    """What a cluster is made of, besides its images."""

    seed: int = 0
    memory: int = 128  # MiB of each node
    disk: Path | bytes | None = None
    hooks: Hooks = "native"
    interactive: bool = False  # whether somebody sits at the console

    @property
    def key(self) -> bytes:
        """The key that all frames of the cluster are marked with."""
        return sha256(b"cluster key %d" % self.seed).digest()[:16]

    @property
    def host_session(self) -> int:
        """The session of the host's station."""
        return Random(f"host session {self.seed}").getrandbits(64)


def station_address(number: int) -> bytes:
    """The Ethernet address of a node, or of the host (HOST_NUMBER)."""
    return (FIRST_ADDRESS + number).to_bytes(6, "big")


def command_line(words: Sequence[str], number: int, starts: int, settings: Settings) -> str:
    """The kernel's command line: the image's words, then what a node is told when it is switched on."""
    told = [
        *words, f"{bootargs.NODE}=node{number}", f"{bootargs.NUMBER}={number}", f"{bootargs.INCARNATION}={starts}",
        f"{bootargs.SEED}={settings.seed}", f"{bootargs.KEY}={settings.key.hex()}",
    ]  # fmt: skip
    return " ".join([*told, bootargs.INTERACTIVE] if settings.interactive else told)


class Node:
    """One machine, which can be switched off and on again."""

    def __init__(self, number: int, image: Image, settings: Settings) -> None:
        self.number = number
        self.name = f"node{number}"
        self.address = station_address(number)
        self.starts = 0  # how often it was switched on
        self.console = bytearray()  # all that was printed
        self._settings = settings
        self._words = image.bootargs.split()
        config = BoardConfig(
            ram_bytes=settings.memory * MIB, disk=settings.disk, hooks=settings.hooks, network=True,
            mac=self.address, seed=settings.seed + number,
        )  # fmt: skip
        self.board = Board(config)
        self.board.load_kernel(image.kernel)
        self.board.load_initrd(image.initrd)
        self.board.uart.output = self.console.extend

    def start(self) -> None:
        """Switch it on (again)."""
        self.starts += 1
        told = command_line(self._words, self.number, self.starts, self._settings)
        self.board.config = replace(self.board.config, bootargs=told)
        self.board.boot()

    def save(self) -> dict[str, Any]:
        """What there is besides the board."""
        return {"console": bytes(self.console), "starts": self.starts}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self.console[:] = saved["console"]
        self.starts = saved["starts"]

    def stats(self) -> dict[str, Any]:
        """What it has done so far; the same in every run."""
        board = self.board
        return {
            "instructions": board.instructions, "virtual_nanoseconds": board.time_ns, "idle_nanoseconds": board.idle_ns,
            "exceptions": board.exceptions, "frames_sent": board.port.sent, "frames_received": board.port.received,
            "frames_dropped": board.port.dropped, "starts": self.starts,
        }  # fmt: skip
