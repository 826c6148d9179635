"""transcript: uses files, names, console, pipes and processes, and tells what came of each step; never where it was.

usage: transcript FILES NAMES SERVICES NODE
  FILES     the directory to work in
  NAMES     what its names begin with
  SERVICES  where /services/pipe and /services/time are: nothing, or /nodes/NAME
  NODE      where the programs run that it starts: -, or a node's name
"""

from atoll.abi.startup import NAMING, OUTPUT
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.files.interface import File, OpenFlag, Whence
from atoll.servers.naming.interface import NameTaken, Naming, NoSuchName, rest_of, service_of
from atoll.servers.pipe.interface import NoSuchPipe, Pipes
from atoll.servers.programs.interface import Child, NoSuchProgram
from atoll.servers.stream.interface import BrokenPipe, Stream
from atoll.servers.time.interface import Time
from atoll.userland.library.arguments import begin, expect_operands, operand
from atoll.userland.library.directories import names, read_names
from atoll.userland.library.files import (
    APPENDING,
    READING,
    WRITING,
    describe,
    is_directory,
    link,
    make_directory,
    open_file,
    read_link,
    remove,
    remove_directory,
    rename,
    symbolic_link,
)
from atoll.userland.library.paths import set_working_directory
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.services import find_service
from atoll.userland.library.streams import Reader, standard_input, write_all
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

LARGE = 100_000  # bytes of a file that takes many frames
MILLISECOND = 1_000_000
EXCLUSIVE = WRITING | OpenFlag.EXCLUSIVE
BIT = 5


class Work:
    """What the steps share."""

    data: Array[u8, LARGE]
    back: Array[u8, LARGE]
    reader: Reader
    streams: Streams
    environment: StringBuilder[ENVIRONMENT_SIZE]
    name: StringBuilder[128]
    port: Port


work: Work = Work()


# ---- files ----


def refused(what: Text, path: Text, flags: u64) -> None:
    """What an opening that must fail says."""
    try:
        close(open_file(path, flags).handle)
        print(f"{what}: opened")
    except Exception as error:
        print(f"{what}: {error}")


def write_and_read(file: File) -> None:
    """A large file: whole, in parts, at its offset."""
    for index in range(LARGE):
        work.data[index] = u8((index * index + 7 * index) % 251)
    stream = Stream(file.handle)
    write_all(stream, work.data[:])
    print(f"large: {file.info().size} bytes, offset {file.seek(0, Whence.HERE)}")
    done: u64 = 0
    while done < LARGE:
        done += file.read_at(done, work.back[done:LARGE])
    print(f"large: the same {work.back == work.data}, at the end {file.read_at(LARGE, work.back[:])}")
    file.write_at(50, b"fifty")
    file.seek(48, Whence.START)
    count = stream.read(work.back[0:9])
    print(f"part: {count} bytes, {str(work.back[2:7], 'utf-8')}, then {file.seek(-5, Whence.HERE)}")
    file.truncate(60)
    file.sync()
    print(f"shorter: {file.info().size}")


def use_files() -> None:
    """Made, written, read, renamed, linked, listed, removed, refused."""
    make_directory("work")
    make_directory("work/inner")
    file = open_file("work/large", EXCLUSIVE | OpenFlag.READ)
    write_and_read(file)
    rename("work/large", "work/small")
    print(f"renamed while open: {file.info().size}, {describe('work/small').size}, {file.info().links}")
    close(file.handle)
    refused("no such file", "work/large", READING)
    refused("exclusive", "work/small", EXCLUSIVE)
    refused("a directory", "work/inner", WRITING)
    refused("not a directory", "work/small/x", READING)
    added = open_file("work/small", APPENDING)
    Stream(added.handle).write(b"appended")
    print(f"appended: {added.info().size}")
    try:
        Stream(added.handle).read(work.back[:])
    except Exception as error:
        print(f"not for reading: {error}")
    close(added.handle)
    link("work/small", "work/second")
    symbolic_link("second", "work/third")
    print(f"links: {describe('work/third').links}, {read_link('work/third')}")
    list_and_remove()


def list_and_remove() -> None:
    """All of it, in order."""
    try:
        remove_directory("work")
    except Exception as error:
        print(f"not empty: {error}")
    read_names("work")
    for item in names.items:
        print(f"listed: {names.text_of(item)}")
    remove("work/third")
    remove("work/second")
    kept = open_file("work/small", READING)
    remove("work/small")
    print(f"removed but open: {kept.read_at(60, work.back[:])} bytes, {str(work.back[0:8], 'utf-8')}")
    close(kept.handle)
    try:
        remove("work/small")
    except Exception as error:
        print(f"removed twice: {error}")
    remove_directory("work/inner")
    remove_directory("work")
    print(f"gone: {not is_directory('work')}")


