"""Block devices: sectors of 512 bytes, read and written up to 64 KiB at a time."""

SECTOR_SIZE = 512  # bytes
MAX_TRANSFER = 65536  # bytes of one read or write


class DeviceError(Exception):
    """The device could not read or write a sector, or there is no such sector."""
