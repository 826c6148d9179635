"""The split virtqueue, the driver's side: chains of buffers that are offered to a device, and come back used.

`add` the buffers of a chain one by one, what the device reads before what it writes; `offer` it, `notify`. What `take`
gives back is the chain's head, the number that `offer` gave. Source: VIRTIO 1.2, section 2.7.
"""

from atoll.abi.raw import load16, load32, store16, store32, store64
from atoll.abi.riscv import fence
from atoll.abi.types import Array, Ref, low32, u16, u64, wrapping_add
from atoll.userland.runtime.virtio import (
    QUEUE_AVAILABLE,
    QUEUE_DESCRIPTORS,
    QUEUE_NOTIFY,
    QUEUE_READY,
    QUEUE_SELECT,
    QUEUE_SIZE,
    QUEUE_SIZE_MAX,
    QUEUE_USED,
    DeviceRefuses,
    VirtioDevice,
)

MOST_ENTRIES = 128  # descriptors of a queue: with both rings they fill no more than a page
NOTHING = 0xFFFF_FFFF_FFFF_FFFF  # no descriptor

# ---- a descriptor: where its fields are, in bytes ----
DESCRIPTOR_SIZE = 16
DESCRIPTOR_LENGTH = 8
DESCRIPTOR_FLAGS = 12
DESCRIPTOR_NEXT = 14

# ---- bits of a descriptor's flags ----
HAS_NEXT = 1
DEVICE_WRITES = 2

# ---- both rings: flags, index, then entries ----
RING_INDEX = 2
RING_ENTRIES = 4
AVAILABLE_ENTRY = 2  # bytes
USED_ENTRY = 8  # head, then bytes written
NO_INTERRUPT = 1  # in the flags of the available ring
NO_NOTIFY = 1  # in the flags of the used ring


class QueueFull(Exception):
    """There are no descriptors left for this chain; nothing of it is offered."""


