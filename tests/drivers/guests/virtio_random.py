"""The virtio library with the simplest device: random numbers, by interrupt; and what is said of wrong slots."""

from first import begin, end, slot_interrupt, slot_registers

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import view
from atoll.abi.types import u64
from atoll.userland.runtime.messages import Letter, create_port
from atoll.userland.runtime.objects import create_memory
from atoll.userland.runtime.virtio import BLOCK, ENTROPY, QUEUE_USED_INTERRUPT, NoDevice, VirtioDevice
from atoll.userland.runtime.virtqueue import NOTHING, Virtqueue

device: VirtioDevice = VirtioDevice()
queue: Virtqueue = Virtqueue()
PAGES = 5


def main() -> None:
    begin()
    wrong_slots()
    ask()
    end()


def wrong_slots() -> None:
    """What a driver learns when its device is not there."""
    for slot in range(2, 4):
        try:
            device.attach(slot_registers(slot), create_memory(1), BLOCK)
        except NoDevice as error:
            print(f"slot {slot}: {error}")


def ask() -> None:
    """Ask for more than a page, twice, and wait for the interrupts."""
    port = create_port()
    line = slot_interrupt(2)
    line.bind(port.mint(1), 1)
    device.attach(slot_registers(2), create_memory(PAGES), ENTROPY)
    device.negotiate(0)
    queue.set_up(device, 0)
    device.start()
    place = device.memory.take(2)
    letter = Letter()
    for size in range(4000, 8001, 4000):
        queue.add(place, size, device_writes=True)
        head = queue.offer()
        queue.notify()
        port.receive(letter)
        assert device.take_interrupt() == QUEUE_USED_INTERRUPT
        line.done()
        back, written = queue.take()
        assert back == head and written == size and queue.take() == (NOTHING, 0)
        print(f"{size} bytes: {total(place, size)}")
    assert queue.free_count == queue.size


def total(place: u64, size: u64) -> u64:
    """The sum of the bytes, and none behind them is touched."""
    result: u64 = 0
    for byte in view(place, size):
        result += byte
    assert view(place, 2 * PAGE_SIZE)[size] == 0
    return result
