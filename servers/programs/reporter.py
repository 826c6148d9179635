"""Tracebacks, in a thread of their own: where they go may be a full pipe, which must not stop the program manager.

Faults are fetched from the memory manager, which notifies; errors that nobody caught come from the program itself,
through the first thread.
"""

from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, at, copy_memory
from atoll.abi.types import Array, Bytes, Text, u8, u64
from atoll.servers.files.interface import File
from atoll.servers.memory.interface import NEW_FAULT, BadImage, Fault, MemoryManager, NoFault, Reason
from atoll.servers.programs import legacy
from atoll.servers.programs.table import UNUSED, Entry, programs
from atoll.servers.root.interface import Parent
from atoll.userland.runtime.errors import RECORD_SIZE, ErrorRecord
from atoll.userland.runtime.image import fault
from atoll.userland.runtime.interface import ServiceError, call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, duplicate
from atoll.userland.runtime.state import StateRefused
from atoll.userland.runtime.system import own_process, redirect
from atoll.userland.runtime.threads import start_thread
from atoll.userland.runtime.traceback import print_error

PRIORITY = 12
FOR_SINK = Right.SEND | Right.MOVE | Right.DUPLICATE
PATIENCE = 5_000_000_000  # nanoseconds that a traceback may wait for its stream: longer than a bad link takes
MOST_TABLE = 512 << 10  # bytes of a trace table
PART = 32 << 10
MOST_ERRORS = 8  # that wait to be shown

# ---- bits of notifications from the first thread; NEW_FAULT is the memory manager's ----
NEW_ERROR = 1 << 32
SUBSCRIBE = 1 << 33

CRASHED = 1  # status of a program that made a fault


class Pending:
    """An error that is to be shown; the program waits for it."""

    reply: u64  # NO_HANDLE: none
    badge: u64
    record: Array[u8, RECORD_SIZE]


class Reporter:
    """The second thread's side."""

    port: Port
    gate: Gate
    naming: Gate
    pending: Array[Pending, MOST_ERRORS]
    table: Array[u8, MOST_TABLE]
    stack: Array[u8, 65536]

    def fetch_faults(self) -> None:
        """Show all faults that the memory manager has for us, and have their programs ended."""
        manager = MemoryManager(memory.handle)
        try:
            while True:
                found = manager.next_fault()
                if found.reason == Reason.IMAGE_LOST and self.renew(found.space, manager):
                    continue
                for entry in programs.entries:
                    if entry.state != UNUSED and entry.space == found.space:
                        self.show_fault(entry, found)
                manager.end_fault(found.space, found.thread, CRASHED)
        except NoFault:
            return
        except (ServiceError, KernelError) as error:
            print(f"programs: the memory manager has faults that cannot be shown: {error}")

    def renew(self, space: u64, manager: MemoryManager) -> bool:
        """Another gate to the file of a program, if the file service has died: whether the program can go on."""
        for entry in programs.entries:
            if entry.state != UNUSED and entry.space == space and legacy.refresh_image(entry, self.naming):
                try:
                    manager.renew(space, File(duplicate(entry.image.handle, FOR_SINK)))
                except BadImage:
                    return False
                return True
        return False

    def show_fault(self, entry: Entry, found: Fault) -> None:
        """The traceback of a fault."""
        redirect(entry.error.handle, PATIENCE)
        try:
            if found.reason == Reason.MISTAKE:
                fault.report(entry.process, found.thread, found.cause, found.address, self.table_of(entry))
            else:
                print(f"{str(entry.title(), 'utf-8')}: ended: {why(found.reason)}")
        except (ServiceError, KernelError) as error:
            print(f"(no traceback: {error})")
        redirect(NO_HANDLE)

    def show_error(self, item: Pending) -> None:
        """The traceback of an error that nobody caught."""
        try:
            entry = programs.of(item.badge)
            redirect(entry.error.handle, PATIENCE)
            print_error(self.table_of(entry), at(ErrorRecord, address_of(item.record)))
        except (ServiceError, KernelError) as error:
            print(f"(no traceback: {error})")
        redirect(NO_HANDLE)
        Parent.reply_error(item.reply)
        item.reply = NO_HANDLE

    def table_of(self, entry: Entry) -> Bytes:
        """The trace table of a program's image, read from its file, or from the memory that it was brought to."""
        legacy.refresh_image(entry, self.naming)
        offset, size = entry.trace_offset, entry.trace_size
        if size == 0:
            info = MemoryManager(memory.handle).describe(entry.space)
            offset, size = info.trace_offset, info.trace_size
        size = min(size, MOST_TABLE)
        done: u64 = 0
        while done < size:
            part = min(size - done, PART)
            if entry.content.handle != NO_HANDLE:
                entry.content.read(offset + done, self.table[done : done + part])
                got = part
            else:
                got = entry.image.read_at(offset + done, self.table[done : done + part])
            if got == 0:
                break
            done += got
        return self.table[0:done]

    def show_errors(self) -> None:
        """All that wait."""
        for item in self.pending:
            if item.reply != NO_HANDLE:
                self.show_error(item)


def why(reason: u64) -> Text:
    """Why the memory manager cannot help a program."""
    match reason:
        case Reason.OUT_OF_MEMORY:
            return "the machine is out of memory"
        case Reason.OUT_OF_QUOTA:
            return "its quota is used up"
        case Reason.IMAGE_LOST:
            return "its file cannot be read"
        case Reason.SOURCE_LOST:
            return "pages of it are on a node that is gone"
    return "its pages in the swap area are lost"


reporter: Reporter = Reporter()
memory: Gate = Gate(NO_HANDLE)


def start(manager: Gate, naming: Gate, serves: bool) -> None:
    """Make the thread. It fetches faults as soon as we serve."""
    memory.handle = manager.handle
    reporter.naming.handle = naming.handle
    reporter.port = create_port()  # (the label of a service port would make it one, for our heir)
    reporter.gate = reporter.port.mint(0)
    start_thread(Process(own_process()), run, 0, reporter.stack[:], PRIORITY)
    if serves:
        reporter.gate.notify(SUBSCRIBE)


def require_idle() -> None:
    """Raises StateRefused while a traceback is being shown."""
    for item in reporter.pending:
        if item.reply != NO_HANDLE:
            raise StateRefused("a traceback is being shown")


def show_later(record: Bytes) -> None:
    """Have an error shown; the call that is being answered is answered then. If too many wait, it is not shown."""
    for item in reporter.pending:
        if item.reply == NO_HANDLE:
            item.badge = call.badge
            copy_memory(address_of(item.record), address_of(record), RECORD_SIZE)
            item.reply = call.postpone()
            reporter.gate.notify(NEW_ERROR)
            return


def run(_: u64) -> None:
    """Show tracebacks for ever."""
    letter = Letter()
    while True:
        reporter.port.receive(letter)
        if letter.words[0] & SUBSCRIBE != 0:
            subscribe()
        if letter.words[0] & NEW_FAULT != 0:
            reporter.fetch_faults()
        if letter.words[0] & NEW_ERROR != 0:
            reporter.show_errors()


def subscribe() -> None:
    """From now on the memory manager notifies us."""
    try:
        MemoryManager(memory.handle).set_sink(Gate(duplicate(reporter.gate.handle, FOR_SINK)))
    except ServiceError as error:
        print(f"programs: faults will not be shown: {error}")
