"""The programs that there are: a table of fixed capacity; the badge of a gate tells which one it is about."""

from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.files.interface import File
from atoll.servers.programs.interface import (
    MAX_PATH,
    NAME_SIZE,
    BadRequest,
    NoSuchProgram,
    Passage,
    ProgramState,
    TooManyPrograms,
)
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory, Process, Thread

MOST_PROGRAMS = 64
MOST_WAITING = 4  # who wait for one program
MOST_HOLDERS = 8  # of gates to one program that are told apart
MOST_SETTLED = 64  # migrations that are remembered
SLASH = 0x2F
UNUSED = 0xFF  # a place without a program

# ---- badges of the gates to the program manager's port: what for, a holder, and the program's serial number ----
ROLE_SHIFT = 56
HOLDER_SHIFT = 48
PUBLIC = 0
CHILD = 1  # of who started the program
ASKING = 2  # the program's own
FATE = 3  # the kernel's: its end

NOBODY = 0  # no holder


class Holder:
    """Who has a Child gate (holders.py)."""

    number: u64  # in the badge; NOBODY
    told: Gate  # notified at the program's end
    told_bits: u64


class Entry:
    """One program."""

    state: u64  # a ProgramState; UNUSED
    serial: u64
    pid: u64
    parent: u64  # pid of who prepared it
    file_length: u64
    file: Array[u8, MAX_PATH]  # the path of its image
    priority: u64
    started: u64  # nanoseconds since power-on
    status: u64

    # its process, and its space at the memory manager
    image: File  # the file that it comes from: tracebacks need it
    content: Memory  # instead, if it was brought from another node
    content_size: u64  # bytes
    home: u64  # node << 16 | incarnation of where it was started from; 0: here
    trace_offset: u64  # of the trace table in its image, of a program that has moved away
    trace_size: u64
    space: u64
    entry: u64  # address of its first instruction
    process: Process
    process_serial: u64  # the kernel's, by which it tells of the process's end
    thread: Thread
    error: Gate  # where its tracebacks go
    is_in_doubt: bool  # it is on its way, and one node does not know what the other has of it
    has_come: bool  # from another node
    cpu_time: u64  # nanoseconds that it used elsewhere
    sent_on_by: u64  # nodes, as in ProgramInfo
    passage: Passage  # what its mover has noted
    order: u64  # of a program that has moved away: 1 and the status that it is to be ended with there; 0: none

    # who cares
    is_told: bool  # of a program that was born on another node, and has ended: that node knows
    is_held: bool  # somebody has a Child gate
    waiting: Array[u64, MOST_WAITING]  # reply handles
    holders: Array[Holder, MOST_HOLDERS]
    last_number: u64  # that a holder was given

    @property
    def is_brought(self) -> bool:
        """Whether its image came from another node: then its name is no path of ours."""
        return self.file_length > 0 and self.file[0] != SLASH

    def path(self) -> Bytes:
        """Of its image; of one that was brought, its name."""
        return self.file[0 : self.file_length]

    def set_path(self, path: Bytes) -> None:
        """Raises BadRequest."""
        if len(path) > MAX_PATH:
            raise BadRequest(f"a path of more than {MAX_PATH} bytes")
        self.file_length = u64(len(path))
        self.file[0 : self.file_length] = path

    def title(self) -> Bytes:
        """The name that `ps` shows: the path's last part."""
        start: u64 = 0
        for i in range(self.file_length):
            if self.file[i] == SLASH:
                start = i + 1
        return self.file[start : min(self.file_length, start + NAME_SIZE)]

    def badge(self, role: u64) -> u64:
        """The badge of a gate about this program."""
        return role << ROLE_SHIFT | self.serial


class Table:
    """All programs."""

    entries: Array[Entry, MOST_PROGRAMS]
    serial: u64  # the last one given
    settled: Array[u64, MOST_SETTLED]  # the last migrations by which programs have come
    settled_count: u64

    def clear(self) -> None:
        """No program yet."""
        for entry in self.entries:
            entry.state = UNUSED

    def add(self) -> u64:
        """A free place, whose program has an identity already. Raises TooManyPrograms."""
        for place in range(MOST_PROGRAMS):
            entry = self.entries[place]
            if entry.state == UNUSED:
                self.serial += 1
                self.entries[place] = Entry()
                entry.state = ProgramState.PREPARED
                entry.serial = self.serial
                return u64(place)
        raise TooManyPrograms(f"there are {MOST_PROGRAMS} programs already")

    def has(self, pid: u64) -> bool:
        """Whether there is a program of that identity."""
        for entry in self.entries:
            if entry.state != UNUSED and entry.pid == pid:
                return True
        return False

    def place_of(self, badge: u64) -> u64:
        """The place that a badge is about. Raises NoSuchProgram."""
        serial = badge & (1 << HOLDER_SHIFT) - 1
        for place in range(MOST_PROGRAMS):
            if self.entries[place].state != UNUSED and self.entries[place].serial == serial:
                return u64(place)
        raise NoSuchProgram("the program is gone")

    def of(self, badge: u64) -> Entry:
        """The program that a badge is about. Raises NoSuchProgram."""
        return self.entries[self.place_of(badge)]

    def find(self, pid: u64) -> Entry:
        """The program of that identity. Raises NoSuchProgram."""
        for entry in self.entries:
            if entry.state != UNUSED and entry.pid == pid:
                return entry
        raise NoSuchProgram(f"no program has the identity {pid}")


programs: Table = Table()


def role_of(badge: u64) -> u64:
    """What a gate of that badge is for."""
    return badge >> ROLE_SHIFT


