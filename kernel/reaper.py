"""The reaper: takes apart what has ended, a bounded step at a time, so that no trap takes long.

A step is done whenever the scheduler chooses a thread, and while there is nothing to run; who destroys a process waits
for it by doing steps himself.
"""

from typing import TypeVar

from atoll.abi.calls import Status
from atoll.abi.raw import address_of
from atoll.abi.types import noinline, u64
from atoll.kernel import (
    dropping,
    handles,
    lists,
    mappings,
    memories,
    memory,
    paging,
    ports,
    processes,
    slabs,
    threads,
    timer,
    waiting,
)
from atoll.kernel.lists import Link
from atoll.kernel.objects import PLACES, Memory, Port, Process, Set, Thread

T = TypeVar("T")
STEP = 32  # handles, mappings, pages or tables in one step, of all else one


class Reaper:
    """What has ended."""

    is_busy: bool  # False: nothing

    stale: Link[Thread]  # waited to receive at a port that has moved
    dead: Link[Thread]  # waited to receive where nobody can any more
    threads: Link[Thread]  # nobody knows them
    ports: Link[Port]  # dead; others may still wait to be told
    sets: Link[Set]  # dead; ports may still be in them
    memories: Link[Memory]  # without handles and mappings
    processes: Link[Process]  # dying; or dead, and what they left is nobody's; or nobody knows them


reaper: Reaper = Reaper()


def start() -> None:
    """Nothing has ended."""
    lists.start_all(address_of(reaper.stale), 7, 0)


def add(ring: Link[T], link: Link[T]) -> None:
    """Something has ended that is in no list."""
    lists.append(ring, link)
    reaper.is_busy = True


def dismiss(receivers: Link[Thread], status: u64) -> None:
    """Who waits to receive there is to be told why that is over."""
    lists.join(reaper.stale if status == Status.STALE_HANDLE else reaper.dead, receivers)
    reaper.is_busy = True


def work() -> bool:
    """One step; False if there was nothing to do. Else there will be a next one, even if one thread runs for ever."""
    if reaper.is_busy:
        reaper.is_busy = step()
        timer.begin_slice()
        return True
    return False


@noinline
def step() -> bool:
    """A part of something that has ended; False if there was nothing left."""
    is_waiting = end_waiting(reaper.stale, Status.STALE_HANDLE) or end_waiting(reaper.dead, Status.DEAD)
    return is_waiting or free_thread() or end_port() or end_set() or end_memory() or end_process()


def end_waiting(queue: Link[Thread], status: u64) -> bool:
    """A thread that waited where there is nothing to wait for; False if there is none."""
    thread = lists.first(queue)
    if thread is not None:
        waiting.end(thread, status)
    return thread is not None


def free_thread() -> bool:
    """A thread that has ended; False if there is none."""
    thread = lists.first(reaper.threads)
    if thread is not None:
        threads.free(thread)
    return thread is not None


def end_port() -> bool:
    """Who still waits at a dead port."""
    port = lists.first(reaper.ports)
    if port is not None:
        ports.end_some(port)
    return port is not None


def end_set() -> bool:
    """Ports of a dead set."""
    group = lists.first(reaper.sets)
    if group is not None:
        ports.end_set(group, STEP)
    return group is not None


def end_memory() -> bool:
    """Pages of a memory object."""
    pages = lists.first(reaper.memories)
    if pages is not None and memories.free_some(pages, STEP):
        memories.free(pages)
    return pages is not None


def end_process() -> bool:
    """A process."""
    process = lists.first(reaper.processes)
    if process is None:
        return False
    if process.head.dead:
        processes.end(process)
    elif end_some(process):
        processes.finish(process)
    return True


def end_some(process: Process) -> bool:
    """Take a bit of a dying process apart; True if nothing is left."""
    if processes.end_thread(process) or processes.end_child(process):
        return False
    if not lists.is_empty(process.mappings):
        mappings.drop_some(process, STEP)
    elif process.closed < process.table_count * PLACES:
        close_some(process)
    elif paging.free_tables(process.root, paging.ROOT_LEVEL, STEP, process) > 0:
        slabs.refund_page(process, process.root)
        while process.table_count > 0:
            process.table_count -= 1
            slabs.refund_page(process, memory.physical(process.tables[process.table_count]))
        return True
    return False


def close_some(process: Process) -> None:
    """Close some handles."""
    for _ in range(STEP):
        entry = handles.place_at(process, process.closed)
        process.closed += 1
        if handles.kind_of(entry) != 0:
            dropping.close(process, entry)