# ---- names ----


def naming() -> tuple[u64, u64]:
    """Who knows our names: how many bytes of them lead there, and the gate."""
    covered, gate = service_of(Naming(given(NAMING)), work.name.text)
    return covered, gate


def use_names() -> None:
    """Registered, found, used, taken, replaced, removed, not there."""
    work.name.set(operand(1))
    work.name.add("-of-transcript")
    covered, gate = naming()
    there, name = Naming(gate), rest_of(work.name.text, covered)
    first = there.register(name, work.port.mint(1))
    found = there.lookup(name)
    found.notify(1 << BIT)
    print(f"found: {received()}")
    try:
        there.register(name, work.port.mint(2))
    except NameTaken:
        print("taken")
    print(f"replaced: {there.replace(name, work.port.mint(3)) - first}")
    other = Gate(find_service(work.name.text))
    other.notify(2 << BIT)
    print(f"found anew: {received()}")
    found.close()
    other.close()
    there.remove(name)
    try:
        there.lookup(name).close()
    except NoSuchName:
        print("removed")
    try:
        there.remove(name)
    except NoSuchName:
        print("not there")
    try:
        there.register("no slash", work.port.mint(4))
    except Exception as error:
        print(f"bad: {error}")
    close(gate)


def received() -> u64:
    """What a notification brought."""
    letter = Letter()
    work.port.receive(letter, 1000 * MILLISECOND)
    return letter.words[0]


# ---- input and output ----


def use_console() -> None:
    """Text by print, bytes by the stream, and what comes in."""
    output = Stream(given(OUTPUT))
    count = output.write(b"bytes as they are\n")
    print(f"written: {count}")
    work.reader.open(standard_input().handle)
    line = work.reader.read_line()
    while line is not None:
        print(f"input: {line}")
        line = work.reader.read_line()


# ---- pipes and processes ----


def start(program: Text, arguments: Text) -> Child:
    """A program, where the operands say."""
    node = operand(3) if operand(3) != "-" else ""
    return Child(spawn(program, arguments.encode(), work.environment.text.encode(), work.streams, node).handle)


def use_pipes() -> None:
    """Through a program that reads, and one that writes; both ends close."""
    pipes = Pipes(find_service(f"{operand(2)}/services/pipe"))
    pipe, end = pipes.create()
    reading = pipes.reader(pipe)
    try:
        pipes.reader(pipe).close()
    except NoSuchPipe:
        print("a read end is given once")
    work.streams.output = end
    child = start("/bin/seq", "4000\0")
    close(end)
    work.reader.open(reading.handle)
    count: u64 = 0
    size: u64 = 0
    line = work.reader.read_line()
    while line is not None:
        count, size = count + 1, size + u64(len(line))
        line = work.reader.read_line()
    print(f"piped: {count} lines, {size} bytes, status {child.join()}")
    close(child.handle)
    reading.close()
    work.streams.inherit()
    pipe, end = pipes.create()
    pipes.reader(pipe).close()
    try:
        Stream(end).write(b"nobody")
    except BrokenPipe:
        print("nobody reads")
    close(end)
    close(pipes.handle)


def use_processes() -> None:
    """Started, waited for, told of, killed, not there."""
    child = start("/bin/shell", "-c\0echo $WORD; exit 9\0")
    child.tell(work.port.mint(0), 1 << BIT)
    print(f"status: {child.join()}, again {child.join()}, told {received()}")
    close(child.handle)
    sleeper = start("/bin/sleep", "1000\0")
    sleeper.end(44)
    print(f"ended: {sleeper.join()}")
    close(sleeper.handle)
    faulty = start("/bin/crash", "index\0")
    print(f"faulty: {faulty.join()}")
    close(faulty.handle)
    try:
        close(start("/bin/nosuch", "").handle)
    except NoSuchProgram:
        print("no such program")


def use_time() -> None:
    """It goes on."""
    time = Time(find_service(f"{operand(2)}/services/time"))
    before = time.now()
    print(f"time: {before < time.now()}")
    close(time.handle)


def main() -> i64:
    """All steps."""
    begin("transcript FILES NAMES SERVICES NODE", "")
    expect_operands(4, 4)
    work.port = create_port()
    work.streams.inherit()
    pack_environment(work.environment)
    work.environment.add("WORD=word\0")
    set_working_directory(operand(0))
    use_files()
    use_names()
    use_console()
    use_pipes()
    use_processes()
    use_time()
    return 6
