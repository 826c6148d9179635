"""virtio for drivers: the queue against the device's side of it in CPython, and the whole on the board and on QEMU."""

import ctypes
from collections.abc import Iterator
from hashlib import shake_256
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.machine.memory import Ram
from atoll.machine.virtio.queue import Chain, Queue
from tests.drivers.machines import boot_guest, boot_guest_on_qemu
from tests.kernel.support import guest

PAGE = 4096
PAGES = 8
RAM = 0x8000_0000


class Shared:
    """Eight pages that a driver sees side by side and its device in another order, most of them apart."""

    ORDER = (3, 4, 9, 1, 2, 12, 7, 14)  # numbers of physical pages

    def __init__(self) -> None:
        self.room = ctypes.create_string_buffer((PAGES + 1) * PAGE)
        self.address = (ctypes.addressof(self.room) + PAGE - 1) // PAGE * PAGE

    # ---- as the device's side of a queue wants RAM to be ----

    def holds(self, address: int, size: int) -> bool:
        return all((place - RAM) // PAGE in self.ORDER for place in range(address, address + size, PAGE))

    def read(self, address: int, size: int) -> bytes:
        return ctypes.string_at(self.here(address), size)

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(self.here(address), data, len(data))

    def here(self, address: int) -> int:
        """Where the driver sees what the device sees at an address."""
        return self.address + self.ORDER.index((address - RAM) // PAGE) * PAGE + address % PAGE

    def parts(self, offset: int, size: int) -> list[tuple[int, int]]:
        """What the device has to be told of a buffer, page by page."""
        told = []
        while size:
            part = min(size, PAGE - offset % PAGE)
            told.append((RAM + self.ORDER[offset // PAGE] * PAGE + offset % PAGE, part))
            offset, size = offset + part, size - part
        return told


def cut(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What the device was told, cut at the ends of pages."""
    told = []
    for address, size in parts:
        while size:
            part = min(size, PAGE - address % PAGE)
            told.append((address, part))
            address, size = address + part, size - part
    return told


class Rig:
    """A queue, both sides of it."""

    def __init__(self, virtqueue: ModuleType, size: int) -> None:
        self.shared = Shared()
        self.device = virtqueue.VirtioDevice()
        memory = self.device.memory
        memory.address, memory.page_count = self.shared.address, PAGES
        for page, number in enumerate(Shared.ORDER):
            memory.pages[page] = RAM + number * PAGE
        self.queue = virtqueue.Virtqueue()
        self.queue.device = self.device
        self.queue.place(memory.take(1), size)
        self.theirs = Queue(cast(Ram, self.shared))
        self.theirs.size = size
        for name in ("descriptors", "available", "used"):
            setattr(self.theirs, name, int(memory.physical(getattr(self.queue, name))))
        self.theirs.check()


@pytest.fixture(scope="module")
def virtqueue() -> Iterator[ModuleType]:
    """The library as CPython runs it; there, `fence` is nothing to wait for."""
    module = guest("userland.runtime.virtqueue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fence", lambda: None)
        yield module


buffers = st.lists(st.tuples(st.integers(PAGE, 7 * PAGE), st.integers(1, 3000)), max_size=3)
steps = st.lists(st.one_of(st.tuples(buffers, buffers), st.integers(0, 1000)), max_size=30)


def told(rig: Rig, wanted: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What the device has to be told of several buffers."""
    return [part for offset, size in wanted for part in rig.shared.parts(offset, size)]


@given(size=st.sampled_from((4, 16, 128)), script=steps)
def test_chains_arrive_and_come_back_in_any_order(virtqueue: ModuleType, size: int, script: list[Any]) -> None:
    rig = Rig(virtqueue, size)
    queue, full = rig.queue, virtqueue.QueueFull
    with_device: list[Chain] = []
    for step in script:
        if isinstance(step, int):
            if with_device:
                chain = with_device.pop(step % len(with_device))
                rig.theirs.give(chain, step)
                assert queue.take() == (chain.head, step)
            assert queue.take() == (virtqueue.NOTHING, 0)
            continue
        readable, writable = step
        free = queue.free_count
        try:
            for address, length in readable:
                queue.add(rig.shared.address + address, length)
            for address, length in writable:
                queue.add(rig.shared.address + address, length, True)
        except full:
            assert queue.free_count == free
            continue
        if readable or writable:
            head = queue.offer()
            taken = rig.theirs.take()
            assert taken is not None and taken.head == head and rig.theirs.take() is None
            assert cut(taken.readable) == told(rig, readable)
            assert cut(taken.writable) == told(rig, writable)
            with_device.append(taken)
    for chain in with_device:
        rig.theirs.give(chain, 0)
        assert queue.take() == (chain.head, 0)
    assert queue.free_count == size


@pytest.mark.parametrize("head", [0, 3, 200])
def test_a_device_that_gives_back_what_it_never_got(virtqueue: ModuleType, head: int) -> None:
    rig = Rig(virtqueue, 16)
    rig.theirs.give(Chain(head, cast(Ram, rig.shared)), 0)
    with pytest.raises(virtqueue.DeviceRefuses, match=f"queue 0 gives back {head}"):
        rig.queue.take()


def test_buffers_side_by_side_are_one_descriptor(virtqueue: ModuleType) -> None:
    rig = Rig(virtqueue, 16)
    rig.queue.add(rig.shared.address + 100, 2 * PAGE - 100)  # pages 3 and 4
    assert rig.queue.free_count == 15
    rig.queue.add(rig.shared.address + 2 * PAGE, 2 * PAGE)  # pages 9 and 1
    assert rig.queue.free_count == 13


def test_random_numbers_by_interrupt() -> None:
    ended = boot_guest("virtio_random")
    assert ended.status == 0, ended.output
    assert ended.lines[1:] == [
        "slot 2: virtio device type 4, not 2", "slot 3: the virtio slot is empty",
        f"4000 bytes: {total(0, 4000)}", f"8000 bytes: {total(1, 8000)}",
    ]  # fmt: skip


def total(request: int, size: int) -> int:
    """The sum of what the board's device answers with seed 0."""
    return sum(shake_256(b"0 %d" % request).digest(size))


@pytest.mark.qemu
def test_the_same_on_qemu(tmp_path: Path) -> None:
    ended = boot_guest_on_qemu("virtio_random", tmp_path, ["-device", "virtio-rng-device,bus=virtio-mmio-bus.2"])
    assert ended.status == 0, ended.output
    assert ended.lines[1:3] == ["slot 2: virtio device type 4, not 2", "slot 3: the virtio slot is empty"]
    sums = [int(line.split()[-1]) for line in ended.lines[3:5]]
    assert 4000 * 120 < sums[0] < 4000 * 135 and 8000 * 120 < sums[1] < 8000 * 135
