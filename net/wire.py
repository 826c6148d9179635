"""A wire between two stations: what a frame's way takes by bandwidth and latency, in virtual time."""

from dataclasses import dataclass
from typing import Any

SECOND = 1_000_000_000
OVERHEAD = 24  # bytes that Ethernet sends around each frame: preamble 8, checksum 4, gap 12


@dataclass(frozen=True)
class Medium:
    """What a wire is made of."""

    bits_per_second: int = 1_000_000_000
    latency_ns: int = 10_000

    def __post_init__(self) -> None:
        if self.bits_per_second <= 0 or self.latency_ns < 0:
            raise ValueError("a wire has a bandwidth, and no negative latency")


class Direction:
    """One of a wire's two directions: frames go one behind the other."""

    def __init__(self, medium: Medium) -> None:
        self.medium = medium
        self.frames = self.bytes = 0
        self._free_ns = 0  # when the last bit of the last frame is on the wire

    def arrival(self, frame: bytes, now_ns: int) -> int:
        """When the last bit of a frame that is sent now arrives."""
        bits = 8 * (len(frame) + OVERHEAD)
        self._free_ns = max(self._free_ns, now_ns) + -(-bits * SECOND // self.medium.bits_per_second)
        self.frames += 1
        self.bytes += len(frame)
        return self._free_ns + self.medium.latency_ns

    def save(self) -> list[int]:
        """How far it has come."""
        return [self.frames, self.bytes, self._free_ns]

    def restore(self, saved: list[int]) -> None:
        """The opposite of `save`."""
        self.frames, self.bytes, self._free_ns = saved


class Wire:
    """A node's card at one end, a station of the host at the other."""

    def __init__(self, medium: Medium) -> None:
        self.to_node = Direction(medium)
        self.to_host = Direction(medium)

    def save(self) -> dict[str, Any]:
        """Both directions."""
        return {"to_node": self.to_node.save(), "to_host": self.to_host.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self.to_node.restore(saved["to_node"])
        self.to_host.restore(saved["to_host"])
