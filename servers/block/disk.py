"""A virtio disk: one request at a time, each waited for by interrupt. So between two requests the device is at rest.

Source: VIRTIO 1.2, section 5.2.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import address_of, copy_memory, load8, store8, store32, store64
from atoll.abi.types import Bytes, Slice, Text, u8, u64
from atoll.servers.block.interface import MAX_TRANSFER, SECTOR_SIZE, DeviceError
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.virtio import BLOCK, DeviceRefuses, VirtioDevice
from atoll.userland.runtime.virtqueue import NOTHING, Virtqueue

DMA_PAGES = 2 + MAX_TRANSFER // PAGE_SIZE  # the queue, a page for header and status, the data

# ---- features ----
READ_ONLY = 1 << 5
CAN_FLUSH = 1 << 9

# ---- a request: a header that the device reads, data, then a byte of status that it writes ----
READ = 0
WRITE = 1
FLUSH = 4
HEADER_SECTOR = 8
HEADER_SIZE = 16
STATUS = HEADER_SIZE  # where it is, behind the header
DONE = 0
NO_ANSWER = 255

CAPACITY = 0  # in the device's configuration: sectors


class Disk:
    """The device and its one request."""

    device: VirtioDevice
    queue: Virtqueue
    interrupt: Interrupt
    port: Port  # where the interrupt is heard of
    header: u64  # address of the request's header and status
    data: u64  # address of its data
    sectors: u64

    def attach(self, registers: Memory, interrupt: Interrupt, dma: Memory) -> None:
        """Take what the driver was given; the device is not touched yet. Raises NoDevice, NoDmaRoom, KernelError."""
        self.device.attach(registers, dma, BLOCK)
        self.interrupt = interrupt
        self.port = create_port()
        self.header = self.device.memory.take(1)
        self.data = self.device.memory.take(MAX_TRANSFER // PAGE_SIZE)

    def start(self) -> None:
        """From here on the device is ours, whatever was done with it before. Raises DeviceRefuses, KernelError."""
        gate = self.port.mint(1)
        self.interrupt.bind(gate, 1)
        gate.close()
        self.set_up()

    def set_up(self) -> None:
        """Reset the device and bring it into service. Raises DeviceRefuses."""
        self.device.negotiate(READ_ONLY | CAN_FLUSH)
        self.queue.set_up(self.device, 0)
        self.device.start()
        self.sectors = self.device.configuration64(CAPACITY)

    # ---- requests ----

    def read(self, sector: u64, into: Slice[u8]) -> None:
        """Fill a buffer from the sectors at `sector` on. Raises DeviceError."""
        size = u64(len(into))
        self.check(sector, size)
        self.request(READ, sector, size)
        copy_memory(address_of(into), self.data, size)

    def write(self, sector: u64, data: Bytes) -> None:
        """Write whole sectors. They are safe after the next `flush` only. Raises DeviceError."""
        size = u64(len(data))
        self.check(sector, size)
        if self.device.has(READ_ONLY):
            raise DeviceError("the disk can only be read")
        copy_memory(self.data, address_of(data), size)
        self.request(WRITE, sector, size)

    def flush(self) -> None:
        """What was written before is safe when this returns. Raises DeviceError."""
        if self.device.has(CAN_FLUSH):  # without it each write is safe at once
            self.request(FLUSH, 0, 0)

    def check(self, sector: u64, size: u64) -> None:
        """Refuse what is not whole sectors of this disk."""
        if size == 0 or size % SECTOR_SIZE != 0 or size > MAX_TRANSFER:
            raise DeviceError(f"{size} bytes are not 1 to {MAX_TRANSFER // SECTOR_SIZE} sectors of {SECTOR_SIZE} bytes")
        if sector >= self.sectors or size // SECTOR_SIZE > self.sectors - sector:
            raise DeviceError(f"{size // SECTOR_SIZE} sectors from {sector} on: the disk has {self.sectors}")

    def request(self, kind: u64, sector: u64, size: u64) -> None:
        """Have the device do something with the data, and wait until it is done."""
        store32(self.header, kind)
        store32(self.header + 4, 0)
        store64(self.header + HEADER_SECTOR, sector)
        store8(self.header + STATUS, NO_ANSWER)
        self.queue.add(self.header, HEADER_SIZE)
        self.queue.add(self.data, size, kind == READ)
        self.queue.add(self.header + STATUS, 1, True)
        self.queue.offer()
        self.queue.notify()
        self.wait()
        status = load8(self.header + STATUS)
        if status != DONE:
            raise DeviceError(f"the disk cannot {what(kind)} at sector {sector}: status {status}")

    def wait(self) -> None:
        """Until the device gives the request back, however long it takes. One that gives up is reset."""
        letter = Letter()
        try:
            while self.queue.take()[0] == NOTHING:
                if self.device.needs_reset:
                    raise DeviceRefuses("the disk had to be reset")
                self.port.receive(letter)
                self.device.take_interrupt()
                self.interrupt.done()
        except DeviceRefuses as error:
            self.set_up()
            raise DeviceError(f"{error}") from None


def what(kind: u64) -> Text:
    """A request in words."""
    match kind:
        case 0:
            return "read"
        case 1:
            return "write"
    return "flush"
