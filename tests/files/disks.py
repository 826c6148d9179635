"""Disks in memory for the file system under test: plain, recording (for power cuts), and failing ones."""

from __future__ import annotations

import random
from typing import Any

SECTOR = 512


class Disk:
    """An image in memory. `fail` says which accesses raise: it gets what is done, and the first sector."""

    def __init__(self, image: bytes, error: type[Exception]) -> None:
        self.image = bytearray(image)
        self.error = error
        self.reads = self.writes = self.flushes = 0
        self.bad_sectors: set[int] = set()
        self.bad_writes = False

    def read(self, _handle: int, sector: int, into: Any) -> None:
        size = len(into)
        self.check(sector, size)
        if self.bad_sectors & set(range(sector, sector + size // SECTOR)):
            raise self.error(f"sector {sector}")
        into[0:size] = bytes(self.image[sector * SECTOR : sector * SECTOR + size])
        self.reads += 1

    def write(self, _handle: int, sector: int, data: Any) -> None:
        self.check(sector, len(data))
        if self.bad_writes:
            raise self.error(f"sector {sector}")
        self.image[sector * SECTOR : sector * SECTOR + len(data)] = bytes(data)
        self.writes += 1

    def flush(self, _handle: int) -> None:
        if self.bad_writes:
            raise self.error("flush")
        self.flushes += 1

    def check(self, sector: int, size: int) -> None:
        """The rules of the block service."""
        assert 0 < size <= 65536 and size % SECTOR == 0
        assert 0 <= sector * SECTOR <= len(self.image) - size


class RecordingDisk(Disk):
    """It remembers every write, and where the flushes were, so that a power cut can be played at any point."""

    def __init__(self, image: bytes, error: type[Exception]) -> None:
        super().__init__(image, error)
        self.before = bytes(image)
        self.log: list[tuple[int, bytes] | str] = []  # writes; "flush"; marks of the test

    def write(self, handle: int, sector: int, data: Any) -> None:
        super().write(handle, sector, data)
        self.log.append((sector, bytes(data)))

    def flush(self, handle: int) -> None:
        super().flush(handle)
        self.log.append("flush")

    def restart(self) -> None:
        """Forget what was recorded; all of it has arrived."""
        self.before = bytes(self.image)
        self.log.clear()

    def mark(self, text: str) -> None:
        """Note what the test knows now."""
        self.log.append(text)

    def cut_after(self, count: int, chosen: random.Random) -> bytes:
        """What is on the disk when the power goes after `count` entries of the log.

        Of what was written since the last flush any sectors may have arrived, in any order: of each written sector
        the old contents or those of any write since then.
        """
        image = bytearray(self.before)
        pending: dict[int, list[bytes]] = {}
        for entry in self.log[:count]:
            if entry == "flush":
                for sector, versions in pending.items():
                    image[sector * SECTOR : (sector + 1) * SECTOR] = versions[-1]
                pending.clear()
            elif not isinstance(entry, str):
                first, data = entry
                for place in range(0, len(data), SECTOR):
                    pending.setdefault(first + place // SECTOR, []).append(data[place : place + SECTOR])
        for sector, versions in pending.items():
            version = chosen.randrange(-1, len(versions))
            if version >= 0:
                image[sector * SECTOR : (sector + 1) * SECTOR] = versions[version]
        return bytes(image)
