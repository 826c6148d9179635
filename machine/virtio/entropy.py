"""virtio-rng: random bytes for the guest, a function of the board's seed: the same in every run. VIRTIO 1.2, section
5.4.
"""

from hashlib import shake_256
from typing import Any

from atoll.machine.virtio.queue import Queue
from atoll.machine.virtio.transport import FEATURE_INDIRECT, FEATURE_VERSION_1

MOST = 1 << 16  # bytes for one request: a driver asks again if it wants more


class Entropy:
    """A generator behind a virtio slot; one queue."""

    device_id = 4
    queues = 1
    features = FEATURE_VERSION_1 | FEATURE_INDIRECT

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._requests = 0

    def configuration(self) -> bytes:
        """It has no registers of its own."""
        return b""

    def reset(self) -> None:
        """The sequence goes on."""

    def serve(self, index: int, queue: Queue) -> bool:
        """Fill what is offered."""
        served = False
        while (chain := queue.take()) is not None:
            data = shake_256(b"%d %d" % (self._seed, self._requests)).digest(min(chain.writable_size, MOST))
            self._requests += 1
            chain.write(data)
            queue.give(chain, len(data))
            served = True
        return served

    def save(self) -> dict[str, Any]:
        """How far the sequence has come."""
        return {"requests": self._requests}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._requests = saved["requests"]
