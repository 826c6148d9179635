"""The disk as the file system sees it: three functions and the handle that they get.

In a machine they call the block service; in tests they are a disk in memory.
"""

from collections.abc import Callable

from atoll.abi.types import Bytes, Slice, u8, u64


class Device:
    """Sectors of 512 bytes. Its functions raise DeviceError. What was written may be lost or torn until `flush`."""

    handle: u64
    sectors: u64  # its size
    read: Callable[[u64, u64, Slice[u8]], None]  # handle, first sector, where to: any number of sectors up to 64 KiB
    write: Callable[[u64, u64, Bytes], None]
    flush: Callable[[u64], None]

    def __init__(
        self,
        handle: u64,
        sectors: u64,
        read: Callable[[u64, u64, Slice[u8]], None],
        write: Callable[[u64, u64, Bytes], None],
        flush: Callable[[u64], None],
    ) -> None:
        self.handle = handle
        self.sectors = sectors
        self.read = read
        self.write = write
        self.flush = flush
