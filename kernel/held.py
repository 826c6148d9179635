"""Replies that are held: part of the caller's buffer is not there. The kernel keeps the bytes until the caller's pager
has brought it, so that nobody who replies ever waits for the memory, or the pager, of another one: a pager may need
just him to bring the page.

As all that may take long it is done in parts: the same call of the replier is executed until all bytes are here.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.types import u64
from atoll.kernel import faults, memories, memory, paging, reaper, scheduler, user_memory, waiting
from atoll.kernel.objects import Memory, Thread
from atoll.kernel.refusal import Refused
from atoll.userland.runtime.memory import memcpy

STEP = 4 * PAGE_SIZE  # bytes copied in one part


def begin(replier: Thread, caller: Thread, first: u64) -> None:
    """From that byte on the segment of a reply is to be held; the caller's process pays. Refused if it cannot."""
    size = replier.transfer.send_size
    try:
        held = memories.create(caller.process, (size - first + PAGE_SIZE - 1) // PAGE_SIZE)
    except Refused:
        is_coming = reaper.reaper.is_busy  # the call begins again then
        raise Refused(Status.NO_MEMORY if is_coming else Status.NO_PEER_MEMORY) from None
    held.head.references = 1
    caller.held = held
    caller.held_for = replier.head.serial
    caller.held_first = caller.held_next = caller.held_end = first
    caller.transfer.buffer_size = size


def is_of(replier: Thread, caller: Thread) -> bool:
    """Whether what is held is of this reply: another thread may have begun one, and not have come to its end."""
    return caller.held_for == replier.head.serial and caller.transfer.buffer_size == replier.transfer.send_size


def fill(replier: Thread, caller: Thread, held: Memory) -> None:
    """Another part of the segment comes here."""
    end = min(caller.transfer.buffer_size, caller.held_end + STEP)
    while caller.held_end < end:
        offset = caller.held_end - caller.held_first
        part = user_memory.part_of_page(offset, end - caller.held_end)
        address = replier.transfer.send_address + caller.held_end
        user_memory.copy(replier.process, address, place_of(held, offset), part, paging.READ)
        caller.held_end += part


def place_of(held: Memory, offset: u64) -> u64:
    """Where the kernel can access a byte of it, and those behind it in its page."""
    return memory.reach(memories.page_of(held, offset // PAGE_SIZE)) + offset % PAGE_SIZE


def give(caller: Thread, held: Memory) -> None:
    """Copy to the caller as far as its buffer is there; with the last byte its call is complete."""
    transfer = caller.transfer
    while caller.held_next < transfer.buffer_size:
        address = transfer.buffer_address + caller.held_next
        place = user_memory.reach(caller.process, address, paging.WRITE)
        if place == 0:
            faults.send(caller, user_memory.cause_of(paging.WRITE), address)
            return
        offset, left = caller.held_next - caller.held_first, transfer.buffer_size - caller.held_next
        part = min(user_memory.part_of_page(address, left), user_memory.part_of_page(offset, left))
        memcpy(place, place_of(held, offset), part)
        caller.held_next += part
    release(caller)
    scheduler.make_ready(waiting.finish(caller, Status.OK))


def release(thread: Thread) -> None:
    """Nothing is held for that thread any more."""
    held = thread.held
    if held is not None:
        thread.held = None
        memories.drop(held)
