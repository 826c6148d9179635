"""The reaper: takes apart what has ended, a bounded step at a time, so that no trap takes long.

A step is done whenever the scheduler chooses a thread, and while there is nothing to run; who destroys something waits
for it by doing steps himself.
"""

from atoll.abi.objects import Kind
from atoll.abi.raw import at
from atoll.kernel import dropping, handles, mappings, memories, paging, processes, scheduler, slabs, threads
from atoll.kernel.objects import PLACES, Memory, Port, Process, Thread

STEP = 32  # handles, mappings, pages or tables in one step


class Reaper:
    """What is dying."""

    process: Process | None
    memory: Memory | None
    thread: Thread | None


reaper: Reaper = Reaper()


def add_process(process: Process) -> None:
    """Its threads are gone, or it is dead and what it left is nobody's, or nobody refers to it: the rest is ours."""
    process.next_dying = reaper.process
    reaper.process = process


def add_memory(memory: Memory) -> None:
    """No handle and no mapping leads there any more."""
    memory.next_dying = reaper.memory
    reaper.memory = memory


def add_thread(thread: Thread) -> None:
    """It has ended itself: its structure is in use until its trap is over."""
    thread.next_of_process = reaper.thread
    reaper.thread = thread


def drop_threads() -> None:
    """Their traps are over."""
    thread = reaper.thread
    while thread is not None:
        reaper.thread = thread.next_of_process
        threads.drop(thread)
        thread = reaper.thread


def work() -> bool:
    """One step; False if there was nothing to do."""
    if reaper.thread is not None:
        drop_threads()
    memory = reaper.memory
    if memory is not None:
        if memories.free_some(memory, STEP):
            reaper.memory = memory.next_dying
            memories.free_object(memory)
        return True
    process = reaper.process
    if process is None:
        return False
    if process.head.dead:
        reaper.process = process.next_dying
        processes.end(process)
        return True
    if step(process):
        reaper.process = process.next_dying
        processes.finish(process)
    return True


def step(process: Process) -> bool:
    """Take a bit of a process apart; True if nothing is left."""
    if not processes.has_heir(process) and processes.kill_child(process):
        return False
    if process.mappings is not None:
        mappings.drop_some(process, STEP)
    elif process.closed < process.table_count * PLACES:
        close_some(process)
    elif paging.free_some(process.root, STEP, process):
        scheduler.leave_space(process.satp)
        paging.end_space(process.satp)
        slabs.refund_page(process, process.root)
        while process.table_count > 0:
            process.table_count -= 1
            slabs.refund_page(process, handles.table_page(process, process.table_count))
        return True
    return False


def close_some(process: Process) -> None:
    """Close some handles; ports are kept for the heir."""
    end = min(process.closed + STEP, process.table_count * PLACES)
    while process.closed < end:
        entry = handles.place_at(process, process.closed)
        if handles.kind_of(entry) == Kind.PORT:
            processes.keep_port(process, at(Port, entry.object))
        elif handles.kind_of(entry) != Kind.NONE:
            dropping.drop(entry, process)
        if handles.kind_of(entry) != Kind.NONE:
            handles.give_place(process, entry)
        process.closed += 1
