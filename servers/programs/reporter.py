"""Tracebacks, in a thread of their own: where they go may be a full pipe, which must not stop the program manager.

Faults come from the memory manager, errors that nobody caught from the program itself, through the first thread.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, at, copy_memory
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.memory.interface import FaultSink, MemoryManager
from atoll.servers.programs.table import UNUSED, Entry, Table
from atoll.servers.root.interface import Parent
from atoll.userland.runtime.errors import RECORD_SIZE, ErrorRecord
from atoll.userland.runtime.image import fault
from atoll.userland.runtime.interface import ServiceError, call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.system import own_process, redirect
from atoll.userland.runtime.threads import start_thread
from atoll.userland.runtime.traceback import print_error
from atoll.abi.calls import Call, Message, NO_TIMEOUT

PRIORITY = 12
PATIENCE = 1_000_000_000  # nanoseconds that a traceback may wait for its stream
MOST_TABLE = 512 << 10  # bytes of a trace table
PART = 32 << 10
MOST_ERRORS = 8  # that wait to be shown


class Pending:
    """An error that is to be shown; the program waits for it."""

    reply: u64  # NO_HANDLE: none
    badge: u64
    record: Array[u8, RECORD_SIZE]


class Reporter(FaultSink):
    """The second thread's side."""

    port: Port
    gate: Gate
    pending: Array[Pending, MOST_ERRORS]
    table: Array[u8, MOST_TABLE]
    request: Array[u8, 256]
    answer: Array[u8, 256]
    stack: Array[u8, 65536]

    def report(self, space: u64, thread: u64, cause: u64, address: u64) -> None:
        for entry in programs.entries:
            if entry.state != UNUSED and entry.space == space:
                self.show_fault(entry, thread, cause, address)
                return

    def show_fault(self, entry: Entry, thread: u64, cause: u64, address: u64) -> None:
        """The traceback of a fault."""
        redirect(entry.error.handle, PATIENCE)
        try:
            fault.report(entry.process, thread, cause, address, self.table_of(entry))
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
        """The trace table of a program's image, read from its file."""
        info = MemoryManager(memory.handle).describe(entry.space)
        size = min(info.trace_size, MOST_TABLE)
        done: u64 = 0
        while done < size:
            part = min(size - done, PART)
            got = entry.image.read_at(info.trace_offset + done, self.table[done : done + part])
            if got == 0:
                break
            done += got
        return self.table[0:done]

    def notified(self, bits: u64, label: u64) -> None:
        for item in self.pending:
            if item.reply != NO_HANDLE:
                self.show_error(item)


programs: Table = Table()
reporter: Reporter = Reporter()
memory: Gate = Gate(NO_HANDLE)


def start(manager: Gate) -> None:
    """Make the thread."""
    memory.handle = manager.handle
    reporter.port = create_port(1)
    reporter.gate = reporter.port.mint(0)
    start_thread(Process(own_process()), run, 0, reporter.stack[:], PRIORITY)


def show_later(record: Bytes) -> None:
    """Have an error shown; the call that is being answered is answered then. If too many wait, it is not shown."""
    for item in reporter.pending:
        if item.reply == NO_HANDLE:
            item.badge = call.badge
            copy_memory(address_of(item.record), address_of(record), RECORD_SIZE)
            item.reply = call.postpone()
            reporter.gate.notify(1)
            return


def run(_: u64) -> None:
    """Show tracebacks for ever."""
    letter = Letter()
    letter.set_buffer(reporter.request[:])
    while True:
        reporter.port.receive(letter)
        if letter.kind == Message.CALL:
            call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
            reporter.dispatch(letter, reporter.request[0 : letter.size], reporter.answer[:])
            letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)
        else:
            reporter.notified(letter.words[0], letter.label)
