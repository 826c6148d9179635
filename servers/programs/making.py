"""From a file to a process, with its space at the memory manager."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Text
from atoll.servers.memory.interface import MemoryManager, NoSuchSpace
from atoll.servers.programs import legacy, loading, moving
from atoll.servers.programs.interface import AnotherNode, NoSuchProgram
from atoll.servers.programs.moving import OWN_RIGHTS
from atoll.servers.programs.table import Entry
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, close, duplicate


def open_image(entry: Entry, path: Text, naming: Gate) -> None:
    """Find the file. Raises NoSuchProgram."""
    try:
        entry.image = legacy.open_file(naming, path)
    except AnotherNode:
        raise
    except ServiceError as error:
        raise NoSuchProgram(f"{path}: {error}") from None


def make_surely(entry: Entry, memory: MemoryManager) -> None:
    """Once more if the memory manager has died meanwhile. Raises NotExecutable, ServiceError, KernelError."""
    try:
        make(entry, memory)
    except (OutcomeUnknown, NoSuchSpace):
        if entry.process.handle != NO_HANDLE:
            entry.process.destroy(0)
            entry.process.close()
            entry.process.handle = NO_HANDLE
        make(entry, memory)


def make(entry: Entry, memory: MemoryManager) -> None:
    """The process with its space. Raises NotExecutable, KernelError."""
    space, start, pager = loading.prepare_space(entry, memory)
    entry.space, entry.entry = space, start
    try:
        moving.make_process(entry, Gate(pager), 0)
    finally:
        close(pager)
    memory.adopt(space, Process(duplicate(entry.process.handle, OWN_RIGHTS)))
