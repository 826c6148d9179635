"""The world of the memory manager's tests: the suite is the first process, and plays all others. A thread of it is the
file service, which counts what is read; the suite itself is supervisor and program manager.
"""

from full_image import FullImage
from tally import tally

from atoll.abi.address_space import ARGUMENTS, PAGE_SIZE, STACK_END
from atoll.abi.boot import HANDLE_THREAD
from atoll.abi.calls import NO_TIMEOUT, Call, Message
from atoll.abi.objects import NO_HANDLE, Kind, Right
from atoll.abi.programs import Ask
from atoll.abi.raw import address_of, at
from atoll.abi.startup import CONTROL, PORT
from atoll.abi.types import Array, Bytes, Slice, Text, i64, u8, u64
from atoll.servers.files.interface import File, FileInfo, InputOutputError, NotPermitted, OpenFlag, Whence
from atoll.servers.memory.interface import MemoryInfo, MemoryManager
from atoll.servers.root import machine
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.image.elf import trace_table
from atoll.userland.runtime.image.initrd import find_file
from atoll.userland.runtime.image.resident import Program
from atoll.userland.runtime.image.start_page import StartPage
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, Thread, close, create_memory, create_process, duplicate
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import be_first
from atoll.userland.runtime.threads import start_thread
from atoll.userland.runtime.traceback import own_table, print_error

OWN_PRIORITY = 8
FILES_PRIORITY = 10
SERVER_PRIORITY = 12
PRIORITY = 16
SWAP_PAGES = 256
QUOTA = 96  # pages of a program's process: page tables, mappings
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE
OVERHEAD = 122  # pages of quota for the manager itself; most of them are its reserve
FATE = 1

# ---- files, by the badge of their gates ----
IMAGE = 1
COPY = 2  # another file with the same contents
BROKEN = 3  # reads like IMAGE until `files.fails` is set
NO_PROGRAM = 4
SWAP = 5
FULL = 7  # the same program, but all of its data is in the file, not only what is not zero
DEAD_FILE = 6  # not even its size can be had
# ---- no files: what a memory manager says to who has started it, the naming service, the file service's paths ----
PARENT = 97
NAMES = 98
PATHS = 99


# ---- the file service ----


class Files(File):
    """Files in memory."""

    port: Port
    swap: Array[u8, SWAP_PAGES * PAGE_SIZE]
    request: Array[u8, 65536]
    answer: Array[u8, 65536]
    stack: Array[u8, 16384]
    reads: SharedNumber  # of images
    bytes_read: SharedNumber
    fails: SharedNumber

    def contents(self) -> Bytes:
        """The file that the call is about."""
        if call.badge == SWAP:
            return self.swap[:]
        if call.badge == FULL:
            contents: Bytes = full.data[0 : full.size]
            return contents
        return b"no program at all" if call.badge == NO_PROGRAM else find_file(disk.archive, "toucher")

    def read_at(self, offset: u64, into: Slice[u8]) -> u64:
        """Copy out."""
        if call.badge != IMAGE and self.fails.read() != 0:
            raise InputOutputError("the disk is broken")
        data = self.contents()
        size = min(u64(len(into)), u64(len(data)) - min(offset, u64(len(data))))
        into[0:size] = data[offset : offset + size]
        if call.badge != SWAP:
            self.reads.add(1)
            self.bytes_read.add(size)
        return size

    def write_at(self, offset: u64, data: Bytes) -> u64:
        """Copy in; the swap area only, and not all at once."""
        size = min(u64(len(data)), 3000)
        self.swap[offset : offset + size] = data[0:size]
        return size

    def seek(self, offset: i64, whence: Whence) -> u64:
        """Nobody does."""
        raise NotPermitted("not in this test")

    def truncate(self, size: u64) -> None:
        """Nobody does."""
        raise NotPermitted("not in this test")

    def sync(self) -> None:
        """Nobody does."""
        raise NotPermitted("not in this test")

    def info(self) -> FileInfo:
        """What it is."""
        if call.badge == DEAD_FILE:
            raise InputOutputError("the disk is broken")
        return FileInfo(call.badge, 0, 1, 0, 0, u64(len(self.contents())), 0, 5, 5, 5)


class Disk:
    """The initial RAM disk."""

    archive: Bytes


disk: Disk = Disk()
full: FullImage = FullImage()
files: Files = Files()


def serve_files(_: u64) -> None:
    """The thread."""
    letter = Letter()
    letter.set_buffer(files.request[:])
    while True:
        files.port.receive(letter)
        if letter.badge >= PARENT:
            serve_others(letter)
        elif letter.kind == Message.CALL:
            call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
            files.dispatch(letter, files.request[0 : letter.size], files.answer[:])
            letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)


def serve_others(letter: Letter) -> None:
    """What a memory manager prints, and its own mistakes; how it finds its swap area."""
    if letter.badge == NAMES:
        assert files.request[0 : letter.size] == b"/swap"
        letter.set_words(0, 1)
        letter.give(files.port.mint(PATHS).handle)
    elif letter.badge == PATHS:
        assert files.request[0 : letter.size] == b"swap" and letter.words[1] == OpenFlag.READ | OpenFlag.WRITE
        letter.set_words(0)
        letter.give(files.port.mint(SWAP).handle)
    elif letter.words[0] == Ask.WRITE:
        machine.write(files.request[0 : letter.size])
    else:
        print_error(trace_table(find_file(disk.archive, "main")), at(ErrorRecord, address_of(files.request)))
    letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)


# ---- the memory manager ----


class Server:
    """A memory manager's process."""

    program: Program
    port: Port  # of the heir
    control: Gate


