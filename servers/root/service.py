"""What a program gets from root while it runs: its console, its memory, and the word of how it ended."""

from atoll.abi.calls import IN_CALL, NO_TIMEOUT, Call, FaultReply, Message
from atoll.abi.objects import NO_HANDLE, Kind
from atoll.abi.programs import MAX_STATUS, MAX_WRITE, Ask
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u8, u64
from atoll.servers.root import machine
from atoll.servers.root.program import FATE, ROLE, SLOT_SHIFT, Slot, running
from atoll.servers.root.replacing import server
from atoll.userland.runtime.errors import RECORD_SIZE, ErrorRecord
from atoll.userland.runtime.image import fault
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.traceback import print_error

buffer: Array[u8, MAX_WRITE] = Array()
reply: Array[u8, MAX_WRITE] = Array()


def serve() -> u64:
    """Answer the program until it has ended; its exit status."""
    letter = Letter()
    letter.set_buffer(buffer[:])
    while True:
        running.everything.receive(letter)
        slot = running.slots[letter.badge >> SLOT_SHIFT]
        is_fate = letter.badge & ROLE == FATE
        if letter.handle != NO_HANDLE and not (slot.is_supervisor and letter.kind == Message.CALL):
            discard(letter)
        if is_fate and letter.kind == Message.DEATH:
            if slot.number == running.current:
                return min(letter.words[1], MAX_STATUS)
        elif is_fate and letter.kind == Message.FAULT:
            handle_fault(slot, letter)
        elif letter.kind == Message.CALL:
            handle_request(slot, letter)
        elif letter.reply != NO_HANDLE:
            close(letter.reply)


def discard(letter: Letter) -> None:
    """A program's own ports and processes end with it; and nobody else gives root anything."""
    if letter.kind == Message.INHERITED and letter.words[2] == Kind.PROCESS:
        Process(letter.handle).destroy(machine.MISBEHAVED)
    close(letter.handle)


def handle_request(slot: Slot, letter: Letter) -> None:
    """One of the calls of abi/programs.py, or of what only the supervisor may ask."""
    match letter.words[0]:
        case Ask.WRITE:
            machine.write(buffer[0 : letter.size])
            answer(letter)
        case Ask.ERROR if letter.size == RECORD_SIZE:
            print_error(slot.program.trace, at(ErrorRecord, address_of(buffer)))
            answer(letter)
        case Ask.POWER_OFF:
            machine.power_off(letter.words[1])
        case _:
            dispatch(slot, letter)


def dispatch(slot: Slot, letter: Letter) -> None:
    """Anything else. What we do not know gets no answer."""
    if not slot.is_supervisor or slot.number != running.current:
        if letter.handle != NO_HANDLE:
            close(letter.handle)
        close(letter.reply)
        return
    call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
    server.dispatch(letter, buffer[0 : letter.size], reply[:])
    if letter.reply != NO_HANDLE:
        answer(letter)


def handle_fault(slot: Slot, letter: Letter) -> None:
    """A thread of the program cannot go on: give it what it misses, or end the program."""
    cause, address = letter.words[0] % IN_CALL, letter.words[1]
    is_in_call = letter.words[0] & IN_CALL != 0
    if slot.program.load_page(cause, address):
        letter.set_words(FaultReply.RETRY)
    elif is_in_call:
        letter.set_words(FaultReply.REFUSE)
    else:
        fault.report(slot.program.process, letter.words[3], cause, address, slot.program.trace)
        letter.set_words(FaultReply.KILL, machine.MISBEHAVED)
    answer(letter)


def answer(letter: Letter) -> None:
    """Reply; who asked may have ended meanwhile."""
    letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)
