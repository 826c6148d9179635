"""What outlives a program manager: its programs. Each carries in its environment who it is, so that a successor that is
given its process knows it again.
"""

from atoll.abi import startup
from atoll.abi.address_space import ARGUMENTS
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.files.interface import File, Files, OpenFlag
from atoll.servers.naming.interface import Naming
from atoll.servers.programs.interface import ProgramState
from atoll.servers.programs.table import Entry, Table
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, close

VARIABLE = "PROGRAM"  # its value: pid, number of the space, path of the image
MOST = 400  # bytes of the variable that are read
SERIAL_MASK = 0xFFFF_FFFF
BLANK = 0x20
ZERO = 0x30
NINE = 0x39
PRIORITY = 16


def open_file(naming: Gate, path: Text) -> File:
    """A file by its path. Raises what Files.open raises."""
    covered, gate = Naming(naming.handle).resolve(path)
    try:
        return Files(gate).open(path[covered : len(path)], OpenFlag.READ)
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


def adopt(programs: Table, process: Process, naming: Gate) -> None:
    """Know a predecessor's program again; one that cannot be known is ended."""
    try:
        read_variable(process)
        place = programs.add()
        fill(programs.entries[place], process, naming)
    except (ServiceError, KernelError) as error:
        print(f"programs: a program of a dead program manager is ended: {error}")
        process.destroy(1)
        process.close()


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


def fill(entry: Entry, process: Process, naming: Gate) -> None:
    """What is known of it."""
    entry.pid = reader.number()
    entry.serial = entry.pid & SERIAL_MASK
    entry.space = reader.number()
    entry.set_path(reader.data[reader.place : reader.size])
    entry.process = process
    entry.priority = PRIORITY
    entry.state = ProgramState.RUNNING
    entry.is_held = True  # nobody can say who has a gate: its last handle will
    try:
        entry.image = open_file(naming, str(entry.path(), "utf-8"))
    except ServiceError:
        entry.image.handle = NO_HANDLE  # without it there are no tracebacks
