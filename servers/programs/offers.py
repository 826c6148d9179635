"""Who takes a program? The group of program managers is asked, and the first answer wins. Here is ours.

The thread has the priority of programs, and takes turns with them: the busier the node, the later its answer.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import NO_TIMEOUT, Call, Message
from atoll.abi.objects import NO_HANDLE, Info, Statistics, ThreadState
from atoll.abi.types import Array, u8, u64
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Offers, ProgramState
from atoll.servers.programs.table import programs
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.kernel_calls import read_statistics
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, read_info
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PRIORITY = 16  # of programs


class Offering(Offers):
    """Our answer."""

    number: u64  # our node's
    node: Member
    port: Port
    request: Array[u8, 256]
    answer: Array[u8, 256]
    stack: Array[u8, 16384]

    def offer(self, memory: u64, speed: u64) -> tuple[u64, u64, u64]:
        figures = Statistics()
        read_statistics(figures)
        free = figures.free_pages * PAGE_SIZE
        if free < memory or self.node.speed < speed:
            close(call.postpone())  # a call that is dropped is no answer
            return 0, 0, 0
        return self.number, load(), free


offering: Offering = Offering()


def load() -> u64:
    """How many programs want the CPU."""
    count: u64 = 0
    for entry in programs.entries:
        if entry.state == ProgramState.RUNNING and entry.thread.handle != NO_HANDLE:
            count += u64(is_ready(entry.thread.handle))
    return count


def is_ready(thread: u64) -> bool:
    """Whether a thread, which may have ended meanwhile, could run."""
    figures = Info()
    try:
        read_info(thread, figures)
    except KernelError:
        return False
    return figures.words[1] == ThreadState.READY


def start() -> None:
    """Make the thread."""
    offering.port = create_port()
    start_thread(Process(own_process()), run, 0, offering.stack[:], PRIORITY)


def run(_: u64) -> None:
    """Answer for ever."""
    letter = Letter()
    letter.set_buffer(offering.request[:])
    while True:
        offering.port.receive(letter)
        if letter.kind == Message.CALL:
            call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
            offering.dispatch(letter, offering.request[0 : letter.size], offering.answer[:])
            if letter.reply != NO_HANDLE:
                letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)
        else:
            offering.other_message(letter)
