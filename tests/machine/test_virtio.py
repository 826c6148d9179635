"""virtio: negotiation, the three devices at work, and what they do with drivers that make no sense."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.machine.errors import DiskError
from atoll.machine.virtio.block import Block
from atoll.machine.virtio.disk import FileDisk, MemoryDisk, open_disk
from atoll.machine.virtio.entropy import Entropy
from atoll.machine.virtio.net import Net
from atoll.machine.virtio.queue import INDIRECT, NEXT, WRITE
from atoll.machine.virtio.transport import EmptySlot
from tests.machine.drivers import (
    DRIVER_OK,
    FEATURE_VERSION_1,
    FEATURES_OK,
    INTERRUPT,
    INTERRUPT_DONE,
    QUEUE_READY,
    SIZE,
    STATUS,
    DriverQueue,
    Slot,
)  # fmt: skip
from tests.machine.guest import RAM

READ, WRITE_SECTORS, FLUSH, GET_NAME = 0, 1, 4, 8
MAC = bytes(range(6))


def block(sectors: int = 8, read_only: bool = False) -> Slot:
    data = b"".join(bytes([number % 256]) * 512 for number in range(sectors))
    return Slot(Block(MemoryDisk(data, read_only)))


def request(kind: int, sector: int = 0) -> bytes:
    return struct.pack("<IIQ", kind, 0, sector)


def test_an_empty_slot_says_that_nothing_is_in_it() -> None:
    slot = EmptySlot()
    assert [slot.read(offset, 4) for offset in (0, 4, 8, 12, 16)] == [0x74726976, 2, 0, 0x554D4551, 0]


def test_a_device_says_what_it_is_and_insists_on_version_1() -> None:
    slot = block()
    assert [slot.read(offset) for offset in (0, 4, 8)] == [0x74726976, 2, 2]
    assert slot.negotiate() & FEATURES_OK
    slot.write(STATUS, 0)
    assert slot.negotiate(features=0) & FEATURES_OK == 0
    slot.write(STATUS, 0)
    assert slot.negotiate(features=FEATURE_VERSION_1 | 1 << 20) & FEATURES_OK == 0


def test_the_configuration_can_be_read_in_any_width() -> None:
    slot = block(sectors=300)
    assert slot.read(0x100) == 300
    assert slot.transport.read(0x101, 1) == 1
    assert slot.transport.read(0x104, 2) == 0
    assert slot.transport.read(0xF00, 4) == 0
    assert slot.read(0x114) == 512


@pytest.mark.parametrize("indirect", [False, True])
def test_sectors_are_read_and_written(indirect: bool) -> None:
    slot = block()
    (queue,) = slot.start()
    _, first, second, status = queue.send([request(READ, 2), 512, 512, 1], indirect)
    assert slot.ram.read(first, 512) + slot.ram.read(second, 512) == b"\2" * 512 + b"\3" * 512
    assert slot.ram.read(status, 1) == b"\0"
    *_, status = queue.send([request(WRITE_SECTORS, 3), b"new." * 128, 1], indirect)
    assert slot.ram.read(status, 1) == b"\0"
    _, data, _ = queue.send([request(READ, 3), 512, 1], indirect)
    assert slot.ram.read(data, 512) == b"new." * 128
    assert queue.done() == [(0, 1025), (0, 1), (0, 513)]


def test_the_interrupt_comes_with_a_returned_chain_unless_it_is_not_wanted() -> None:
    slot = block()
    (queue,) = slot.start()
    queue.send([request(FLUSH), 1])
    assert slot.interrupt and slot.read(INTERRUPT) == 1
    slot.write(INTERRUPT_DONE, 1)
    assert not slot.interrupt
    slot.ram.write(queue.available, b"\1\0")
    queue.send([request(FLUSH), 1])
    assert not slot.interrupt and len(queue.done()) == 2


@pytest.mark.parametrize(("kind", "sector", "parts", "status"), [
    (READ, 8, [512], 1), (READ, 1 << 60, [512], 1), (READ, 0, [100], 1), (WRITE_SECTORS, 8, [bytes(512)], 1),
    (WRITE_SECTORS, 0, [bytes(10)], 1), (77, 0, [], 2), (FLUSH, 0, [], 0),
])  # fmt: skip
def test_requests_that_cannot_be_done_fail_alone(kind: int, sector: int, parts: list[bytes | int], status: int) -> None:
    slot = block()
    (queue,) = slot.start()
    *_, where = queue.send([request(kind, sector), *parts, 1])
    assert slot.ram.read(where, 1) == bytes((status,))
    assert not slot.failed


def test_a_read_only_disk_cannot_be_written() -> None:
    slot = block(read_only=True)
    slot.write(0x14, 0)
    assert slot.read(0x10) & 1 << 5
    (queue,) = slot.start()
    *_, status = queue.send([request(WRITE_SECTORS, 0), bytes(512), 1])
    assert slot.ram.read(status, 1) == b"\1"


def test_the_disk_has_a_name() -> None:
    slot = block()
    (queue,) = slot.start()
    _, name, _ = queue.send([request(GET_NAME), 20, 1])
    assert slot.ram.read(name, 20) == b"atoll".ljust(20, b"\0")


def test_a_file_is_a_disk_whose_writes_last(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(4096))
    slot = Slot(Block(open_disk(path)))
    (queue,) = slot.start()
    queue.send([request(WRITE_SECTORS, 7), b"last" * 128, 1])
    assert path.read_bytes() == bytes(3584) + b"last" * 128


@given(st.lists(st.tuples(st.integers(0, 20 * 512 - 1), st.binary(min_size=1, max_size=6000)), max_size=12))
def test_a_disk_in_memory_is_as_an_array_and_leaves_what_it_was_made_of(writes: list[tuple[int, bytes]]) -> None:
    given_ = bytes(range(256)) * 40
    disk, other, model = MemoryDisk(given_), MemoryDisk(given_), bytearray(given_)
    for offset, data in writes:
        data = data[: len(model) - offset]
        disk.write(offset, data)
        model[offset : offset + len(data)] = data
        assert disk.read(offset, len(data)) == data
    assert disk.read(0, disk.size) == model
    assert other.read(0, other.size) == given_
    disk.write(0, given_)
    assert disk.read(0, disk.size) == given_ and not disk._changed


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 20 * 512 - 1), st.binary(min_size=1, max_size=6000)))))
def test_a_disk_in_memory_goes_back_to_any_state_any_number_of_times(steps: list[tuple[int, bytes] | None]) -> None:
    """None: to one of the states met so far, the first or the latest in turn."""
    disk = MemoryDisk(bytes(range(256)) * 40)
    met = [disk.read(0, disk.size)]
    saved = {met[0]: disk.save()}
    for number, step in enumerate(steps):
        if step is None:
            wanted = met[-(number % 2)]
            disk.restore(MemoryDisk(wanted).save() if number % 3 else saved[wanted])
            assert disk.read(0, disk.size) == wanted
        else:
            disk.write(step[0], step[1][: disk.size - step[0]])
            met.append(disk.read(0, disk.size))
            saved[met[-1]] = disk.save()


def test_disks_that_cannot_be_used_are_refused_by_name(tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(bytes(700))
    empty = tmp_path / "empty"
    empty.touch()
    for path, message in (
        (tmp_path / "none", f"there is no disk file {tmp_path / 'none'}"),
        (tmp_path, f"the disk file {tmp_path} is a directory"),
        (odd, f"the disk file {odd} has 700 bytes: a disk has whole sectors of 512 bytes"),
        (empty, f"the disk file {empty} has 0 bytes: a disk has whole sectors of 512 bytes"),
    ):
        with pytest.raises(DiskError) as refused:
            FileDisk(path)
        assert str(refused.value) == message
    with pytest.raises(DiskError, match=r"^a disk of 5 bytes is not possible: it has whole sectors of 512 bytes$"):
        MemoryDisk(b"12345")


def test_frames_go_out_and_come_in() -> None:
    card = Net(MAC)
    slot = Slot(card)
    receive, send = slot.start(queues=2)
    left: list[bytes] = []
    card.port.transmit = left.append
    send.send([bytes(12), b"a frame", b" in two parts"])
    assert left == [b"a frame in two parts"]
    (room,) = receive.send([100])
    card.port.deliver(b"hello", at=50)
    assert not card.advance(49) and card.advance(50)
    slot.transport.notify(0)
    slot.transport.serve()
    assert receive.done() == [(0, 17)]
    assert slot.ram.read(room, 17) == bytes(10) + b"\1\0" + b"hello"
    assert slot.transport.read(0x100, 4) | slot.transport.read(0x104, 2) << 32 == int.from_bytes(MAC, "little")


def test_a_frame_too_large_for_the_buffer_is_dropped_and_the_buffer_kept() -> None:
    card = Net(MAC)
    slot = Slot(card)
    receive, _ = slot.start(queues=2)
    receive.send([20])
    for frame in (bytes(9), b"fits"):
        card.port.deliver(frame, at=0)
    card.advance(0)
    slot.transport.notify(0)
    slot.transport.serve()
    assert receive.done() == [(0, 16)]
    assert card.port.dropped == 1


def test_random_bytes_are_a_function_of_the_seed() -> None:
    def drawn(seed: int) -> bytes:
        slot = Slot(Entropy(seed))
        (queue,) = slot.start()
        places = [queue.send([32])[0] for _ in range(2)]
        return b"".join(slot.ram.read(place, 32) for place in places)

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1)[:32] != drawn(1)[32:]


def broken(queue: DriverQueue, how: str) -> None:
    """Offer something that no device can make sense of."""
    buffer = queue.buffer(bytes(64))
    if how == "loop":
        queue.descriptor(0, buffer, 16, NEXT, 1)
        queue.descriptor(1, buffer, 16, NEXT, 0)
    elif how == "outside":
        queue.descriptor(0, 0x1000, 16)
    elif how == "behind the end":
        queue.descriptor(0, RAM + (4 << 20) - 8, 16)
    elif how == "huge":
        queue.descriptor(0, RAM, 0xFFFF_FFFF, WRITE)
    elif how == "next out of range":
        queue.descriptor(0, buffer, 16, NEXT, SIZE)
    elif how == "read behind write":
        queue.descriptor(0, buffer, 16, WRITE | NEXT, 1)
        queue.descriptor(1, buffer, 16)
    elif how == "nested table":
        table = queue.buffer(struct.pack("<QIHH", buffer, 16, INDIRECT, 0))
        queue.descriptor(0, table, 16, INDIRECT)
    elif how == "odd table":
        queue.descriptor(0, buffer, 17, INDIRECT)
    elif how == "endless table":
        table = queue.buffer(struct.pack("<QIHH", buffer, 16, NEXT, 0))
        queue.descriptor(0, table, 16, INDIRECT)
    elif how == "no header":
        queue.descriptor(0, buffer, 3, NEXT, 1)
        queue.descriptor(1, buffer, 1, WRITE)
    elif how == "no status":
        queue.descriptor(0, buffer, 16)
    queue.offer(SIZE + 3 if how == "head out of range" else 0, notify=False)
    if how == "index runs away":
        queue.slot.ram.write(queue.available + 2, struct.pack("<H", 5000))
    queue.slot.write(0x50, 0)
    queue.slot.transport.serve()


@pytest.mark.parametrize("how", [
    "loop", "outside", "behind the end", "huge", "next out of range", "read behind write", "nested table", "odd table",
    "endless table", "no header", "no status", "head out of range", "index runs away",
])  # fmt: skip
def test_a_broken_queue_fails_the_device_until_it_is_reset(how: str) -> None:
    slot = block()
    (queue,) = slot.start()
    broken(queue, how)
    assert slot.failed
    assert slot.interrupt and slot.read(INTERRUPT) & 2
    assert queue.done() == []
    slot.write(STATUS, 0)
    assert not slot.failed and not slot.interrupt
    (queue,) = slot.start()
    *_, status = queue.send([request(FLUSH), 1])
    assert slot.ram.read(status, 1) == b"\0"


@pytest.mark.parametrize(("address", "size"), [(0x1000, 8), (RAM + 8, 8), (RAM + (4 << 20) - 16, 8), (RAM, 3)])
def test_a_queue_that_cannot_be_is_not_made_ready(address: int, size: int) -> None:
    slot = block()
    slot.negotiate()
    for offset, value in ((0x30, 0), (0x38, size), (0x80, address), (0x90, RAM), (0xA0, RAM)):
        slot.write(offset, value)
    slot.write(QUEUE_READY, 1)
    assert slot.failed and slot.read(QUEUE_READY) == 0


def test_nothing_is_served_before_the_driver_is_ready() -> None:
    slot = block()
    slot.negotiate()
    queue = DriverQueue(slot, 0)
    queue.send([request(FLUSH), 1])
    assert queue.done() == []
    slot.write(STATUS, slot.read(STATUS) | DRIVER_OK)
    slot.transport.serve()
    assert len(queue.done()) == 1
