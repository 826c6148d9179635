"""virtio-mmio: the registers of one slot, modern (version 2); what device is behind them is its own file.

The driver's notifications are only noted here: queues are served between two blocks of guest code. A driver that
breaks the rules gets DEVICE_NEEDS_RESET, and the device stands still until it is reset. Source: VIRTIO 1.2, sections
2.1 and 4.2.
"""

from collections.abc import Callable
from typing import Any, Protocol

from atoll.machine.memory import Ram
from atoll.machine.virtio.queue import LARGEST, Queue, QueueError

MAGIC = 0x7472_6976  # "virt"
VERSION = 2
VENDOR = 0x554D_4551  # "QEMU": as on the board that this one is

FEATURE_INDIRECT = 1 << 28
FEATURE_VERSION_1 = 1 << 32

DRIVER_OK, FEATURES_OK, NEEDS_RESET = 4, 8, 64  # bits of the status
QUEUE_INTERRUPT, CONFIGURATION_INTERRUPT = 1, 2

CONFIGURATION = 0x100
QUEUE_ADDRESSES = {
    0x80: ("descriptors", 0), 0x84: ("descriptors", 32), 0x90: ("available", 0),
    0x94: ("available", 32), 0xA0: ("used", 0), 0xA4: ("used", 32),
}  # fmt: skip


class VirtioDevice(Protocol):
    """What is behind a slot."""

    device_id: int
    features: int
    queues: int

    def configuration(self) -> bytes:
        """The device's own registers."""

    def serve(self, index: int, queue: Queue) -> bool:
        """Work on what a queue holds; whether anything was given back. A broken queue raises QueueError."""

    def reset(self) -> None:
        """The driver starts anew."""

    def save(self) -> dict[str, Any]:
        """The device's own state."""

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""


