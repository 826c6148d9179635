"""hammer: use naming, files and the console without a pause, in a thread each, while a service is swapped many times.

usage: hammer SERVICE COUNT PROGRAM OTHER-PROGRAM
       hammer - MILLISECONDS NUMBER      somebody else swaps; of several hammers each has its own NUMBER

Every operation can be told from itself done twice, and from itself not done: a name has a version, a log a length.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import Right
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.startup import NAMING, OUTPUT
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.files.interface import File, Files, OpenFlag, Whence
from atoll.servers.naming.interface import Naming, NoSuchName
from atoll.servers.stream.interface import Stream
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Memory, Process, close, create_memory, duplicate
from atoll.userland.runtime.startup import argument, given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

NAME = "/services/hammered"
FILES = "/variants"
RECORD = 64  # bytes of a record of the log; each begins with its number
CELL_COUNT = 64
THREADS = 3
PART = 32768
MILLISECOND = 1_000_000
BETWEEN = MILLISECOND  # nanoseconds from a swap to the next, and up to so many more: it comes at any moment of a round
UNEVEN = 619_013
GIVEN_AWAY = Right.SEND | Right.DUPLICATE | Right.MOVE


class Work:
    """What the threads share."""

    suffix: Text  # of all our names
    stop: bool
    rounds: Array[u64, THREADS]
    errors: u64
    done: Port
    gate: Gate
    stacks: Array["Stack", THREADS]
    buffer: Array[u8, PART]
    log: Array[u8, RECORD]
    cell: Array[u8, 8]


class Stack:
    """Of a thread."""

    bytes: Array[u8, 32768]


work: Work = Work()


def is_alone() -> bool:
    """Whether nobody else registers names: all versions are counted together."""
    return len(work.suffix) == 0


def wrong(what: Text) -> None:
    """Something was lost, or done twice."""
    work.errors += 1
    print(f"WRONG: {what}")


# ---- naming: registered once, found, removed once ----


def hammer_names(number: u64) -> None:
    """A name comes and goes; its version counts."""
    naming, name = Naming(given(NAMING)), f"{NAME}{work.suffix}"
    last = naming.register(name, Gate(duplicate(naming.handle, GIVEN_AWAY)))
    naming.remove(name)
    while not work.stop:
        version = naming.register(name, Gate(duplicate(naming.handle, GIVEN_AWAY)))
        if version <= last or (is_alone() and version != last + 1):
            wrong(f"the name was registered as version {version}, not {last + 1}")
        last = version
        naming.lookup(name).close()
        naming.remove(name)
        try:
            naming.lookup(name).close()
            wrong("the name is still there")
        except NoSuchName:
            work.rounds[number] += 1


# ---- files: a log that grows by one record at a time, cells that are written anywhere, names ----


def hammer_files(number: u64) -> None:
    """Both files stay open all the time."""
    _, _, gate = Naming(given(NAMING)).resolve(FILES)
    files = Files(gate)
    wanted = OpenFlag.READ | OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.TRUNCATE
    log = files.open(f"{FILES}/log{work.suffix}", wanted | OpenFlag.APPEND)
    cells = files.open(f"{FILES}/cells{work.suffix}", wanted)
    while not work.stop:
        turn = work.rounds[number]
        add_record(log, turn)
        use_cell(cells, turn)
        if turn % 16 == 0:
            create_and_remove(files, f"{FILES}/passing{work.suffix}")
        work.rounds[number] = turn + 1
    check_log(log, work.rounds[number])
    close(log.handle)
    close(cells.handle)
    close(gate)


def add_record(log: File, turn: u64) -> None:
    """One more record at the end."""
    store64(address_of(work.log), turn)
    if Stream(log.handle).write(work.log[:]) != RECORD:
        wrong(f"record {turn} of the log was not written")
    size = log.info().size
    if size != (turn + 1) * RECORD:
        wrong(f"the log has {size} bytes after {turn + 1} records")


def use_cell(cells: File, turn: u64) -> None:
    """A cell holds what was last written to it, CELL_COUNT turns ago."""
    place = turn % CELL_COUNT * 8
    count = cells.read_at(place, work.cell[:])
    if turn >= CELL_COUNT and (count != 8 or load64(address_of(work.cell)) != turn - CELL_COUNT):
        wrong(f"cell {place // 8} holds {load64(address_of(work.cell))} in turn {turn}")
    store64(address_of(work.cell), turn)
    cells.write_at(place, work.cell[:])


def create_and_remove(files: Files, path: Text) -> None:
    """Done twice, either of them would raise an error."""
    close(files.open(path, OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.EXCLUSIVE).handle)
    files.remove(path)


def check_log(log: File, records: u64) -> None:
    """All records are there, in their order."""
    log.seek(0, Whence.START)
    for turn in range(records):
        count = Stream(log.handle).read(work.log[:])
        if count != RECORD or load64(address_of(work.log)) != turn:
            wrong(f"record {turn} of the log is {load64(address_of(work.log))}")
            return


# ---- the console: numbered lines; the host looks whether all are there ----


def hammer_console(number: u64) -> None:
    """One line after another."""
    output = Stream(given(OUTPUT))
    while not work.stop:
        output.write(f"line{work.suffix} {work.rounds[number]}\n".encode())
        work.rounds[number] += 1


def hammer(number: u64) -> None:
    """What each thread does."""
    try:
        if number == 0:
            hammer_names(number)
        elif number == 1:
            hammer_files(number)
        else:
            hammer_console(number)
    except Exception as error:
        wrong(f"thread {number}: {error}")
    work.gate.notify(u64(1) << number)


# ---- the swaps ----


def load(path: Text) -> tuple[u64, u64]:
    """A program's file: a memory object and its size."""
    covered, _, gate = Naming(given(NAMING)).resolve(path)
    file = Files(gate).open(path[covered : len(path)], OpenFlag.READ)
    size = file.info().size
    memory = create_memory((size + PAGE_SIZE - 1) // PAGE_SIZE)
    done: u64 = 0
    while done < size:
        count = file.read_at(done, work.buffer[:])
        memory.write(done, work.buffer[0:count])
        done += count
    close(file.handle)
    close(gate)
    return memory.handle, size


def swap_all(service: Text, count: u64) -> None:
    """Swap to and fro; the longest pause."""
    naming = Naming(given(NAMING))
    supervisor = Supervisor(naming.lookup("/services/supervisor").handle)
    longest: u64 = 0
    for turn in range(count):
        sleep(BETWEEN + turn * UNEVEN % BETWEEN)
        image, size = load(argument(2 + turn % 2))
        report = supervisor.swap(service, Memory(image), size)
        longest = max(longest, report.pause)
    close(supervisor.handle)
    wait()
    print(f"{service}: {count} swaps, longest pause {longest} ns, rounds", end="")
    print(f" {work.rounds[0]} {work.rounds[1]} {work.rounds[2]}, {work.errors} errors")


def wait() -> None:
    """Let all threads end."""
    work.stop = True
    letter = Letter()
    finished: u64 = 0
    while finished != (1 << THREADS) - 1:
        work.done.receive(letter)
        finished = finished | letter.words[0]


def main() -> i64:
    """Hammer, swap, tell."""
    work.done = create_port()
    work.gate = work.done.mint(0)
    work.suffix = argument(2) if argument(0) == "-" else ""
    for number in range(u64(THREADS)):
        start_thread(Process(own_process()), hammer, number, work.stacks[number].bytes[:])
    try:
        if argument(0) == "-":
            sleep(number_of(argument(1)) * MILLISECOND)
            wait()
            print(f"hammer{work.suffix}: {work.rounds[0]} {work.rounds[1]} {work.rounds[2]}, {work.errors} errors")
        else:
            swap_all(argument(0), number_of(argument(1)))
    except Exception as error:
        work.stop = True
        print(f"WRONG: {argument(0)}: {error}")
        return 1
    return i64(min(work.errors, 100))


def number_of(text: Text) -> u64:
    """A decimal number."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + digit - 0x30
    return value
