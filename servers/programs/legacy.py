"""What outlives a program manager: its programs. Each carries in its environment who it is, so that a successor that is
given its process knows it again. They outlive a memory manager too: its successor is told of each of them.
"""

from atoll.abi import startup
from atoll.abi.address_space import ARGUMENTS
from atoll.abi.calls import Message
from atoll.abi.control import Answer, Ask
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.files.interface import File, Files, OpenFlag
from atoll.servers.memory.interface import BadImage, MemoryManager, NoSuchSpace, PagesLost, TooManySpaces
from atoll.servers.naming.interface import Naming, rest_of
from atoll.servers.programs import loading
from atoll.servers.programs.ending import destroy_surely, serial_of
from atoll.servers.programs.interface import AnotherNode, ProgramState
from atoll.servers.programs.table import Entry, Table
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError, TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port
from atoll.userland.runtime.objects import Process, close, duplicate
from atoll.userland.runtime.startup import environment, given

VARIABLE = "PROGRAM"  # its value: pid, number of the space, home, path of the image
MOST = 400  # bytes of the variable that are read
SERIAL_MASK = 0xFFFF_FFFF
BLANK = 0x20
ZERO = 0x30
NINE = 0x39
PRIORITY = 16
LOST = 1  # status of a program that cannot go on
PATIENCE = 2_000_000_000  # nanoseconds until the next of the programs comes, or none
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE


def open_file(naming: Gate, path: Text) -> File:
    """A file of this node by its path. Raises AnotherNode, and what Files.open raises."""
    covered, is_mount, gate = Naming(naming.handle).resolve(path)
    try:
        if is_mount:
            raise AnotherNode("the file is another node's: who starts it has to bring it")
        return Files(gate).open(rest_of(path, covered), OpenFlag.READ)
    finally:
        close(gate)


class Reader:
    """The part of a process's start page where the variable is: behind the arguments."""

    data: Array[u8, MOST]
    size: u64
    place: u64

    def number(self) -> u64:
        """The next decimal number, and the blank behind it."""
        value: u64 = 0
        while self.place < self.size and ZERO <= self.data[self.place] <= NINE:
            value = value * 10 + self.data[self.place] - ZERO
            self.place += 1
        self.place += 1
        return value


reader: Reader = Reader()


def adopt_all(programs: Table, naming: Gate, memory: MemoryManager) -> None:
    """Before anybody else is served: a program that somebody waits for must be known by then."""
    letter = Letter()
    left = number_of(environment("INHERITED"))
    while left > 0:
        try:
            Port(given(startup.CONTROL)).receive(letter, PATIENCE)
        except TimedOut:
            return
        if letter.kind == Message.CALL:
            if letter.words[0] == Ask.INHERIT:
                adopt(programs, Process(letter.handle), naming, memory)
                left -= 1
            letter.set_words(Answer.DONE)
            letter.answer()


def number_of(text: Text) -> u64:
    """A decimal number; 0 if there is none."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + digit - ZERO
    return value


def adopt(programs: Table, process: Process, naming: Gate, memory: MemoryManager) -> None:
    """Know a predecessor's program again; one that cannot be known is ended."""
    try:
        read_variable(process)
        pid = reader.number()
        if programs.has(pid):
            process.close()
            return
        entry = programs.entries[programs.add()]
        fill(entry, pid, process, naming)
    except (ServiceError, KernelError) as error:
        print(f"programs: a program of a dead program manager is ended: {error}")
        destroy_surely(process, LOST)
        process.close()
        return
    restore_space(entry, memory)


def restore_spaces(programs: Table, naming: Gate, memory: MemoryManager) -> None:
    """A new memory manager knows no program: tell it of all."""
    for entry in programs.entries:
        if entry.state in (ProgramState.PREPARED, ProgramState.RUNNING) and entry.process.handle != NO_HANDLE:
            refresh_image(entry, naming)
            restore_space(entry, memory)


def restore_space(entry: Entry, memory: MemoryManager) -> None:
    """If the memory manager does not know a program, tell it; a program that has lost pages is ended."""
    try:
        if not is_known(entry.space, memory):
            loading.prepare_space_again(entry, memory)
            memory.adopt(entry.space, Process(duplicate(entry.process.handle, OWN_RIGHTS)))
    except (PagesLost, BadImage, TooManySpaces, KernelError) as error:
        print(f"{str(entry.title(), 'utf-8')}: ended: {error}")
        destroy_surely(entry.process, LOST)
    except ServiceError:
        return  # this one has died too: the next will ask again


def is_known(space: u64, memory: MemoryManager) -> bool:
    """Whether the memory manager has that space."""
    try:
        memory.describe(space)
    except NoSuchSpace:
        return False
    return True


def refresh_image(entry: Entry, naming: Gate) -> bool:
    """Open a program's file again if the file service has died since; whether that was so, and could be done."""
    if entry.is_brought:
        return False
    try:
        if entry.image.handle != NO_HANDLE:
            entry.image.info()
            return False
    except (ServiceError, KernelError):
        close(entry.image.handle)
        entry.image.handle = NO_HANDLE
    try:
        entry.image = open_file(naming, str(entry.path(), "utf-8"))
    except (ServiceError, KernelError):
        return False
    return True


def read_variable(process: Process) -> None:
    """Find the first environment entry, which is the variable."""
    place: u64 = ARGUMENTS + startup.START_RECORDS
    for _ in range(read_number(process, ARGUMENTS + startup.START_ARGUMENTS)):
        place += 8 + (read_number(process, place) + 7) // 8 * 8
    reader.size = min(read_number(process, place), MOST)
    process.read(place + 8, reader.data[0 : reader.size])
    reader.place = u64(len(VARIABLE)) + 1


def read_number(process: Process, address: u64) -> u64:
    """64 bits of its memory."""
    value: Array[u64, 1] = Array()
    process.read(address, view(address_of(value), 8))
    return value[0]


def fill(entry: Entry, pid: u64, process: Process, naming: Gate) -> None:
    """What is known of it."""
    entry.pid = pid
    entry.serial = entry.pid & SERIAL_MASK
    entry.space = reader.number()
    entry.home = reader.number()
    entry.set_path(reader.data[reader.place : reader.size])
    entry.process = process
    entry.process_serial = serial_of(process)
    entry.priority = PRIORITY
    entry.state = ProgramState.RUNNING
    entry.is_held = True  # nobody can say who has a gate: its last handle will
    if entry.is_brought:
        return  # its image is the memory manager's now: without it there are no tracebacks
    try:
        entry.image = open_file(naming, str(entry.path(), "utf-8"))
    except ServiceError:
        entry.image.handle = NO_HANDLE  # without it there are no tracebacks
