"""Block devices: sectors of 512 bytes, read and written up to 64 KiB at a time."""

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent

SECTOR_SIZE = 512  # bytes
MAX_TRANSFER = 65536  # bytes of one read or write


class DeviceError(ServiceError):
    """The device could not read or write a sector, or there is no such sector."""


class Block(Interface, messages=0x0B00, errors=(DeviceError,)):
    """What a disk does."""

    @idempotent
    def read(self, sector: u64, into: Slice[u8]) -> u64:
        """Whole sectors into a buffer; the bytes read, which are all that fit."""

    @idempotent
    def write(self, sector: u64, data: Bytes) -> None:
        """Whole sectors. What was written may be lost or torn until `flush`."""

    @idempotent
    def flush(self) -> None:
        """Everything written before is on the disk for good when this returns."""

    @idempotent
    def capacity(self) -> u64:
        """How many sectors there are."""
