"""The split virtqueue: descriptor chains that a driver offers, and the ring in which they are given back.

Everything here was written by the guest, so everything is checked: what makes no sense raises `QueueError`, on which
the device asks to be reset. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 2.7.
"""

import struct
from dataclasses import dataclass, field
from typing import Any

from atoll.machine.memory import OutsideRamError, Ram

NEXT, WRITE, INDIRECT = 1, 2, 4  # flags of a descriptor
NO_INTERRUPT = 1  # flag of the available ring
DESCRIPTOR_SIZE = 16
LARGEST = 1024  # entries of a queue
LONGEST_CHAIN = 64 << 20  # bytes; no driver comes near, and it bounds what one request can cost the host


class QueueError(Exception):
    """The driver broke the rules of the queue."""


@dataclass
class Chain:
    """One request: stretches of RAM to read from, then stretches to write to, as (address, size)."""

    head: int
    ram: Ram
    readable: list[tuple[int, int]] = field(default_factory=list)
    writable: list[tuple[int, int]] = field(default_factory=list)

    @property
    def readable_size(self) -> int:
        """Bytes from the driver."""
        return sum(size for _, size in self.readable)

    @property
    def writable_size(self) -> int:
        """Room for the device's answer."""
        return sum(size for _, size in self.writable)

    def read(self, skip: int = 0, size: int | None = None) -> bytes:
        """Bytes from the driver, from an offset on."""
        data = b"".join(self.ram.read(address, length) for address, length in self.readable)
        return data[skip:] if size is None else data[skip : skip + size]

    def write(self, data: bytes, skip: int = 0) -> None:
        """Bytes for the driver, at an offset into its room; there must be enough of it."""
        for address, size in self.writable:
            if skip < size and data:
                part = data[: size - skip]
                self.ram.write(address + skip, part)
                data = data[len(part) :]
                skip = 0
            else:
                skip -= min(skip, size)
        if data:
            raise QueueError("the answer does not fit into the buffers")


class Queue:
    """One queue of a device: its three areas in RAM, and how far each side has come."""

    def __init__(self, ram: Ram) -> None:
        self._ram = ram
        self.reset()

    def reset(self) -> None:
        """As before the driver set it up."""
        self.size = 0
        self.ready = False
        self.descriptors = self.available = self.used = 0  # physical addresses
        self.indirect = False  # whether the driver accepted indirect descriptors
        self._seen = 0  # index into the available ring
        self._given = 0  # index into the used ring

    def take(self) -> Chain | None:
        """The next chain that the driver offers."""
        offered = self._half(self.available + 2)
        if offered == self._seen:
            return None
        if (offered - self._seen) & 0xFFFF > self.size:
            raise QueueError("more chains are offered than the queue has entries")
        head = self._half(self.available + 4 + 2 * (self._seen % self.size))
        self._seen = (self._seen + 1) & 0xFFFF
        return self._follow(head)

    def put_back(self) -> None:
        """The chain that was taken last has not been used: it comes again."""
        self._seen = (self._seen - 1) & 0xFFFF

    def give(self, chain: Chain, written: int) -> None:
        """Return a chain, with the number of bytes written to it."""
        entry = self.used + 4 + 8 * (self._given % self.size)
        self._store(entry, struct.pack("<II", chain.head, written))
        self._given = (self._given + 1) & 0xFFFF
        self._store(self.used + 2, struct.pack("<H", self._given))

    @property
    def wants_interrupt(self) -> bool:
        """Whether the driver wants to hear of returned chains."""
        return self._half(self.available) & NO_INTERRUPT == 0

    def check(self) -> None:
        """Refuse a set-up that cannot work; called when the driver says that the queue is ready."""
        if not 0 < self.size <= LARGEST or self.size & (self.size - 1):
            raise QueueError(f"a queue cannot have {self.size} entries")
        areas = (
            (self.descriptors, DESCRIPTOR_SIZE * self.size, 16),
            (self.available, 4 + 2 * self.size, 2),
            (self.used, 4 + 8 * self.size, 4),
        )
        for address, size, alignment in areas:
            if address % alignment or not self._ram.holds(address, size):
                raise QueueError(f"a part of the queue lies at {address:#x}")

    def _follow(self, head: int) -> Chain:
        chain = Chain(head, self._ram)
        table, entries, index = self.descriptors, self.size, head
        total = steps = 0
        while True:
            if index >= entries or steps > self.size:
                raise QueueError("a chain of descriptors leaves its table, or never ends")
            address, size, flags, following = struct.unpack(
                "<QIHH", self._load(table + DESCRIPTOR_SIZE * index, DESCRIPTOR_SIZE)
            )
            steps += 1
            if flags & INDIRECT:
                if not self.indirect or table != self.descriptors or flags & (NEXT | WRITE):
                    raise QueueError("an indirect descriptor where none may be")
                if size == 0 or size % DESCRIPTOR_SIZE or size > DESCRIPTOR_SIZE * LARGEST:
                    raise QueueError("an indirect table of an impossible size")
                table, entries, index = address, size // DESCRIPTOR_SIZE, 0
                continue
            total += size
            if total > LONGEST_CHAIN or not self._ram.holds(address, size):
                raise QueueError(f"a buffer of {size} bytes at {address:#x}")
            if not flags & WRITE and chain.writable:
                raise QueueError("a buffer to read stands behind one to write")
            (chain.writable if flags & WRITE else chain.readable).append((address, size))
            if not flags & NEXT:
                return chain
            index = following

    def _half(self, address: int) -> int:
        return int.from_bytes(self._load(address, 2), "little")

    def _load(self, address: int, size: int) -> bytes:
        try:
            return self._ram.read(address, size)
        except OutsideRamError as error:
            raise QueueError(str(error)) from error

    def _store(self, address: int, data: bytes) -> None:
        try:
            self._ram.write(address, data)
        except OutsideRamError as error:
            raise QueueError(str(error)) from error

    def save(self) -> dict[str, Any]:
        """Where it lies and how far it has come."""
        return {
            "size": self.size, "ready": self.ready, "indirect": self.indirect, "seen": self._seen, "given": self._given,
            "descriptors": self.descriptors, "available": self.available, "used": self.used,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self.size, self.ready, self.indirect = saved["size"], saved["ready"], saved["indirect"]
        self.descriptors, self.available, self.used = saved["descriptors"], saved["available"], saved["used"]
        self._seen, self._given = saved["seen"], saved["given"]
