"""virtio-net: Ethernet frames between the guest and whatever the host connects to its port. VIRTIO 1.2, section 5.1."""

from collections import deque
from collections.abc import Callable
from typing import Any

from atoll.machine.events import Timed
from atoll.machine.virtio.queue import Queue
from atoll.machine.virtio.transport import FEATURE_INDIRECT, FEATURE_VERSION_1

FEATURE_MAC = 1 << 5
FEATURE_STATUS = 1 << 16
RECEIVE, SEND = 0, 1
HEADER_SIZE = 12
HEADER = bytes(10) + b"\x01\x00"  # no offloads; the frame lies in one buffer
LINK_UP = b"\x01\x00"
LONGEST_FRAME = 65536
MOST_WAITING = 1024  # frames; the rest is dropped, as by any card that nobody empties


class FramePort:
    """The socket of the card: `transmit` is called with each frame that leaves, `deliver` brings one in."""

    def __init__(self) -> None:
        self.transmit: Callable[[bytes], None] = lambda frame: None
        self.incoming = Timed()
        self.sent = self.received = self.dropped = 0  # frames

    def deliver(self, frame: bytes, at: int) -> None:
        """A frame that arrives at a virtual time, in clock periods."""
        self.incoming.add(at, frame)


class Net:
    """A card behind a virtio slot; queue 0 receives, queue 1 sends."""

    device_id = 1
    queues = 2
    features = FEATURE_VERSION_1 | FEATURE_INDIRECT | FEATURE_MAC | FEATURE_STATUS

    def __init__(self, mac: bytes) -> None:
        self.mac = mac
        self.port = FramePort()
        self._waiting: deque[bytes] = deque()

    def configuration(self) -> bytes:
        """Address and link status."""
        return self.mac + LINK_UP

    def reset(self) -> None:
        """Frames that were waiting for the old driver are gone."""
        self._waiting.clear()

    def advance(self, now: int) -> bool:
        """Take in the frames that have arrived; whether there are any for the guest."""
        for frame in self.port.incoming.due(now):
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(frame)
            else:
                self.port.dropped += 1
        return bool(self._waiting)

    def serve(self, index: int, queue: Queue) -> bool:
        """Both directions."""
        return self._receive(queue) if index == RECEIVE else self._send(queue)

    def _receive(self, queue: Queue) -> bool:
        served = False
        while self._waiting and (chain := queue.take()) is not None:
            frame = self._waiting.popleft()
            if chain.writable_size < HEADER_SIZE + len(frame):
                queue.put_back()
                self.port.dropped += 1
                continue
            chain.write(HEADER + frame)
            queue.give(chain, HEADER_SIZE + len(frame))
            self.port.received += 1
            served = True
        return served

    def _send(self, queue: Queue) -> bool:
        served = False
        while (chain := queue.take()) is not None:
            if HEADER_SIZE < chain.readable_size <= HEADER_SIZE + LONGEST_FRAME:
                self.port.sent += 1
                self.port.transmit(chain.read(HEADER_SIZE))
            else:
                self.port.dropped += 1
            queue.give(chain, 0)
            served = True
        return served

    def save(self) -> dict[str, Any]:
        """Frames on their way in, and counters."""
        port = self.port
        return {
            "waiting": list(self._waiting), "incoming": port.incoming.save(),
            "counts": [port.sent, port.received, port.dropped],
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._waiting = deque(saved["waiting"])
        self.port.incoming.restore(saved["incoming"])
        self.port.sent, self.port.received, self.port.dropped = saved["counts"]
