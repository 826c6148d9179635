"""The driver of the network card, virtio-net: frames out, frames in. VIRTIO 1.2, section 5.1.

Each buffer of the memory that card and driver share holds one frame behind its header, for good; only descriptors move.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import store32, store64
from atoll.abi.types import Array, u64
from atoll.servers.network.frame import Frame
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.virtio import NETWORK, VirtioDevice
from atoll.userland.runtime.virtqueue import MOST_ENTRIES, NOTHING, Virtqueue

RECEIVE = 0  # numbers of the queues
SEND = 1
FEATURE_MAC = 1 << 5  # the card knows its address

HEADER_SIZE = 12  # before each frame; all zero when we send: nothing for the card to do but send
BUFFER_SIZE = 2048  # header, and a frame of 1514 bytes
HEADER_START = 4  # in a buffer, so that the frame behind the header is aligned
FRAME_START = HEADER_START + HEADER_SIZE
IN_A_PAGE = PAGE_SIZE // BUFFER_SIZE
BUFFERS = 64  # each way: more than the fragments of a message
CARD_PAGES = 2 + 2 * BUFFERS // IN_A_PAGE  # of memory that the card can reach: two queues, and the buffers

MOST_WAITS = 100  # for a card that sends nothing
SHORT = 20_000  # nanoseconds: the time of a frame or two


class Card:
    """The card."""

    device: VirtioDevice
    receiving: Virtqueue
    sending: Virtqueue
    incoming: u64  # addresses of the buffers
    outgoing: u64
    by_head: Array[u64, MOST_ENTRIES]  # which buffer a descriptor of the receive queue shows
    free: Array[u64, BUFFERS]  # buffers that nothing is sent from
    free_count: u64
    sending_from: Array[u64, MOST_ENTRIES]  # by head
    dropped: u64  # frames that the card would not take

    # ---- start ----

    def start(self, registers: Memory, shared: Memory) -> None:
        """Find the card and let it work. Raises NoDevice, DeviceRefuses, NoDmaRoom, KernelError."""
        self.device.attach(registers, shared, NETWORK)
        self.device.negotiate(FEATURE_MAC)
        self.receiving.set_up(self.device, RECEIVE)
        self.sending.set_up(self.device, SEND)
        self.incoming = self.device.memory.take(BUFFERS // IN_A_PAGE)
        self.outgoing = self.device.memory.take(BUFFERS // IN_A_PAGE)
        self.device.start()
        self.free_count = BUFFERS
        for number in range(u64(BUFFERS)):
            self.free[number] = self.outgoing + number * BUFFER_SIZE
            self.offer(self.incoming + number * BUFFER_SIZE)
        self.receiving.notify()
        self.sending.want_interrupts(False)

    @property
    def address(self) -> u64:
        """Its Ethernet address as a number, the first byte lowest."""
        value: u64 = 0
        for place in range(u64(6)):
            value = value | u64(self.device.configuration8(place)) << (8 * place)
        return value

    # ---- frames in ----

    def offer(self, buffer: u64) -> None:
        """Let the card receive into a buffer."""
        self.receiving.add(buffer + HEADER_START, BUFFER_SIZE - HEADER_START, True)
        self.by_head[self.receiving.offer()] = buffer

    def receive(self, frame: Frame) -> bool:
        """The next frame that has come, where the card put it, until `done`; False if there is none."""
        head, written = self.receiving.take()
        if head == NOTHING:
            return False
        size = min(max(written, u64(HEADER_SIZE)), u64(BUFFER_SIZE - HEADER_START)) - HEADER_SIZE
        frame.place(self.by_head[head] + FRAME_START, size)
        return True

    def done(self, frame: Frame) -> None:
        """Nobody looks at a frame that has come any more: the card can have its place again, after `refill`."""
        self.offer(frame.start - FRAME_START)

    def refill(self) -> None:
        """Tell the card that there are places again."""
        self.receiving.notify()

    # ---- frames out ----

    def begin(self, frame: Frame) -> bool:
        """A place for a frame that is to be sent; False if the card is stuck, and the frame lost, as any may be."""
        buffer = self.free_buffer()
        if buffer == 0:
            self.dropped += 1
            return False
        frame.place(buffer + FRAME_START, 0)
        return True

    def send(self, frame: Frame) -> None:
        """Send a frame that was begun, and is sealed."""
        buffer = frame.start - FRAME_START
        store32(buffer + HEADER_START, 0)
        store64(buffer + HEADER_START + 4, 0)
        self.sending.add(buffer + HEADER_START, HEADER_SIZE + frame.size)
        self.sending_from[self.sending.offer()] = buffer
        self.sending.notify()

    def free_buffer(self) -> u64:
        """A buffer to send from; 0 if the card does not give any back."""
        for _ in range(MOST_WAITS):
            self.take_back()
            if self.free_count > 0:
                self.free_count -= 1
                return self.free[self.free_count]
            sleep(SHORT)
        return 0

    def take_back(self) -> None:
        """Buffers whose frames are on the wire are free."""
        while True:
            head, _ = self.sending.take()
            if head == NOTHING:
                return
            self.free[self.free_count] = self.sending_from[head]
            self.free_count += 1