page: StartPage = StartPage()
memory: MemoryManager = MemoryManager(NO_HANDLE)
meetings: Port = Port(NO_HANDLE)


def start_server(server: Server, frames: u64, port: Port, swap: Text) -> None:
    """A memory manager with about so many frames; without port it waits for a predecessor's state.

    `swap` is a handle that it is given: "swap", the file itself, or "naming", to find it; or nothing.
    """
    server.program.read_image(find_file(disk.archive, "main"))
    server.port = create_port()
    fate = server.port.mint(FATE)
    server.program.create(OVERHEAD + frames, None, fate)
    fate.close()
    process = server.program.process
    page.clear()
    if port.handle != NO_HANDLE:
        page.add_handle(PORT, process.install(port.handle))
    control = create_port()
    server.control = control.mint(1)
    page.add_handle(CONTROL, process.install(control.handle))
    if swap != "":
        page.add_handle(swap, process.install(files.port.mint(SWAP if swap == "swap" else NAMES).handle))
    server.program.add_start_page(page.contents())
    server.program.create_thread(process.install(files.port.mint(PARENT).handle), SERVER_PRIORITY)
    server.program.load_all()
    server.program.resume()


def open_manager(server: Server, frames: u64, swap: Text = "swap") -> None:
    """A memory manager, and our gate to it."""
    port = create_port()
    memory.handle = port.mint(1).handle
    start_server(server, frames, port, swap)


def close_manager(server: Server) -> None:
    """End it."""
    server.program.process.destroy(0)
    close(wait_for_death(server.port))
    free_server(server)
    close(memory.handle)


def free_server(server: Server) -> None:
    """Its process has ended: give the rest back."""
    server.program.free()
    server.control.close()
    server.port.close()


def wait_for_death(heir: Port) -> u64:
    """Wait for the end of a server; the service port that it had, of what it leaves behind."""
    letter = Letter()
    found: u64 = NO_HANDLE
    while True:
        heir.receive(letter)
        if letter.kind == Message.DEATH:
            return found
        if letter.handle != NO_HANDLE and letter.words[2] == Kind.PORT and found == NO_HANDLE and letter.words[1] == 1:
            found = letter.handle
        elif letter.handle != NO_HANDLE:
            close(letter.handle)


def totals() -> MemoryInfo:
    """What the manager says of itself."""
    return memory.totals()


# ---- programs ----


class Child:
    """A program that it pages."""

    space: u64
    process: Process
    thread: Thread
    heir: Port

    def wait(self) -> u64:
        """Wait for its end; its status."""
        letter = Letter()
        while True:
            self.heir.receive(letter)
            if letter.kind == Message.DEATH:
                return letter.words[1]
            if letter.handle != NO_HANDLE:
                close(letter.handle)

    def free(self) -> None:
        """Give our handles up."""
        self.thread.close()
        self.process.close()
        self.heir.close()

    def finish(self) -> u64:
        """Wait for its end, and give back all that it had; its status."""
        status = self.wait()
        memory.release(self.space)
        self.free()
        return status


def open_file(badge: u64) -> File:
    """A gate to a file."""
    return File(files.port.mint(badge).handle)


def start(child: Child, what: Text, amount: u64 = 0, file: u64 = IMAGE, quota: u64 = QUOTA) -> None:
    """Start the program of that file."""
    load(child, what, amount, file, quota)
    child.thread.resume()


def load(child: Child, what: Text, amount: u64 = 0, file: u64 = IMAGE, quota: u64 = QUOTA) -> None:
    """All but its start."""
    space, entry, pager = memory.prepare(open_file(file))
    child.space = space
    child.heir = create_port()
    fate = child.heir.mint(FATE)
    child.process = create_process(quota, Gate(pager), fate)
    fate.close()
    close(pager)
    memory.adopt(space, Process(duplicate(child.process.handle, OWN_RIGHTS)))
    show_start_page(child.process, what, amount)
    itself = child.process.install(duplicate(child.process.handle, OWN_RIGHTS))
    child.thread = child.process.create_thread(entry, STACK_END, NO_HANDLE, itself, PRIORITY)


def show_start_page(process: Process, what: Text, amount: u64) -> None:
    """Its arguments, and where it meets us."""
    page.clear()
    page.add_argument(what.encode())
    page.add_argument(f"{amount}".encode())
    page.add_handle("meeting", process.install(meetings.mint(1).handle))
    pages = create_memory(1)
    pages.write(0, page.contents())
    process.map(pages, 0, ARGUMENTS, 1, Right.READ)
    pages.close()


def run(what: Text, amount: u64 = 0, file: u64 = IMAGE) -> u64:
    """Run the program to its end; its status."""
    child = Child()
    start(child, what, amount, file)
    return child.finish()


def meet(letter: Letter) -> None:
    """Wait until a program is at its meeting point; `letter.answer()` lets it go on."""
    meetings.receive(letter)
    letter.set_words(0)


# ---- the suite ----


def begin() -> None:
    """Before the first test."""
    machine.start()
    be_first(machine.write, report)
    Thread(machine.boot_info().handles[HANDLE_THREAD]).set_priority(OWN_PRIORITY)
    disk.archive = machine.archive()
    image = find_file(disk.archive, "toucher")
    if len(image) > 0:
        full.make(image)
    meetings.handle = create_port().handle
    files.port = create_port()
    start_thread(machine.this_process(), serve_files, 0, files.stack[:], FILES_PRIORITY)


def end() -> None:
    """After the last."""
    print(f"{tally.failures} failures")
    machine.power_off(min(tally.failures, 255))


def report(error: ErrorRecord) -> None:
    """A mistake of the suite's own."""
    print_error(own_table(), error)
    machine.power_off(machine.FAILED)
