"""A node of a cluster that QEMU runs: a process with our kernel, whose card is at a datagram socket of ours.

It lives in real time, outside the cluster's: what it does depends on the host, and it cannot be saved.
"""

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from atoll.abi.bootargs import QUIET
from atoll.cluster.node import Settings, command_line, station_address
from atoll.cluster.plan import NodePlan
from atoll.cluster.qemu import OLDEST_WITH_DATAGRAMS, devices, find_qemu, machine
from atoll.images.recipe import Image
from atoll.machine.board import Board, Stop, StopReason
from atoll.machine.errors import StateError

LONGEST_FRAME = 65536
READ_AT_ONCE = 1 << 16  # bytes of the console
OURS, THEIRS = "ours", "qemu"  # the sockets' names in the node's folder
END_SECONDS = 10.0  # that QEMU may take to end when it is told to


class QemuNode:
    """The process, from one power-on to the next; the same to its cluster as a Node."""

    is_paused = False

    def __init__(self, number: int, plan: NodePlan, image: Image, settings: Settings) -> None:
        self.number = number
        self.name = plan.name
        self.address = station_address(number)
        self.starts = 0  # how often it was switched on
        self.ended: StopReason | None = None  # how it ended by itself since then
        self.missed = 0  # frames that it could not be given
        self.sent = self.received = 0  # frames, by its card
        self.console = bytearray()  # all that was printed, by its firmware too
        self._plan, self._image, self._settings = plan, image, settings
        self._program = find_qemu(OLDEST_WITH_DATAGRAMS)
        self._folder = tempfile.TemporaryDirectory(prefix="atoll-qemu-")
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    @property
    def board(self) -> Board:
        """There is none. Raises StateError."""
        raise StateError(f"{self.name} runs on QEMU: it has no board that could be looked at, saved or restored")

    def connect(self, transmit: Callable[[bytes], int | None]) -> None:
        """Its frames come from `come`, at the edges of windows."""

    # ---- power ----

    def start(self, _now_ns: int) -> None:
        """Switch it on (again)."""
        self.crash()
        self.starts += 1
        self.ended = None
        folder = Path(self._folder.name)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(folder / OURS))
        self._process = subprocess.Popen(
            self._command(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def _command(self, folder: Path) -> list[str]:
        words = [word for word in self._image.bootargs.split() if word != QUIET]
        told = command_line(words, self.name, self.number, self.starts, self._settings)
        net = (
            "-netdev",
            f"dgram,id=net,local.type=unix,local.path={folder / THEIRS},remote.type=unix,remote.path={folder / OURS}",
        )
        return [
            *machine(self._program, folder, replace(self._image, bootargs=told), self._plan.memory),
            *devices(self._disk(folder), self.address, net), "-monitor", "none", "-serial", "stdio",
        ]  # fmt: skip

    def _disk(self, folder: Path) -> Path:
        """Its disk as a file; a copy of its own stays from one start to the next."""
        if isinstance(self._plan.disk, Path):
            return self._plan.disk
        file = folder / "disk.img"
        if not file.exists():
            file.write_bytes(self._plan.disk or b"")
        return file

    def crash(self) -> None:
        """Switch it off, without any warning to the guest."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(END_SECONDS)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if self._socket is not None:
            self._socket.close()
        self._process = self._socket = None
        for name in (OURS, THEIRS):
            (Path(self._folder.name) / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is left of it but a disk that is kept."""
        self.crash()
        self._folder.cleanup()

    def pause(self) -> None:
        """Not possible."""
        raise StateError(f"{self.name} runs on QEMU, in real time: it cannot be paused")

    def resume(self, _now_ns: int) -> None:
        """It always runs."""

    @property
    def is_on(self) -> bool:
        """Whether it is switched on."""
        return self._process is not None

    @property
    def runs(self) -> bool:
        """Whether it is on and has not ended."""
        return self.is_on and self.ended is None

    @property
    def state(self) -> str:
        """That in a word or a few."""
        if not self.is_on:
            return "off"
        return "on, on QEMU" if self.ended is None else f"ended: {self.ended}"

    # ---- time: it has its own ----

    @property
    def time_ns(self) -> int:
        """It is never late."""
        return 1 << 62

    @property
    def idle(self) -> bool:
        """Nobody can see whether it is."""
        return False

    @property
    def wakes_ns(self) -> int | None:
        """It is not for the cluster to run it."""
        return None

    def advance(self, until_ns: int) -> None:
        """It advances by itself."""

    # ---- frames and console ----

    @property
    def files(self) -> list[int]:
        """Descriptors that can be read when it has something to say."""
        assert self._socket is not None and self._process is not None and self._process.stdout is not None
        return [self._socket.fileno(), self._process.stdout.fileno()]

    def come(self) -> list[bytes]:
        """Take what has come: the frames; console and end are noted."""
        frames: list[bytes] = []
        if not self.runs or self._socket is None:
            return frames
        with contextlib.suppress(BlockingIOError):
            while True:
                frames.append(self._socket.recv(LONGEST_FRAME))
        self.sent += len(frames)
        self._read_console()
        return frames

    def _read_console(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        while data := self._process.stdout.read(READ_AT_ONCE):
            self.console += data
        if data is None:  # nothing more for now, and it is not closed
            return
        self.ended = StopReason(Stop.EXIT, self._process.wait(END_SECONDS))

    def take(self, frame: bytes, _at_ns: int) -> None:
        """A frame comes to its card."""
        try:
            assert self._socket is not None
            self._socket.sendto(frame, str(Path(self._folder.name) / THEIRS))
            self.received += 1
        except (OSError, AssertionError):  # it is off, has not opened its card yet, or does not empty it
            self.missed += 1

    def press(self, keys: bytes, _now_ns: int) -> None:
        """Keys at its console; nothing if it does not run."""
        if self.runs and self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(keys)
                self._process.stdin.flush()

    # ---- figures and states ----

    def save(self) -> dict[str, Any]:
        """Not possible."""
        raise StateError(f"{self.name} runs on QEMU: a cluster with it cannot be saved")

    def restore(self, _saved: dict[str, Any]) -> None:
        """Not possible either."""
        raise StateError(f"{self.name} runs on QEMU: a cluster with it cannot be restored")

    def stats(self) -> dict[str, Any]:
        """What is known of it."""
        return {
            "machine": "qemu", "frames_sent": self.sent, "frames_received": self.received,
            "frames_missed": self.missed, "starts": self.starts,
        }  # fmt: skip
