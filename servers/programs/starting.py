"""The start of a program that is prepared: its start page, its first handles, its first thread."""

from atoll.abi import startup
from atoll.abi.address_space import ARGUMENTS, PAGE_SIZE, STACK_END
from atoll.abi.objects import Right
from atoll.abi.types import u64
from atoll.servers.programs import ending, legacy
from atoll.servers.programs.interface import ProgramState
from atoll.servers.programs.preparing import Preparation
from atoll.servers.programs.table import ASKING, Entry
from atoll.userland.runtime.image.start_page import StartPage
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import create_memory, duplicate
from atoll.userland.runtime.service import loop

PRIORITY = 16
FOR_CALLERS = Right.SEND | Right.DUPLICATE | Right.MOVE
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE

page: StartPage = StartPage()


def begin(entry: Entry, preparation: Preparation, naming: Gate) -> None:
    """Its start page and its first thread."""
    if not preparation.has(startup.NAMING):
        preparation.give(entry.process, startup.NAMING, duplicate(naming.handle, FOR_CALLERS))
    own = loop.port.mint(entry.badge(ASKING))
    if not preparation.has(startup.PROGRAMS):
        preparation.give(entry.process, startup.PROGRAMS, duplicate(own.handle, FOR_CALLERS))
    preparation.identify(f"{legacy.VARIABLE}={entry.pid} {entry.space} {entry.home} ", entry.path())
    preparation.write(page)
    data = page.contents()
    pages = (u64(len(data)) + PAGE_SIZE - 1) // PAGE_SIZE
    memory = create_memory(pages)
    memory.write(0, data)
    entry.process.map(memory, 0, ARGUMENTS, pages, Right.READ)
    memory.close()
    gate = entry.process.install(own.handle)
    itself = entry.process.install(duplicate(entry.process.handle, OWN_RIGHTS))
    entry.priority = PRIORITY
    entry.thread = entry.process.create_thread(entry.entry, STACK_END, gate, itself, PRIORITY)
    entry.started = clock()
    entry.state = ProgramState.RUNNING
    entry.thread.resume()
    ending.tell_watcher()
