"""The block server: a virtio disk for the file service."""

from atoll.abi import startup
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.servers.block.disk import Disk
from atoll.servers.block.interface import Block
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

STATE_VERSION = 1


class BlockServer(Block):
    """One disk. Its state is the disk's own: a successor has nothing to take but the device."""

    disk: Disk

    def read(self, sector: u64, into: Slice[u8]) -> u64:
        self.disk.read(sector, into)
        return u64(len(into))

    def write(self, sector: u64, data: Bytes) -> None:
        self.disk.write(sector, data)

    def flush(self) -> None:
        self.disk.flush()

    def capacity(self) -> u64:
        return self.disk.sectors

    # ---- a swap: between two messages no request is under way, so the device is at rest ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("a disk driver of another version")

    def activated(self) -> None:
        self.disk.start()


server: BlockServer = BlockServer()


def main() -> None:
    """Take the device, unless a predecessor has it still, and serve."""
    server.disk.attach(
        Memory(given(startup.REGISTERS)), Interrupt(given(startup.INTERRUPT)), Memory(given(startup.DMA))
    )
    if given(startup.PORT) != NO_HANDLE:
        server.disk.start()
    serve(server)