class Transport:
    """One slot with a device in it."""

    def __init__(
        self, device: VirtioDevice, ram: Ram, set_line: Callable[[bool], None], wake: Callable[[], None]
    ) -> None:
        self.device = device
        self._set_line = set_line
        self._wake = wake  # asks that `serve` be called soon
        self._queues = [Queue(ram) for _ in range(device.queues)]
        self.reset()

    def reset(self) -> None:
        """The driver wrote 0 to the status."""
        self.status = 0
        self._interrupt = 0
        self._feature_words = {"device": 0, "driver": 0}  # which half is looked at
        self._accepted = 0
        self._selected = 0
        self._generation = 0
        self.notified: set[int] = set()  # queues for which there is something to do
        for queue in self._queues:
            queue.reset()
        self.device.reset()

    # ---- between blocks ----

    def notify(self, index: int) -> None:
        """There is something to do for a queue."""
        self.notified.add(index)

    def serve(self) -> None:
        """Serve the queues that were notified."""
        while self.notified and self.status & DRIVER_OK and not self.status & NEEDS_RESET:
            index = min(self.notified)
            self.notified.discard(index)
            if index >= len(self._queues) or not self._queues[index].ready:
                continue
            queue = self._queues[index]
            try:
                if self.device.serve(index, queue) and queue.wants_interrupt:
                    self._interrupt |= QUEUE_INTERRUPT
            except QueueError:
                self._fail()
            self._set_line(self._interrupt != 0)

    def _fail(self) -> None:
        self.status |= NEEDS_RESET
        self._generation = (self._generation + 1) & 0xFFFF_FFFF
        if self.status & DRIVER_OK:
            self._interrupt |= CONFIGURATION_INTERRUPT

    # ---- registers ----

    def read(self, offset: int, size: int) -> int:
        """A register; the device's own part can be read in any width, the rest by 32 bits."""
        if offset >= CONFIGURATION:
            start = offset - CONFIGURATION
            return int.from_bytes(self.device.configuration()[start : start + size], "little")
        if size != 4:
            return 0
        queue = self._queue
        values: dict[int, int] = {
            0x00: MAGIC,
            0x04: VERSION,
            0x08: self.device.device_id,
            0x0C: VENDOR,
            0x10: self._offered_half(),
            0x34: LARGEST if queue else 0,
            0x44: int(queue.ready) if queue else 0,
            0x60: self._interrupt,
            0x70: self.status,
            0xFC: self._generation,
        }
        return values.get(offset, 0)

    def write(self, offset: int, size: int, value: int) -> None:
        """A register. No device here has writable registers of its own."""
        if size != 4:
            return
        if offset == 0x14:
            self._feature_words["device"] = value
        elif offset == 0x20:
            self._accept(value)
        elif offset == 0x24:
            self._feature_words["driver"] = value
        elif offset == 0x30:
            self._selected = value
        elif offset == 0x50:
            self.notify(value & 0xFFFF)
            self._wake()
        elif offset == 0x64:
            self._interrupt &= ~value
        elif offset == 0x70:
            self._set_status(value)
        else:
            self._set_queue(offset, value)
        self._set_line(self._interrupt != 0)

    @property
    def _queue(self) -> Queue | None:
        return self._queues[self._selected] if self._selected < len(self._queues) else None

    def _offered_half(self) -> int:
        word = self._feature_words["device"]
        return self.device.features >> 32 * word & 0xFFFF_FFFF if word < 2 else 0

    def _accept(self, value: int) -> None:
        word = self._feature_words["driver"]
        if word < 2 and not self.status & FEATURES_OK:
            self._accepted = self._accepted & ~(0xFFFF_FFFF << 32 * word) | value << 32 * word

    def _set_status(self, value: int) -> None:
        if value == 0:
            self.reset()
            return
        acceptable = self._accepted & ~self.device.features == 0 and self._accepted & FEATURE_VERSION_1
        if value & FEATURES_OK and not acceptable:
            value &= ~FEATURES_OK
        self.status = value & 0xBF | self.status & NEEDS_RESET

    def _set_queue(self, offset: int, value: int) -> None:
        queue = self._queue
        if queue is None:
            return
        if offset == 0x44:
            self._set_ready(queue, value & 1 != 0)
        elif not queue.ready and offset == 0x38:
            queue.size = value & 0xFFFF
        elif not queue.ready and offset in QUEUE_ADDRESSES:
            name, shift = QUEUE_ADDRESSES[offset]
            address = getattr(queue, name) & ~(0xFFFF_FFFF << shift) | value << shift
            setattr(queue, name, address)

    def _set_ready(self, queue: Queue, ready: bool) -> None:
        if ready and not queue.ready:
            queue.indirect = self._accepted & FEATURE_INDIRECT != 0
            try:
                queue.check()
            except QueueError:
                self._fail()
                return
        queue.ready = ready

    # ---- saving ----

    def save(self) -> dict[str, Any]:
        """Registers, queues, device."""
        return {
            "status": self.status, "interrupt": self._interrupt, "accepted": self._accepted,
            "feature_words": dict(self._feature_words), "selected": self._selected, "generation": self._generation,
            "notified": sorted(self.notified), "queues": [queue.save() for queue in self._queues],
            "device": self.device.save(),
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self.status, self._interrupt, self._accepted = saved["status"], saved["interrupt"], saved["accepted"]
        self._feature_words = dict(saved["feature_words"])
        self._selected, self._generation = saved["selected"], saved["generation"]
        self.notified = set(saved["notified"])
        for queue, state in zip(self._queues, saved["queues"], strict=True):
            queue.restore(state)
        self.device.restore(saved["device"])


class EmptySlot:
    """A slot without a device: it says what it is, and that device 0 is in it."""

    def read(self, offset: int, size: int) -> int:
        """The first registers only."""
        return {0x00: MAGIC, 0x04: VERSION, 0x0C: VENDOR}.get(offset, 0) if size == 4 else 0

    def write(self, offset: int, size: int, value: int) -> None:
        """Nothing listens."""
