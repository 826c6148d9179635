"""A driver of virtio devices in Python: it sets up a slot and its queues in the board's RAM as a guest would."""

import struct
from collections.abc import Sequence

from atoll.machine.memory import Ram
from atoll.machine.virtio.queue import INDIRECT, NEXT, WRITE
from atoll.machine.virtio.transport import FEATURE_VERSION_1, Transport, VirtioDevice
from tests.machine.guest import RAM

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET = 1, 2, 4, 8, 64
SIZE = 8  # entries of each queue
AREA = 0x1_0000  # bytes of RAM for a queue and its buffers
STATUS, QUEUE_SELECT, QUEUE_SIZE, QUEUE_READY, NOTIFY = 0x70, 0x30, 0x38, 0x44, 0x50
INTERRUPT, INTERRUPT_DONE = 0x60, 0x64


class Slot:
    """A transport with its RAM and its interrupt line."""

    def __init__(self, device: VirtioDevice) -> None:
        self.ram = Ram(4 << 20)
        self.interrupt = False
        self.transport = Transport(device, self.ram, self._set_line, lambda: None)

    def _set_line(self, level: bool) -> None:
        self.interrupt = level

    def read(self, offset: int) -> int:
        return self.transport.read(offset, 4)

    def write(self, offset: int, value: int) -> None:
        self.transport.write(offset, 4, value)

    def negotiate(self, features: int | None = None) -> int:
        """Up to FEATURES_OK; answers the status."""
        offered = 0
        for word in (0, 1):
            self.write(0x14, word)
            offered |= self.read(0x10) << 32 * word
        accepted = offered if features is None else features
        self.write(STATUS, ACKNOWLEDGE | DRIVER)
        for word in (0, 1):
            self.write(0x24, word)
            self.write(0x20, accepted >> 32 * word & 0xFFFF_FFFF)
        self.write(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK)
        return self.read(STATUS)

    def start(self, queues: int = 1) -> list["DriverQueue"]:
        """Set everything up."""
        assert self.negotiate() & FEATURES_OK
        made = [DriverQueue(self, index) for index in range(queues)]
        self.write(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)
        return made

    @property
    def failed(self) -> bool:
        return self.read(STATUS) & NEEDS_RESET != 0


class DriverQueue:
    """The driver's side of a queue. Buffers are placed behind it, in order, and never reused."""

    def __init__(self, slot: Slot, index: int, address: int | None = None) -> None:
        self.slot, self.index = slot, index
        self.base = RAM + (1 + index) * AREA if address is None else address
        self.available, self.used = self.base + 0x400, self.base + 0x800
        self.next_buffer = self.base + 0x1000
        self.offered = 0
        slot.write(QUEUE_SELECT, index)
        slot.write(QUEUE_SIZE, SIZE)
        for offset, address_ in ((0x80, self.base), (0x90, self.available), (0xA0, self.used)):
            slot.write(offset, address_ & 0xFFFF_FFFF)
            slot.write(offset + 4, address_ >> 32)
        slot.write(QUEUE_READY, 1)

    def buffer(self, data: bytes) -> int:
        """Place bytes; answers their address."""
        address = self.next_buffer
        self.slot.ram.write(address, data)
        self.next_buffer += len(data) + 15 & ~15
        return address

    def descriptor(self, index: int, address: int, size: int, flags: int = 0, following: int = 0) -> None:
        """Write one, whatever it says."""
        self.slot.ram.write(self.base + 16 * index, struct.pack("<QIHH", address, size, flags, following))

    def offer(self, head: int, notify: bool = True) -> None:
        """Put a chain into the available ring, and have the device look."""
        self.slot.ram.write(self.available + 4 + 2 * (self.offered % SIZE), struct.pack("<H", head))
        self.offered += 1
        self.slot.ram.write(self.available + 2, struct.pack("<H", self.offered & 0xFFFF))
        if notify:
            self.slot.write(NOTIFY, self.index)
            self.slot.transport.serve()

    def send(self, parts: Sequence[bytes | int], indirect: bool = False) -> list[int]:
        """Offer a chain: bytes are to be read, a number is room to be written. Answers the addresses of the parts."""
        addresses = [self.buffer(part if isinstance(part, bytes) else b"\xee" * part) for part in parts]
        entries = []
        for index, part in enumerate(parts):
            size, flags = (len(part), 0) if isinstance(part, bytes) else (part, WRITE)
            more = NEXT if index + 1 < len(parts) else 0
            entries.append((addresses[index], size, flags | more, index + 1))
        if indirect:
            table = self.buffer(b"".join(struct.pack("<QIHH", *entry) for entry in entries))
            self.descriptor(0, table, 16 * len(entries), INDIRECT)
        else:
            for index, entry in enumerate(entries):
                self.descriptor(index, *entry)
        self.offer(0)
        return addresses

    def done(self) -> list[tuple[int, int]]:
        """What came back so far: head and number of bytes written."""
        (count,) = struct.unpack("<H", self.slot.ram.read(self.used + 2, 2))
        return [struct.unpack("<II", self.slot.ram.read(self.used + 4 + 8 * (at % SIZE), 8)) for at in range(count)]


__all__ = ["AREA", "FEATURE_VERSION_1", "SIZE", "DriverQueue", "Slot"]
