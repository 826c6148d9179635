"""Threads that wait for more than a page: for the program manager to end them, or for their space to be adopted."""

from atoll.abi.calls import NO_TIMEOUT, Call, FaultReply
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import Array, u64
from atoll.servers.memory.interface import Fault
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.state import StateReader, StateWriter

WAITING = 48  # their reply handles move in a swap: abi/control.py says how many can
NOBODY = WAITING


class Waiting:
    """One thread."""

    fault: Fault
    reply: u64  # NO_HANDLE: the place is free
    is_reportable: bool  # else it waits for its space
    is_fetched: bool  # the program manager knows

    def kill(self, status: u64) -> None:
        """End the thread's process."""
        answer(self.reply, FaultReply.KILL, status)
        self.reply = NO_HANDLE


class WaitingThreads:
    """All of them."""

    items: Array[Waiting, WAITING]

    def add(self, fault: Fault, reply: u64, is_reportable: bool) -> bool:
        """Keep a thread; False if there is no room."""
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            if waiting.reply == NO_HANDLE:
                waiting.fault = fault
                waiting.reply, waiting.is_reportable, waiting.is_fetched = reply, is_reportable, False
                return True
        return False

    def fetch(self) -> u64:
        """The index of the next one to report; NOBODY if all are."""
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            if waiting.reply != NO_HANDLE and waiting.is_reportable and not waiting.is_fetched:
                waiting.is_fetched = True
                return index
        return NOBODY

    def unfetch(self) -> bool:
        """All that wait for the program manager are to be reported once more; whether there are any."""
        found = False
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            waiting.is_fetched = False
            found = found or (waiting.reply != NO_HANDLE and waiting.is_reportable)
        return found

    def resume(self, space: u64) -> None:
        """The space is there now: its threads try again."""
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            if waiting.reply != NO_HANDLE and waiting.fault.space == space and not waiting.is_reportable:
                answer(waiting.reply, FaultReply.RETRY, 0)
                waiting.reply = NO_HANDLE

    def lose(self, space: u64, reason: u64) -> bool:
        """What the space's threads wait for will not come: they are to be reported; whether there are any."""
        found = False
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            if waiting.reply != NO_HANDLE and waiting.fault.space == space and not waiting.is_reportable:
                waiting.fault.reason, waiting.is_reportable, waiting.is_fetched = reason, True, False
                found = True
        return found

    def retry(self, space: u64, reason: u64) -> None:
        """What kept the space's threads from going on for that reason may be over."""
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            is_that = waiting.fault.space == space and waiting.fault.reason == reason
            if waiting.reply != NO_HANDLE and waiting.is_reportable and is_that:
                answer(waiting.reply, FaultReply.RETRY, 0)
                waiting.reply = NO_HANDLE

    def end(self, space: u64, status: u64) -> None:
        """The space is gone: should its threads still wait, they end."""
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            if waiting.reply != NO_HANDLE and waiting.fault.space == space:
                waiting.kill(status)

    def end_thread(self, space: u64, thread: u64, status: u64) -> None:
        """One thread has been reported."""
        for index in range(u64(WAITING)):
            waiting = self.items[index]
            is_that = waiting.fault.space == space and waiting.fault.thread == thread
            if waiting.reply != NO_HANDLE and is_that and waiting.is_reportable:
                waiting.kill(status)

    def export_state(self, writer: StateWriter) -> None:
        """The old server's side of a swap: who waits, and the reply handles, which move."""
        writer.data(view(address_of(self), size_of(WaitingThreads)))
        for index in range(u64(WAITING)):
            writer.moved(self.items[index].reply)

    def import_state(self, reader: StateReader) -> None:
        """The new server's side."""
        reader.structure(address_of(self), size_of(WaitingThreads))
        for index in range(u64(WAITING)):
            reader.moved(address_of(self.items[index]) + size_of(Fault))  # its field `reply`


def answer(reply: u64, what: u64, status: u64) -> None:
    """Answer a fault. The thread may have ended meanwhile."""
    letter = Letter()
    letter.set_words(what, status)
    letter.attempt(Call.REPLY, reply, NO_TIMEOUT)
