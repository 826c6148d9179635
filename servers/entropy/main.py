"""The entropy server: a virtio random number generator. Source: VIRTIO 1.2, section 5.4."""

from atoll.abi import startup
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, copy_memory
from atoll.abi.types import Slice, u8, u64
from atoll.servers.entropy.interface import MAX_FILL, Entropy, NoEntropy
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.service import serve
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.virtio import ENTROPY, DeviceRefuses, VirtioDevice
from atoll.userland.runtime.virtqueue import NOTHING, Virtqueue

STATE_VERSION = 1
MOST_TRIES = 8  # the device may give fewer bytes than wanted, even none


class EntropyServer(Entropy):
    """The device and its one request, which is waited for: between two messages it is at rest."""

    device: VirtioDevice
    queue: Virtqueue
    interrupt: Interrupt
    port: Port  # where the interrupt is heard of
    data: u64  # address of a page that the device fills

    def attach(self) -> None:
        """Take what the driver was given; the device is not touched yet."""
        self.device.attach(Memory(given(startup.REGISTERS)), Memory(given(startup.DMA)), ENTROPY)
        self.interrupt.handle = given(startup.INTERRUPT)
        self.port = create_port()
        self.data = self.device.memory.take(1)

    def start(self) -> None:
        """From here on the device is ours, whatever was done with it before."""
        gate = self.port.mint(1)
        self.interrupt.bind(gate, 1)
        gate.close()
        self.set_up()

    def set_up(self) -> None:
        """Reset the device and bring it into service. Raises DeviceRefuses."""
        self.device.negotiate(0)
        self.queue.set_up(self.device, 0)
        self.device.start()

    def fill(self, into: Slice[u8]) -> u64:
        wanted = min(u64(len(into)), MAX_FILL)
        filled: u64 = 0
        for _ in range(MOST_TRIES):
            if filled == wanted:
                break
            written = min(self.request(wanted - filled), wanted - filled)
            copy_memory(address_of(into) + filled, self.data, written)
            filled += written
        if filled == 0 and wanted > 0:
            raise NoEntropy("the device gives no bytes")
        return filled

    def request(self, size: u64) -> u64:
        """Have the device fill the page; how many bytes it wrote. Raises NoEntropy."""
        self.queue.add(self.data, size, True)
        self.queue.offer()
        self.queue.notify()
        letter = Letter()
        try:
            while True:
                head, written = self.queue.take()
                if head != NOTHING:
                    return written
                if self.device.needs_reset:
                    raise DeviceRefuses("the device had to be reset")
                self.port.receive(letter)
                self.device.take_interrupt()
                self.interrupt.done()
        except DeviceRefuses as error:
            self.set_up()
            raise NoEntropy(f"{error}") from None

    # ---- a swap ----

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("an entropy driver of another version")

    def activated(self) -> None:
        self.start()


server: EntropyServer = EntropyServer()


def main() -> None:
    """Take the device, unless a predecessor has it still, and serve."""
    server.attach()
    if given(startup.PORT) != NO_HANDLE:
        server.start()
    serve(server)
