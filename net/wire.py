"""One way of a link: what a frame takes by bandwidth and latency, how many may wait for it, and what goes wrong.

All in virtual time; what is drawn depends on the seed, the direction's name and the frame's number only.
"""

from collections import deque
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any

SECOND = 1_000_000_000
OVERHEAD = 24  # bytes that Ethernet sends around each frame: preamble 8, checksum 4, gap 12
MOST_DAMAGE = 4  # bits of a corrupted frame that are turned over
LATEST = 16  # a frame that loses its place comes so many latencies and frame times late at most
FRAME_TIME_BYTES = 1514  # of the frame time meant there

Arrival = tuple[int, bytes]  # when, and what


@dataclass(frozen=True)
class Medium:
    """What a link is made of; `queue` is how many frames may wait for it, the one that is being sent included."""

    bits_per_second: int = 1_000_000_000
    latency_ns: int = 10_000
    queue: int = 1024

    def __post_init__(self) -> None:
        if self.bits_per_second <= 0 or self.latency_ns < 0:
            raise ValueError("a wire has a bandwidth, and no negative latency")
        if self.queue < 1:
            raise ValueError("a wire has room for one frame at least")

    def frame_time(self, size: int) -> int:
        """Nanoseconds that a frame of `size` bytes occupies the link."""
        return -(-8 * (size + OVERHEAD) * SECOND // self.bits_per_second)


@dataclass(frozen=True)
class Faults:
    """How bad a link is: chances for each frame from 0 to 1, how many times slower it is, whether it is cut."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    corruption: float = 0.0
    slow: int = 1
    cut: bool = False

    def __post_init__(self) -> None:
        for name in ("loss", "duplication", "reordering", "corruption"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a chance from 0 to 1, not {getattr(self, name)}")
        if self.slow < 1:
            raise ValueError("a link can be 1 or more times slower")

    @property
    def draws(self) -> bool:
        """Whether anything is left to chance."""
        return bool(self.loss or self.duplication or self.reordering or self.corruption)


SOUND = Faults()


@dataclass
class Counts:
    """What became of the frames. offered = frames + cut + overflowed; arrivals = frames - lost + doubled."""

    frames: int = 0  # that were sent
    bytes: int = 0  # of those
    cut: int = 0  # offered while the link was cut
    overflowed: int = 0  # offered while the queue was full
    lost: int = 0
    doubled: int = 0
    late: int = 0  # copies that lost their place
    damaged: int = 0  # copies with bits turned over


class Direction:
    """One of a link's two directions: frames go one behind the other."""

    def __init__(self, medium: Medium, name: str = "", seed: int = 0) -> None:
        self.medium = medium
        self.faults = SOUND
        self.counts = Counts()
        self._name = f"{seed} {name}"
        self._leaving: deque[int] = deque()  # when the last bit of each frame that waits is on the wire
        self._free_ns = 0  # and of the last frame of all

    def reseed(self, name: str, seed: int) -> None:
        """Another seed for what is drawn from now on."""
        self._name = f"{seed} {name}"

    def send(self, frame: bytes, now_ns: int) -> list[Arrival]:
        """A frame is to leave now; when its last bit arrives: never, once or twice. Times do not go backwards."""
        counts, faults = self.counts, self.faults
        while self._leaving and self._leaving[0] <= now_ns:
            self._leaving.popleft()
        if faults.cut:
            counts.cut += 1
            return []
        if len(self._leaving) >= self.medium.queue:
            counts.overflowed += 1
            return []
        counts.frames += 1
        counts.bytes += len(frame)
        arrival = self._occupy(frame, now_ns)
        if not faults.draws:
            return [(arrival, frame)]
        return self._suffer(frame, arrival, Random(f"{self._name} {counts.frames}"))

    def _occupy(self, frame: bytes, now_ns: int) -> int:
        """The link is taken for a frame's time; when its last bit arrives."""
        slow = self.faults.slow
        self._free_ns = max(self._free_ns, now_ns) + slow * self.medium.frame_time(len(frame))
        self._leaving.append(self._free_ns)
        return self._free_ns + slow * self.medium.latency_ns

    def _suffer(self, frame: bytes, arrival: int, draw: Random) -> list[Arrival]:
        """What chance makes of a frame that has been sent."""
        if draw.random() < self.faults.loss:
            self.counts.lost += 1
            return []
        arrivals = [arrival]
        if draw.random() < self.faults.duplication:
            self.counts.doubled += 1
            arrivals.append(self._occupy(frame, arrival - self.faults.slow * self.medium.latency_ns))
        return [self._blur(frame, time, draw) for time in arrivals]

    def _blur(self, frame: bytes, arrival: int, draw: Random) -> Arrival:
        """A copy's place and bits."""
        if draw.random() < self.faults.reordering:
            self.counts.late += 1
            arrival += draw.randrange(1, LATEST * (self.medium.latency_ns + self.medium.frame_time(FRAME_TIME_BYTES)))
        if frame and draw.random() < self.faults.corruption:
            self.counts.damaged += 1
            data = bytearray(frame)
            for bit in draw.sample(range(8 * len(data)), draw.randint(1, MOST_DAMAGE)):
                data[bit // 8] ^= 1 << bit % 8
            frame = bytes(data)
        return arrival, frame

    def save(self) -> dict[str, Any]:
        """How far it has come, and how bad it is."""
        return {
            "counts": asdict(self.counts), "faults": asdict(self.faults), "leaving": list(self._leaving),
            "free": self._free_ns, "drawn_for": self._name,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self.counts, self.faults = Counts(**saved["counts"]), Faults(**saved["faults"])
        self._leaving, self._free_ns, self._name = deque(saved["leaving"]), saved["free"], saved["drawn_for"]


def total(counts: list[Counts]) -> dict[str, int]:
    """The sums over several directions."""
    return {field.name: sum(getattr(each, field.name) for each in counts) for field in fields(Counts)}
