"""The disk driver's own part, without its service: what it reads, writes and refuses."""

from first import begin, end, slot_interrupt, slot_registers

from atoll.abi.types import Array, Slice, u8, u64
from atoll.servers.block.disk import DMA_PAGES, Disk
from atoll.servers.block.interface import MAX_TRANSFER, SECTOR_SIZE, DeviceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.objects import create_memory

disk: Disk = Disk()
buffer: Array[u8, 131072] = Array()


def main() -> None:
    begin()
    memory = create_memory(DMA_PAGES)
    disk.attach(slot_registers(0), slot_interrupt(0), memory)
    disk.start()
    print(f"{disk.sectors} sectors")
    try:
        transfers()
        mistakes()
    except DeviceError as error:
        print(f"{error}")
    end()


def transfers() -> None:
    """The host has numbered the sectors; we move them one up, in the order from the last."""
    before = clock()
    disk.read(0, buffer[0:MAX_TRANSFER])
    print(f"64 KiB in {clock() - before} ns")
    for sector in range(0, 128, 41):
        print(f"sector {sector}: {text_of(buffer[sector * SECTOR_SIZE : sector * SECTOR_SIZE + 6])}")
    disk.write(128, buffer[0:MAX_TRANSFER])
    disk.read(disk.sectors - 1, buffer[0:SECTOR_SIZE])
    disk.write(1, buffer[0:SECTOR_SIZE])
    disk.flush()
    disk.read(0, buffer[0 : 3 * SECTOR_SIZE])
    for sector in range(3):
        print(f"sector {sector}: {text_of(buffer[sector * SECTOR_SIZE : sector * SECTOR_SIZE + 6])}")


def text_of(data: Slice[u8]) -> str:
    """Bytes as text."""
    return str(data, "utf-8")


def mistakes() -> None:
    """Each is refused, and the disk goes on."""
    refused(disk.sectors, SECTOR_SIZE)
    refused(disk.sectors - 1, 2 * SECTOR_SIZE)
    refused(0xFFFF_FFFF_FFFF_FFFF, SECTOR_SIZE)
    refused(0, 100)
    refused(0, 0)
    refused(0, MAX_TRANSFER + SECTOR_SIZE)
    disk.read(0, buffer[0:SECTOR_SIZE])
    refused(13, SECTOR_SIZE)
    refused(14, SECTOR_SIZE)
    disk.read(15, buffer[0:SECTOR_SIZE])
    print(f"still here: {text_of(buffer[0:6])}")


def refused(sector: u64, size: u64) -> None:
    """A read that must not succeed."""
    try:
        disk.read(sector, buffer[0:size])
        print("not refused")
    except DeviceError as error:
        print(f"refused: {error}")
