"""The state of a process as one message: registers of its threads, its handles, its start page."""

from atoll.abi.address_space import ARGUMENTS, PAGE_SIZE
from atoll.abi.objects import HandleInfo, Kind, Registers
from atoll.abi.raw import address_of, size_of
from atoll.abi.types import u64
from atoll.servers.mover.capture import Capture
from atoll.servers.mover.parcel import Parcel


def pack(capture: Capture, parcel: Parcel, sent_on_by: u64) -> None:
    """All of it. Raises Immovable: it does not fit."""
    parcel.add(sent_on_by)
    parcel.add(capture.cpu_time())
    pack_threads(capture, parcel)
    pack_handles(capture, parcel)
    pack_start_page(capture, parcel)


def pack_threads(capture: Capture, parcel: Parcel) -> None:
    """All of them."""
    parcel.add(capture.thread_count)
    for number in range(capture.thread_count):
        captured = capture.threads[number]
        parcel.add(captured.priority)
        parcel.add(captured.is_calling)
        parcel.add(captured.buffer)
        parcel.add(captured.buffer_size)
        parcel.add(captured.timeout)
        parcel.add_bytes(address_of(captured.registers), size_of(Registers))


def pack_handles(capture: Capture, parcel: Parcel) -> None:
    """All of them; threads by their place among the process's, a port's set by its handle."""
    parcel.add(capture.handle_count)
    for number in range(capture.handle_count):
        info = capture.handles[number]
        if info.kind == Kind.THREAD:
            info.badge = capture.thread_of(info.badge)
        elif info.kind == Kind.PORT:
            info.set = capture.set_of(info.set)
        parcel.add_bytes(address_of(info), size_of(HandleInfo))


def pack_start_page(capture: Capture, parcel: Parcel) -> None:
    """What the program manager has mapped there."""
    for page in range(capture.start_pages()):
        capture.process.read(ARGUMENTS + page * PAGE_SIZE, parcel.room(PAGE_SIZE))
