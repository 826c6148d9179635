"""Who takes a program? The group of program managers is asked, and the first answer wins. Here is ours.

Who receives the question becomes as urgent as who asks. So it only wakes the thread that answers, which has the
priority of programs and takes turns with them: the busier the node, the later its answer.
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
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, read_info
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PRIORITY = 16  # of programs
MOST_WAITING = 8


class Question:
    """One that waits for its turn."""

    reply: u64  # NO_HANDLE: none
    memory: u64
    speed: u64


class Offering(Offers):
    """Our answer."""

    number: u64  # our node's
    node: Member
    port: Port
    request: Array[u8, 256]
    answer: Array[u8, 256]
    stack: Array[u8, 16384]
    turn: Port  # where the thread waits that takes turns with programs
    to_turn: Gate
    turn_stack: Array[u8, 16384]
    waiting: Array[Question, MOST_WAITING]

    def offer(self, memory: u64, speed: u64) -> tuple[u64, u64, u64]:
        reply = call.postpone()
        for question in self.waiting:
            if question.reply == NO_HANDLE:
                question.memory, question.speed, question.reply = memory, speed, reply
                self.to_turn.notify(1)
                return 0, 0, 0
        close(reply)  # a call that is dropped is no answer
        return 0, 0, 0

    def answer_now(self, question: Question) -> None:
        """Our turn has come."""
        figures = Statistics()
        read_statistics(figures)
        free = figures.free_pages * PAGE_SIZE
        reply = question.reply
        question.reply = NO_HANDLE
        if free < question.memory or self.node.speed < question.speed:
            close(reply)
        else:
            Offers.reply_offer(reply, self.number, load(), free)


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
    """Make the threads."""
    offering.turn = create_port()
    offering.to_turn = offering.turn.mint(0)
    start_thread(Process(own_process()), take_turns, 0, offering.turn_stack[:], PRIORITY)
    offering.port = create_port()
    start_thread(Process(own_process()), run, 0, offering.stack[:], PRIORITY)


def take_turns(_: u64) -> None:
    """Answer what waits, for ever."""
    letter = Letter()
    while True:
        offering.turn.receive(letter)
        for question in offering.waiting:
            if question.reply != NO_HANDLE:
                offering.answer_now(question)


def run(_: u64) -> None:
    """Receive questions for ever."""
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
