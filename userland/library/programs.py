"""The list of programs, for `ps`, `top` and `kill`: all of it, copied at once."""

from atoll.abi.objects import STOPPED, ThreadState
from atoll.abi.raw import address_of, at
from atoll.abi.startup import PROGRAMS
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.programs.interface import INFO_SIZE, ProgramInfo, Programs, ProgramState
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.startup import given

MAX_PROGRAMS = 128
AT_ONCE = 16  # that are asked for in one call
SERIAL = 1 << 32  # the lower half of a pid is the number that people use
NOBODY = -1


class ProgramList:
    """Programs, services included."""

    items: Vector[ProgramInfo, MAX_PROGRAMS]
    answer: Array[u8, AT_ONCE * INFO_SIZE]

    def read(self) -> None:
        """Ask the program manager; MAX_PROGRAMS at most."""
        self.items.clear()
        programs = Programs(given(PROGRAMS))
        while True:
            size = programs.list(u64(len(self.items)), self.answer[:])
            if size < INFO_SIZE:
                return
            for index in range(size // INFO_SIZE):
                if self.items.full:
                    return
                self.items.append(at(ProgramInfo, address_of(self.answer) + index * INFO_SIZE))

    def find(self, number: u64) -> i64:
        """Where a program is, by its pid or the number that people use; NOBODY if nowhere."""
        for index in range(len(self.items)):
            if self.items[index].pid == number or self.items[index].pid % SERIAL == number:
                return index
        return NOBODY


def name_of(info: ProgramInfo) -> Text:
    """A program's name."""
    return str(info.name[0 : info.name_length], "utf-8")


def state_of(info: ProgramInfo) -> Text:
    """What it does, in one word."""
    if info.state == ProgramState.PREPARED:
        return "prepared"
    if info.state == ProgramState.ENDED:
        return "ended"
    if info.thread_state >= STOPPED:
        return "stopped"
    match info.thread_state:
        case ThreadState.READY:
            return "ready"
        case ThreadState.SENDING:
            return "sending"
        case ThreadState.REPLY:
            return "calling"
        case ThreadState.RECEIVING:
            return "receiving"
        case ThreadState.FAULTED:
            return "paging"
        case ThreadState.SLEEPING:
            return "sleeping"
    return "dead"
