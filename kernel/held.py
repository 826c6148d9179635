"""Replies that are held: part of the caller's buffer is not there. The kernel keeps the bytes until the caller's pager
has brought it, so that nobody who replies ever waits for the memory, or the pager, of another one: a pager may need
just him to bring the page.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Status
from atoll.abi.types import u64
from atoll.kernel import faults, memories, memory, paging, reaper, scheduler, user_memory, waiting
from atoll.kernel.objects import Memory, Process, Thread
from atoll.kernel.refusal import Refused
from atoll.userland.runtime.memory import memcpy


def hold(replier: Thread, caller: Thread) -> None:
    """Keep the segment of a reply; the caller's process is charged for it."""
    address, size = replier.transfer.send_address, replier.transfer.send_size
    user_memory.copy(replier.process, address, 0, size, paging.READ)  # all of it is there, so nothing is begun in vain
    held = create(caller.process, size)
    try:
        done: u64 = 0
        while done < size:
            part = user_memory.part_of_page(done, size - done)
            user_memory.copy(replier.process, address + done, place_of(held, done), part, paging.READ)
            done += part
    except Refused:
        memories.drop(held)
        raise
    caller.held, caller.held_done = held, 0
    caller.transfer.buffer_size = size


def create(owner: Process, size: u64) -> Memory:
    """Memory of the kernel's for so many bytes. Refused if the owner cannot pay for it."""
    try:
        held = memories.create(owner, (size + PAGE_SIZE - 1) // PAGE_SIZE)
    except Refused:
        is_coming = reaper.reaper.is_busy  # the call begins again then
        raise Refused(Status.NO_MEMORY if is_coming else Status.NO_PEER_MEMORY) from None
    held.head.references = 1
    return held


def place_of(held: Memory, offset: u64) -> u64:
    """Where the kernel can access a byte of it, and those behind it in its page."""
    return memory.reach(memories.page_of(held, offset // PAGE_SIZE)) + offset % PAGE_SIZE


def give(caller: Thread, held: Memory) -> None:
    """Copy what is held as far as the caller's buffer is there; with the last byte its call is complete."""
    transfer = caller.transfer
    while caller.held_done < transfer.buffer_size:
        address = transfer.buffer_address + caller.held_done
        place = user_memory.reach(caller.process, address, paging.WRITE)
        if place == 0:
            faults.send(caller, user_memory.cause_of(paging.WRITE), address)
            return
        left = transfer.buffer_size - caller.held_done
        part = min(user_memory.part_of_page(address, left), user_memory.part_of_page(caller.held_done, left))
        memcpy(place, place_of(held, caller.held_done), part)
        caller.held_done += part
    release(caller)
    scheduler.make_ready(waiting.finish(caller, Status.OK))


def release(thread: Thread) -> None:
    """Nothing is held for that thread any more."""
    held = thread.held
    if held is not None:
        thread.held = None
        memories.drop(held)
