"""The end of a program: from outside, and what of it is given back."""

from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.types import u64
from atoll.servers.memory.interface import MemoryManager
from atoll.servers.programs import moving
from atoll.servers.programs.holders import forget_all, tell_end
from atoll.servers.programs.interface import BadRequest, NoSuchProgram, Programs, ProgramState
from atoll.servers.programs.table import Entry
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, close, read_info

MAX_STATUS = 255


def end_program(entry: Entry, status: u64) -> None:
    """End it from outside. Raises BadRequest: its image has not come, so that there is nothing to end."""
    if entry.state == ProgramState.ENDED:
        return
    if entry.state == ProgramState.MOVED:
        entry.order = min(status, MAX_STATUS) + 1
        moving.tell_mover()
        return
    if entry.process.handle == NO_HANDLE:
        raise BadRequest("the program is still being brought")
    destroy_surely(entry.process, min(status, MAX_STATUS))


def destroy_surely(process: Process, status: u64) -> None:
    """End a process that may have ended already."""
    try:
        process.destroy(status)
    except KernelError:
        return


def drop_waiting(entry: Entry) -> None:
    """It will never run: who waits for its end has waited in vain."""
    for i in range(len(entry.waiting)):
        close_if(entry.waiting[i])
        entry.waiting[i] = NO_HANDLE
    tell_end(entry)


def forget_waiting(entry: Entry) -> None:
    """It has moved on: whoever waits for it here, or is to be told of its end, has to ask elsewhere."""
    for i in range(len(entry.waiting)):
        if entry.waiting[i] != NO_HANDLE:
            Programs.fail(entry.waiting[i], NoSuchProgram("the program is on another node now"))
            entry.waiting[i] = NO_HANDLE
    forget_all(entry)


class Watcher:
    """Who is told of every start and end. (A successor is not told who that is: the watcher asks again, and again.)"""

    gate: Gate
    bits: u64


watcher: Watcher = Watcher()


def watch(gate: Gate, bits: u64) -> None:
    """From now on this gate is notified when a program starts or ends."""
    if watcher.gate.handle != NO_HANDLE:
        watcher.gate.close()
    watcher.gate, watcher.bits = gate, bits


def tell_watcher() -> None:
    """A program has started or ended."""
    if watcher.gate.handle != NO_HANDLE:
        try:
            watcher.gate.notify(watcher.bits)
        except KernelError:  # whoever it was is dead
            watcher.gate.close()
            watcher.gate.handle = NO_HANDLE


def give_back(entry: Entry, memory: MemoryManager) -> None:
    """Handles and the space at the memory manager."""
    give_back_process(entry, memory)
    close_if(entry.image.handle)
    close_if(entry.content.handle)
    close_if(entry.error.handle)
    entry.image.handle = NO_HANDLE
    entry.content.handle = NO_HANDLE
    entry.error.handle = NO_HANDLE


def give_back_process(entry: Entry, memory: MemoryManager) -> None:
    """What it needed to run: a program that has moved away leaves the rest."""
    if entry.space != 0:
        try:
            memory.release(entry.space)
        except ServiceError:
            pass
    close_if(entry.process.handle)
    close_if(entry.thread.handle)
    entry.space = 0
    entry.process.handle = NO_HANDLE
    entry.thread.handle = NO_HANDLE


def close_if(handle: u64) -> None:
    """Close a handle, if there is one."""
    if handle != NO_HANDLE:
        close(handle)


def serial_of(process: Process) -> u64:
    """The kernel's number of a process, which no other ever has."""
    info = Info()
    read_info(process.handle, info)
    return info.words[0]