class Virtqueue:
    """One queue of a device."""

    device: Ref[VirtioDevice]
    number: u64
    size: u64  # descriptors, a power of two

    # ---- addresses here ----
    descriptors: u64
    available: u64
    used: u64

    # ---- how far both sides have come, modulo 2**16 ----
    offered: u16
    taken: u16

    free: u64  # first free descriptor; each names the next
    free_count: u64
    first: u64  # of the chain that is being built; NOTHING: none
    last: u64
    in_flight: Array[bool, MOST_ENTRIES]  # by head: the device has it

    def set_up(self, device: VirtioDevice, number: u64) -> None:
        """Tell the device where the queue is: in a page of its memory, which is taken once. After each reset, again.

        Raises DeviceRefuses, NoDmaRoom.
        """
        self.device = device
        self.number = number
        device.write(QUEUE_SELECT, number)
        most = device.read(QUEUE_SIZE_MAX)
        if most == 0 or device.read(QUEUE_READY) != 0:
            raise DeviceRefuses(f"queue {number} is not there")
        if self.descriptors == 0:
            self.descriptors = device.memory.take(1)
        self.place(self.descriptors, min(most, MOST_ENTRIES))
        device.write(QUEUE_SIZE, self.size)
        device.write_address(QUEUE_DESCRIPTORS, self.descriptors)
        device.write_address(QUEUE_AVAILABLE, self.available)
        device.write_address(QUEUE_USED, self.used)
        device.write(QUEUE_READY, 1)

    def place(self, address: u64, size: u64) -> None:
        """Lay an empty queue of so many entries out, at most in one page."""
        self.size = size
        self.descriptors = address
        self.available = address + DESCRIPTOR_SIZE * size
        self.used = (self.available + RING_ENTRIES + AVAILABLE_ENTRY * size + 7) // 8 * 8
        for ring in (self.available, self.used):
            store32(ring, 0)  # flags and index
        self.offered = 0
        self.taken = 0
        self.first = NOTHING
        self.free = 0
        self.free_count = size
        for index in range(size):
            self.in_flight[index] = False
            store16(self.descriptor(index) + DESCRIPTOR_NEXT, u16(index + 1))

    def descriptor(self, index: u64) -> u64:
        """Where a descriptor is."""
        return self.descriptors + DESCRIPTOR_SIZE * index

    # ---- to the device ----

    def add(self, address: u64, size: u64, device_writes: bool = False) -> None:
        """One more buffer of the chain, in the device's memory; in parts where its pages are not neighbours.

        Raises QueueFull, and the chain is as if it had not been begun.
        """
        done: u64 = 0
        while done < size:
            part = self.device.memory.run(address + done, size - done)
            self.add_part(self.device.memory.physical(address + done), part, device_writes)
            done += part

    def add_part(self, physical: u64, size: u64, device_writes: bool) -> None:
        """One more descriptor of the chain."""
        if self.free_count == 0:
            self.abandon()
            raise QueueFull(f"all {self.size} descriptors of queue {self.number} are in use")
        index = self.free
        place = self.descriptor(index)
        self.free = u64(load16(place + DESCRIPTOR_NEXT))
        self.free_count -= 1
        store64(place, physical)
        store32(place + DESCRIPTOR_LENGTH, low32(size))
        store16(place + DESCRIPTOR_FLAGS, DEVICE_WRITES if device_writes else 0)
        if self.first == NOTHING:
            self.first = index
        else:
            before = self.descriptor(self.last)
            store16(before + DESCRIPTOR_NEXT, u16(index))
            store16(before + DESCRIPTOR_FLAGS, load16(before + DESCRIPTOR_FLAGS) | HAS_NEXT)
        self.last = index

    def abandon(self) -> None:
        """Forget the chain that is being built."""
        if self.first != NOTHING:
            self.release(self.first)
            self.first = NOTHING

    def offer(self) -> u64:
        """The chain is complete: the device may use it. Its head, by which `take` names it."""
        head = self.first
        assert head != NOTHING
        self.first = NOTHING
        self.in_flight[head] = True
        store16(self.available + RING_ENTRIES + AVAILABLE_ENTRY * (u64(self.offered) % self.size), u16(head))
        self.offered = wrapping_add(self.offered, u16(1))
        fence()  # the device sees the entry before the index
        store16(self.available + RING_INDEX, self.offered)
        return head

    def notify(self) -> None:
        """There is something new in the queue."""
        fence()  # the device sees the index before we look whether it wants to know
        if load16(self.used) & NO_NOTIFY == 0:
            self.device.write(QUEUE_NOTIFY, self.number)

    def want_interrupts(self, wanted: bool) -> None:
        """Whether the device should interrupt when it gives something back; at first it does."""
        store16(self.available, 0 if wanted else NO_INTERRUPT)

    # ---- from the device ----

    def take(self) -> tuple[u64, u64]:
        """A chain that the device has used, and how many bytes it has written; (NOTHING, 0) if there is none."""
        if load16(self.used + RING_INDEX) == self.taken:
            return NOTHING, 0
        fence()  # the entry, and what the device has written, are read after the index
        entry = self.used + RING_ENTRIES + USED_ENTRY * (u64(self.taken) % self.size)
        self.taken = wrapping_add(self.taken, u16(1))
        head, written = u64(load32(entry)), u64(load32(entry + 4))
        if head >= self.size or not self.in_flight[head]:
            raise DeviceRefuses(f"queue {self.number} gives back {head}, which it was not given")
        self.in_flight[head] = False
        self.release(head)
        return head, written

    def release(self, head: u64) -> None:
        """The descriptors of a chain are free again."""
        index = head
        count: u64 = 1
        while load16(self.descriptor(index) + DESCRIPTOR_FLAGS) & HAS_NEXT != 0:
            index = u64(load16(self.descriptor(index) + DESCRIPTOR_NEXT))
            count += 1
        store16(self.descriptor(index) + DESCRIPTOR_NEXT, u16(self.free))
        self.free = head
        self.free_count += count
