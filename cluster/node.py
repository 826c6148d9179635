"""A node of a cluster: its board, what it is told at power-on, and what its console has printed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any

from atoll.abi import bootargs
from atoll.cluster.plan import NodePlan
from atoll.images.recipe import Image
from atoll.machine.board import Board, Stop, StopReason
from atoll.machine.config import BoardConfig, Hooks
from atoll.net.switch import GROUP

MIB = 1 << 20
MEGAHERTZ = 1_000_000
FIRST_ADDRESS = 0x0200_0000_0000  # Ethernet addresses: locally administered, then the station's number
HOST_NUMBER = 0xFE  # the host's station


@dataclass(frozen=True)
class Settings:
    """What is the same for all nodes of a cluster."""

    seed: int = 0
    hooks: Hooks = "native"
    interactive: bool = False  # whether somebody sits at the console
    patience: int = 1  # by which all of the network's times are multiplied

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


def command_line(words: Sequence[str], name: str, number: int, starts: int, settings: Settings, speed: int = 0) -> str:
    """The kernel's command line: the image's words, then what a node is told when it is switched on. `speed` in MHz, if
    known.
    """
    told = [
        *words, f"{bootargs.NODE}={name}", f"{bootargs.NUMBER}={number}", f"{bootargs.INCARNATION}={starts}",
        f"{bootargs.SEED}={settings.seed}", f"{bootargs.KEY}={settings.key.hex()}",
    ]  # fmt: skip
    if settings.patience != 1:
        told.append(f"{bootargs.PATIENCE}={settings.patience}")
    if speed:
        told.append(f"{bootargs.SPEED}={speed * MEGAHERTZ}")
    return " ".join([*told, bootargs.INTERACTIVE] if settings.interactive else told)


class Node:
    """One machine, which can be switched off and on again."""

    def __init__(self, number: int, plan: NodePlan, image: Image, settings: Settings) -> None:
        self.number = number
        self.name = plan.name
        self.address = station_address(number)
        self.starts = 0  # how often it was switched on
        self.is_on = False
        self.is_paused = False  # its CPU stands still
        self.ended: StopReason | None = None  # how it ended by itself since then
        self.missed = 0  # frames that came while it was off
        self.console = bytearray()  # all that was printed
        self._settings = settings
        self._words = image.bootargs.split()
        self._speed = plan.speed
        config = BoardConfig(
            ram_bytes=plan.memory * MIB, clock_hz=plan.speed * MEGAHERTZ, drift_ppm=plan.drift, disk=plan.disk,
            hooks=settings.hooks, network=True, mac=self.address, seed=settings.seed + number,
        )  # fmt: skip
        self.board = Board(config)
        self.board.load_kernel(image.kernel)
        self.board.load_initrd(image.initrd)
        self.board.uart.output = self.console.extend

    def connect(self, transmit: Callable[[bytes], int | None]) -> None:
        """Give each frame that its card sends to that function, which says when it arrives, if it does."""

        def send(frame: bytes) -> None:
            arrival = transmit(frame)
            if arrival is not None:
                self.board.stop_by(arrival)

        self.board.port.transmit = send

    # ---- power ----

    def start(self, now_ns: int) -> None:
        """Switch it on (again)."""
        self.starts += 1
        self.is_on, self.is_paused, self.ended = True, False, None
        self.board.pass_time(now_ns)
        told = command_line(self._words, self.name, self.number, self.starts, self._settings, self._speed)
        self.board.config = replace(self.board.config, bootargs=told)
        self.board.boot()

    def close(self) -> None:
        """Nothing outside this process is left of it."""

    def crash(self) -> None:
        """Switch it off, without any warning to it."""
        self.is_on = self.is_paused = False

    def pause(self) -> None:
        """Its CPU stands still. Its clock goes on, and so does its card, until that can hold no more frames."""
        self.is_paused = True

    def resume(self, now_ns: int) -> None:
        """Its CPU goes on with the next instruction, and finds how late it is."""
        if self.is_paused:
            self.board.pass_time(now_ns)
            self.is_paused = False

    @property
    def runs(self) -> bool:
        """Whether it is on and has not ended."""
        return self.is_on and self.ended is None

    @property
    def state(self) -> str:
        """That in a word or a few."""
        if not self.is_on:
            return "off"
        if self.ended is not None:
            return f"ended: {self.ended}"
        return "paused" if self.is_paused else "on"

    # ---- running ----

    @property
    def time_ns(self) -> int:
        """How far it has come."""
        return self.board.time_ns

    @property
    def idle(self) -> bool:
        """Whether it waits for something from outside, or for a time."""
        return self.board.idle

    @property
    def wakes_ns(self) -> int | None:
        """When it does something next if nothing arrives; None: never."""
        return self.board.wakes_ns if self.runs and not self.is_paused else None

    def advance(self, until_ns: int) -> None:
        """Run to a time; shorter if it sends, or ends."""
        if self.is_paused:
            self.board.pass_time(until_ns)
            return
        reason = self.board.run(until_ns=until_ns)
        if reason.kind is not Stop.UNTIL:
            self.ended = reason

    def take(self, frame: bytes, at_ns: int) -> None:
        """A frame comes to the card, which only takes what is for its address, or for a group."""
        if not self.runs:
            self.missed += 1
        elif frame[: len(self.address)] == self.address or frame[0] & GROUP:
            self.board.deliver(frame, at_ns)

    def press(self, keys: bytes, now_ns: int) -> None:
        """Keys at its console; nothing if it does not run."""
        if self.runs:
            self.board.feed(keys, now_ns)

    # ---- figures and states ----

    def save(self) -> dict[str, Any]:
        """What there is besides the board."""
        ended = None if self.ended is None else [self.ended.kind.name, self.ended.status, self.ended.address]
        return {
            "console": bytes(self.console), "starts": self.starts, "is_on": self.is_on, "ended": ended,
            "missed": self.missed, "is_paused": self.is_paused,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self.console[:] = saved["console"]
        self.starts, self.is_on, self.missed = saved["starts"], saved["is_on"], saved["missed"]
        self.is_paused = saved["is_paused"]
        ended = saved["ended"]
        self.ended = None if ended is None else StopReason(Stop[ended[0]], ended[1], ended[2])

    def stats(self) -> dict[str, Any]:
        """What it has done so far; the same in every run."""
        board = self.board
        return {
            "instructions": board.instructions, "virtual_nanoseconds": board.time_ns, "idle_nanoseconds": board.idle_ns,
            "exceptions": board.exceptions, "frames_sent": board.port.sent, "frames_received": board.port.received,
            "frames_dropped": board.port.dropped, "frames_missed": self.missed, "starts": self.starts,
        }  # fmt: skip
