"""The program manager: starts programs, knows them, waits for their end and ends them.

A program's identity, its pid, never changes: the node where it was born in the upper 16 bits, that node's incarnation
in the next 16, then a serial number. `prepare` makes a Child, which is then given arguments and handles and started;
its gate is the right to it: whoever holds it may wait for the program and end it.
"""

from enum import IntEnum

from atoll.abi.types import Array, Bytes, Slice, Text, u8, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, Thread

MAX_PATH = 256  # bytes of a program's path
GROUP = "programs"  # of all program managers: a gate to it speaks Offers
MAX_IMAGE = 4 << 20  # bytes of a program that is brought from another node
NAME_SIZE = 32  # bytes of a program's name that `ps` shows


class NoSuchProgram(ServiceError):
    """There is no file of that name, or no program of that identity."""


class NotExecutable(ServiceError):
    """The file is not a program that can run here; the text says why."""


class TooManyPrograms(ServiceError):
    """The program manager's table, or the caller's share of it, is full."""


class OutOfMemory(ServiceError):
    """There is not enough memory for another program."""


class BadRequest(ServiceError):
    """The arguments do not fit, or the program has been started already."""


class AnotherNode(ServiceError):
    """The file is not of this node, and the program manager calls no other: use `prepare_image`."""


class ProgramState(IntEnum):
    """What a program does, as `ps` shows it."""

    PREPARED = 0  # not started yet
    RUNNING = 1
    ENDED = 2  # nobody has asked for its status yet
    MOVED = 3  # it runs on another node; here is only who waits for it
    FROZEN = 4  # it is on its way from here, or to here
    IN_DOUBT = 5  # so it is, and the other node is silent: nobody knows who has it, and nobody runs it


class ProgramInfo:
    """One program, as `list` tells it: `list` fills the caller's buffer with these."""

    pid: u64
    parent: u64  # pid; 0: the system itself
    state: u64  # a ProgramState
    status: u64  # of one that has ended
    priority: u64
    cpu_time: u64  # nanoseconds, on all nodes where it has been
    started: u64  # or came: nanoseconds since the machine was switched on
    pages: u64  # memory charged to the process itself
    threads: u64
    waits_for: u64  # serial number of the process that its first thread waits for; 0: for nobody
    thread_state: u64  # abi.objects.ThreadState of its first thread
    generation: u64  # of a service: how often it was started; 0 for other programs
    messages: u64  # that its first thread has sent, replies included
    bytes: u64  # in the segments of these
    cpu_elsewhere: u64  # nanoseconds of cpu_time that it had used before it came here
    pages_left: u64  # of its memory, that are on other nodes still
    pages_at: u64  # these nodes: a bit for each number (bit_of of servers/memory/interface.py)
    sent_on_by: u64  # nodes that received for its ports before, and sent on what came when it arrived here; likewise
    home: u64  # the node's number to which it belongs, if that is another one; 0: this one
    name_length: u64
    name: Array[u8, NAME_SIZE]


INFO_SIZE = 192  # bytes of a ProgramInfo


class Child(Interface, messages=0x0800, errors=(NoSuchProgram, NotExecutable, OutOfMemory, BadRequest)):
    """One program, through the gate that `prepare` gave."""

    def set_arguments(self, arguments: Bytes) -> None:
        """Its arguments, without its name: each text ended by a zero byte."""

    def set_environment(self, entries: Bytes) -> None:
        """Its environment: `NAME=value`, each ended by a zero byte. `PWD` is its working directory."""

    def give(self, name: Text, handle: Gate) -> None:
        """A named handle (abi/startup.py): "input", "output", "error" or any other; what it is not given it has not.

        It has "naming" and "programs" in any case.
        """

    def start(self) -> u64:
        """Let it run; its pid."""

    @idempotent
    def join(self) -> u64:
        """Wait for its end; its exit status (0 to 255; 128 + n for one that was ended from outside)."""

    @idempotent
    def end(self, status: u64) -> None:
        """End it with that status; nothing if it has ended already."""

    def tell(self, gate: Gate, bits: u64) -> None:
        """Notify that gate when the program has ended."""

    @idempotent
    def identity(self) -> u64:
        """Its pid."""

    @idempotent
    def load(self, offset: u64, data: Bytes) -> None:
        """A piece of the image, of a program from `prepare_image`, in any order: whole pages of 4 KiB but for the end.

        With the last piece the image is complete, and what `prepare` finds of a file is found of it. Raises
        BadRequest: the piece is not of the image, or comes too late; NotExecutable.
        """

    @idempotent
    def set_home(self, home: u64, starter: u64) -> None:
        """Its home, where it belongs: the program is ended when that node is down. Without, it is at home here.

        `home` is a node and its incarnation, as the upper half of a pid is; `starter` the pid of who starts it.
        """


class Programs(
    Interface,
    messages=0x0700,
    errors=(NoSuchProgram, NotExecutable, TooManyPrograms, OutOfMemory, BadRequest, AnotherNode),
):
    """What the program manager does."""

    def prepare(self, path: Text) -> Child:
        """A program from a file, not started yet. If its Child's last gate is closed before it starts, it is gone."""

    @idempotent
    def list(self, first: u64, into: Slice[u8]) -> u64:
        """ProgramInfos from number `first` on, services included; the bytes written (0: that was all)."""

    @idempotent
    def kill(self, pid: u64, status: u64) -> None:
        """End a program by its identity. Raises NoSuchProgram."""

    @idempotent
    def wait(self, pid: u64) -> u64:
        """Wait for the end of a program; its exit status. Raises NoSuchProgram."""

    def prepare_image(self, name: Text, size: u64) -> Child:
        """As `prepare`, of an image that the caller then brings: `size` bytes, MAX_IMAGE at most, with `Child.load`.

        Handles can be given when it is complete. The name is for `ps`.
        """

    def open(self, pid: u64) -> Child:
        """The gate to a program that runs already. Raises NoSuchProgram."""

    def watch(self, gate: Gate, bits: u64) -> None:
        """Notify that gate, instead of the one before, whenever a program starts or ends: the load server's."""


