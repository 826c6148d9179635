"""What `ps` shows: the programs of the table, with the figures that the kernel keeps."""

from atoll.abi.objects import NO_HANDLE, Info, ThreadState
from atoll.abi.raw import address_of, view
from atoll.abi.types import Slice, u8, u64
from atoll.servers.memory.interface import MemoryManager
from atoll.servers.programs.interface import INFO_SIZE, ProgramInfo, ProgramState
from atoll.servers.programs.table import UNUSED, Entry, Table
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import read_info

PAGE_SIZE = 4096
HOME_SHIFT = 16  # of a home: above is the node


def fill(programs: Table, memory: MemoryManager, first: u64, into: Slice[u8]) -> u64:
    """ProgramInfos from number `first` on; the bytes written."""
    skipped: u64 = 0
    used: u64 = 0
    for entry in programs.entries:
        if entry.state == UNUSED or used + INFO_SIZE > len(into):
            continue
        if skipped < first:
            skipped += 1
            continue
        describe(entry, memory, into[used : used + INFO_SIZE])
        used += INFO_SIZE
    return used


def describe(entry: Entry, memory: MemoryManager, into: Slice[u8]) -> None:
    """One program."""
    info = ProgramInfo()
    info.pid, info.parent, info.state, info.status = entry.pid, entry.parent, entry.state, entry.status
    if entry.is_in_doubt:
        info.state = ProgramState.IN_DOUBT
    info.priority, info.started = entry.priority, entry.started
    info.home = entry.home >> HOME_SHIFT
    info.thread_state = ThreadState.DEAD
    title = entry.title()
    info.name_length = u64(len(title))
    info.name[0 : info.name_length] = title
    if entry.process.handle != NO_HANDLE:
        try:
            add_figures(entry, info)
        except KernelError:
            info.threads = 0  # it is ending
    if entry.has_come:
        add_what_came(entry, memory, info)
    into[:] = view(address_of(info), INFO_SIZE)


def add_figures(entry: Entry, info: ProgramInfo) -> None:
    """The kernel's figures (abi/objects.py, Info)."""
    figures = Info()
    read_info(entry.process.handle, figures)
    info.pages = figures.words[2] // PAGE_SIZE
    info.threads = figures.words[3]
    info.cpu_time = entry.cpu_time + figures.words[5]
    if entry.thread.handle != NO_HANDLE:
        read_info(entry.thread.handle, figures)
        info.thread_state = figures.words[1]
        info.messages, info.bytes = figures.words[5], figures.words[6]
    elif info.threads > 0:
        info.thread_state = ThreadState.READY  # of a program that outlived its program manager we have no thread


def add_what_came(entry: Entry, memory: MemoryManager, info: ProgramInfo) -> None:
    """What it has from other nodes, and needs them for."""
    info.cpu_elsewhere, info.sent_on_by = entry.cpu_time, entry.sent_on_by
    try:
        space = memory.describe(entry.space)
        info.pages_left, info.pages_at = space.away, space.away_at
    except ServiceError:
        return  # it is ending
