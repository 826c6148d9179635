"""virtio-blk: read, write, flush and the name of the disk. Source: VIRTIO 1.2, section 5.2."""

import struct
from typing import Any

from atoll.machine.virtio.disk import SECTOR, Disk
from atoll.machine.virtio.queue import Chain, Queue, QueueError
from atoll.machine.virtio.transport import FEATURE_INDIRECT, FEATURE_VERSION_1

FEATURE_SEGMENTS_MAX = 1 << 2
FEATURE_READ_ONLY = 1 << 5
FEATURE_BLOCK_SIZE = 1 << 6
FEATURE_FLUSH = 1 << 9

READ, WRITE, FLUSH, GET_NAME = 0, 1, 4, 8
DONE, FAILED, UNSUPPORTED = 0, 1, 2
HEADER = struct.Struct("<IIQ")  # type, reserved, sector
NAME_SIZE = 20
SEGMENTS = 254


class Block:
    """A disk behind a virtio slot; one queue."""

    device_id = 2
    queues = 1

    def __init__(self, disk: Disk, name: str = "atoll") -> None:
        self.disk = disk
        self.features = (
            FEATURE_VERSION_1 | FEATURE_INDIRECT | FEATURE_SEGMENTS_MAX | FEATURE_BLOCK_SIZE | FEATURE_FLUSH
            | (FEATURE_READ_ONLY if disk.read_only else 0)
        )  # fmt: skip
        self._name = name.encode()[:NAME_SIZE].ljust(NAME_SIZE, b"\0")
        self.requests = 0

    def configuration(self) -> bytes:
        """Capacity in sectors, largest segment (not offered), segments in a request, geometry (not offered), block."""
        return struct.pack("<QIIIII", self.disk.size // SECTOR, 0, SEGMENTS, 0, SECTOR, 0)

    def reset(self) -> None:
        """Nothing is under way between two blocks of guest code."""

    def serve(self, index: int, queue: Queue) -> bool:
        """All requests that are there."""
        served = False
        while (chain := queue.take()) is not None:
            queue.give(chain, self._request(chain))
            self.requests += 1
            served = True
        return served

    def _request(self, chain: Chain) -> int:
        """One request; its status goes to the last byte that may be written. Answers the number of bytes written."""
        if chain.readable_size < HEADER.size or chain.writable_size < 1:
            raise QueueError("a request without a header or without room for its status")
        kind, _, sector = HEADER.unpack(chain.read(0, HEADER.size))
        room = chain.writable_size - 1
        try:
            status, answer = self._perform(kind, sector * SECTOR, chain, room)
        except OSError:
            status, answer = FAILED, b""
        chain.write(answer)
        chain.write(bytes((status,)), skip=room)
        return room + 1 if status == DONE and kind in (READ, GET_NAME) else 1

    def _perform(self, kind: int, offset: int, chain: Chain, room: int) -> tuple[int, bytes]:
        if kind == READ:
            if not self._within(offset, room):
                return FAILED, b""
            return DONE, self.disk.read(offset, room)
        if kind == WRITE:
            data = chain.read(HEADER.size)
            if self.disk.read_only or not self._within(offset, len(data)):
                return FAILED, b""
            self.disk.write(offset, data)
            return DONE, b""
        if kind == FLUSH:
            self.disk.flush()
            return DONE, b""
        if kind == GET_NAME:
            return DONE, self._name[:room]
        return UNSUPPORTED, b""

    def _within(self, offset: int, size: int) -> bool:
        return size % SECTOR == 0 and offset + size <= self.disk.size

    def save(self) -> dict[str, Any]:
        """What is on the disk belongs to the state of the machine."""
        return {"requests": self.requests, "disk": self.disk.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts the disk's contents back, too."""
        self.requests = saved["requests"]
        self.disk.restore(saved["disk"])