class NotMovable(ServiceError):
    """The program cannot be moved now; the text says why."""


class Migrant:
    """A program on its way, as one program manager's mover tells another's."""

    pid: u64
    parent: u64
    home: u64  # node and incarnation, of a program that is at home elsewhere than where it was born; else 0
    priority: u64
    generation: u64  # newest of its handles' places
    space: u64  # where it leaves from: its number at the memory manager
    cpu_time: u64  # nanoseconds that it used before it came where it leaves from
    sent_on_by: u64  # as in ProgramInfo
    path_length: u64
    path: Array[u8, MAX_PATH]


class Passage:
    """How far a program's move is: what a mover has noted of it. It is kept here, so that a mover that is started anew
    goes on from there.
    """

    pid: u64
    id: u64  # of the migration; 0: none is under way
    node: u64  # the other end; of a program that has moved away: where it is
    incarnation: u64  # of that node
    phase: u64  # a Phase of the mover's
    memory: u64  # strategies of the mover's
    delivery: u64
    calls: u64  # bit i: the mover waits in the place of the i-th thread for the reply to its call
    # ---- what `next_passage` tells besides ----
    state: u64  # a ProgramState
    status: u64  # of one that has ended
    next: u64  # where to go on from


class Moving(
    Interface, messages=0x1B00, errors=(NoSuchProgram, NotMovable, TooManyPrograms, OutOfMemory, BadRequest)
):
    """What a mover asks the program manager of its own node.

    Where a program was born its entry stays as a *stand-in*, through which it is waited for and ended; elsewhere
    nothing stays.
    """

    @idempotent
    def describe_migrant(self, pid: u64) -> Migrant:
        """What there is to tell another node of a running program. Raises NoSuchProgram, NotMovable."""

    @idempotent
    def open_process(self, pid: u64) -> Process:
        """Its process."""

    @idempotent
    def open_error(self, pid: u64) -> Gate:
        """Where its tracebacks go. Raises NotMovable: nowhere."""

    def immigrate(self, migrant: Migrant, space: u64, pager: Gate) -> Process:
        """A process for a program that comes here, in that space of the memory manager's, with that pager gate.

        At the place of its stand-in, if it comes back to where it was born.
        """

    def settle(self, pid: u64, cpu_time: u64, sent_on_by: u64, thread: Thread) -> None:
        """It is complete, and runs here from now on; what it has used so far elsewhere, and its first thread."""

    def set_error(self, pid: u64, error: Gate) -> None:
        """Where its tracebacks go."""

    @idempotent
    def discard(self, pid: u64) -> None:
        """It does not come after all."""

    @idempotent
    def depart(self, pid: u64, keeps_space: bool) -> None:
        """It is another node's now: its process here ends, and whoever waits for it goes on waiting.

        Its space is given back, unless it is still needed.
        """

    @idempotent
    def ended(self, pid: u64, status: u64) -> None:
        """A program that has moved away has ended. Nothing if it is unknown, or is here."""

    @idempotent
    def knows(self, pid: u64) -> bool:
        """Whether there is a program of that identity, or its stand-in, that has not ended."""

    def set_mover(self, gate: Gate, bits: u64) -> None:
        """Whom to notify when a program that has moved away is to be ended."""

    def next_order(self) -> tuple[u64, u64]:
        """A program that is to be ended where it is, and the status. Raises NoSuchProgram: no more."""

    @idempotent
    def doubt(self, pid: u64, is_in_doubt: bool) -> None:
        """It stands still until another node is heard of, or does not any more. Nothing if it is unknown."""

    @idempotent
    def note(self, passage: Passage) -> None:
        """Keep that, in the place of what was noted before. Raises NoSuchProgram."""

    @idempotent
    def note_place(self, pid: u64, node: u64, incarnation: u64) -> None:
        """A program that has moved away from here is on that node now. Nothing if it is here, or unknown."""

    @idempotent
    def next_passage(self, place: u64) -> Passage:
        """What is noted of the first program from a place on that is on its way or was, is elsewhere, or was born
        elsewhere and has ended. Raises NoSuchProgram: no more.
        """

    @idempotent
    def has_settled(self, id: u64) -> bool:
        """Whether a program has come here by that migration and was let run: of the last 64."""

    @idempotent
    def release(self, pid: u64) -> None:
        """Where it was born its end is known: a program from elsewhere that has ended here is forgotten."""


class Offers(Interface, messages=0x1600):
    """What the group of all program managers can be asked: who takes a program?

    It is answered by a thread that runs as a program does, with no priority over programs: whose node is busy answers
    late. So the first answer is of a node that has time. (V-System; Theimer, Lantz, Cheriton 1985.)
    """

    @idempotent
    def offer(self, memory: u64, speed: u64) -> tuple[u64, u64, u64]:
        """A node with so many bytes free and so many instructions per second; others say nothing.

        Its number, how many programs want its CPU, and bytes free.
        """
