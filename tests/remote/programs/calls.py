"""calls: does one of each kind of call that programs make, and prints where it led: the table of
docs/remote-execution.md, row by row.

usage: calls ARGUMENT
"""

from atoll.abi.objects import Info, Statistics
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.userland.library.calendar import date_of
from atoll.userland.library.clock import unix_time
from atoll.userland.library.files import READING, WRITING, open_file
from atoll.userland.library.nodes import own_number
from atoll.userland.library.paths import working_directory
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, prepare, spawn
from atoll.userland.library.programs import node_of
from atoll.userland.library.streams import Reader, Writer
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock, read_statistics, sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, create_memory, read_info
from atoll.userland.runtime.startup import argument, argument_count, environment, given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

TIGHT = 28  # a priority below that of programs
LARGE = 40 * 4096  # bytes

reader: Reader = Reader()
writer: Writer = Writer()
own: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()
memory: Array[u8, LARGE] = Array()
stack: Array[u8, 8192] = Array()
port: Port = Port(0)


def first_line(path: Text) -> Text:
    """Of a file."""
    reader.open(open_file(path, READING).handle)
    line = reader.read_line()
    return line if line is not None else ""


def names_and_files() -> None:
    """At home."""
    Naming(given(NAMING)).replace("/services/calls", create_port().mint(0))
    print(f"files: {first_line('/tmp/node')}")
    writer.open(open_file("made", WRITING).handle)
    writer.put_line("made by calls")
    writer.flush()
    print(f"directory: {working_directory()}")


def programs_that_it_starts() -> None:
    """Without a node at home; with one there."""
    streams = Streams()
    streams.inherit()
    pack_environment(own)
    child = spawn("/bin/true", b"", own.text.encode(), streams)
    print(f"child: node {node_of(child.identity())}, status {child.join()}")
    child = spawn("/bin/true", b"", own.text.encode(), streams, "node3")
    print(f"child @node3: node {node_of(child.identity())}, status {child.join()}")


def work(_: u64) -> None:
    """A thread of ours."""
    letter = Letter()
    port.receive(letter)
    letter.set_words(letter.words[0] + 1)
    letter.answer()


def process_and_memory() -> None:
    """Here."""
    for page in range(LARGE // 4096):
        memory[page * 4096] = u8(page)
    info = Info()
    read_info(own_process(), info)
    port.handle = create_port().handle
    thread = start_thread(Process(own_process()), work, 0, stack[:])
    thread.set_priority(TIGHT)
    letter = Letter()
    letter.set_words(41)
    port.mint(0).call(letter)
    print(f"thread: {letter.words[0]}")
    figures = Statistics()
    read_statistics(figures)
    print(f"machine: {(figures.free_pages + figures.used_pages) // 256 > 200} {info.words[3]}")


def times() -> None:
    """The clock that never jumps is here, the time of day at home."""
    before = clock()
    sleep(3_000_000)
    passed = clock() - before
    print(f"slept: {3_000_000 <= passed < 4_000_000}")
    print(f"year: {date_of(i64(unix_time())).year}")


def devices() -> None:
    """What cannot leave a node."""
    streams = Streams()
    streams.inherit()
    child = prepare("/bin/true", b"", own.text.encode(), streams, "node3")
    try:
        child.give("memory", Gate(create_memory(1).handle))
        print("memory: given")
    except ServiceError as error:
        print(f"memory: {error}")


def main() -> i64:
    """All of them."""
    print(f"runs: node {node_of(own_number(0))}, home {own_number(2) >> 16}")
    print(f"arguments: {argument_count()} {argument(0)}")
    print(f"environment: {environment('NODE')} {environment('X')}")
    names_and_files()
    programs_that_it_starts()
    process_and_memory()
    times()
    devices()
    return 7
