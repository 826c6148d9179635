"""client: uses one service without a pause, and finds out whether anything is lost, or done twice.

usage: client KIND NUMBER MILLISECONDS [NODE]
  KIND is names, files, pipe, programs, counter or cluster; NODE whose services these are, else those of its names.
It says `KIND NUMBER: ROUNDS rounds` at the end, or which error ended it, and how long after the last good round.
"""

from atoll.abi.raw import address_of, load64, store64
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.counter.interface import Counter
from atoll.servers.files.interface import File, Files, OpenFlag
from atoll.servers.naming.interface import Naming, NoSuchName
from atoll.servers.pipe.interface import Pipes
from atoll.servers.stream.interface import Stream
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count
from atoll.userland.library.processes import Streams, spawn
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError, Unreachable
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Port, create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

MILLISECOND = 1_000_000
RECORD = 64  # bytes of a record of the log


class Client:
    """What it works with: gates that it keeps all the time."""

    root: Naming
    names: Naming  # who knows our name
    name: StringBuilder[64]
    port: Port
    version: u64
    log: File
    counter: Counter
    counted: u64  # before the first round
    reading: u64
    writing: u64
    streams: Streams
    record: Array[u8, RECORD]
    back: Array[u8, RECORD]
    errors: u64


client: Client = Client()


def wrong(what: Text, turn: u64) -> None:
    """Something was lost, or done twice."""
    client.errors += 1
    print(f"WRONG: {operand(0)} {operand(1)} in turn {turn}: {what}")


def gate_of(name: Text) -> u64:
    """A service of the node that is meant."""
    return client.root.lookup(name).handle


# ---- before the first round ----


def prepare() -> None:
    """Find the service, and keep its gate."""
    client.root.handle = given(NAMING)
    if operand_count() == 4:
        client.root.handle = client.root.lookup(f"/nodes/{operand(3)}").handle
    client.names.handle = client.root.handle
    client.name.set(f"/client-{operand(1)}")
    client.port = create_port()
    client.streams.inherit()
    match operand(0):
        case "cluster":
            client.names.handle = client.root.lookup("/cluster").handle
        case "files":
            _, _, gate = client.root.resolve("/")
            flags = OpenFlag.READ | OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.TRUNCATE | OpenFlag.APPEND
            client.log.handle = Files(gate).open(f"/tmp/log-{operand(1)}", flags).handle
            close(gate)
        case "counter":
            client.counter.handle = gate_of("/services/counter")
            client.counted = client.counter.value(client.name.text)
        case "pipe":
            pipes = Pipes(gate_of("/services/pipe"))
            pipe, client.writing = pipes.create()
            client.reading = pipes.reader(pipe).handle
            close(pipes.handle)


# ---- a round ----


def use_name(turn: u64) -> None:
    """A name comes and goes; registered twice it would be taken."""
    version = client.names.register(client.name.text, Gate(client.port.mint(turn).handle))
    if turn > 0 and version <= client.version:
        wrong("a version that has been", turn)
    client.version = version
    client.names.lookup(client.name.text).close()
    client.names.remove(client.name.text)
    try:
        client.names.lookup(client.name.text).close()
        wrong("the name is still there", turn)
    except NoSuchName:
        return


def use_file(turn: u64) -> None:
    """One more record at the end, and another one read again."""
    store64(address_of(client.record), turn)
    if Stream(client.log.handle).write(client.record[:]) != RECORD:
        wrong("a record was not written", turn)
    if client.log.info().size != (turn + 1) * RECORD:
        wrong("the log has another length", turn)
    wanted = turn * 7919 // 13 % (turn + 1)
    count = client.log.read_at(wanted * RECORD, client.back[:])
    if count != RECORD or load64(address_of(client.back)) != wanted:
        wrong("a record is another one", turn)


def use_pipe(turn: u64) -> None:
    """What goes in comes out, once."""
    store64(address_of(client.record), turn)
    size = turn % (RECORD - 8) + 8
    sent = Stream(client.writing).write(client.record[0:size])
    count = Stream(client.reading).read(client.back[:])
    if sent != size or count != size or load64(address_of(client.back)) != turn:
        wrong("a record was lost in the pipe, or came twice", turn)


def use_program(turn: u64) -> None:
    """A program that ends with a status of its own."""
    node = operand(3) if operand_count() == 4 else ""
    child = spawn("/bin/shell", f"-c\0exit {turn % 100 + 1}\0".encode(), b"", client.streams, node)
    try:
        if child.join() != turn % 100 + 1:
            wrong("another status", turn)
    finally:
        close(child.handle)


def use_counter(turn: u64) -> None:
    """Nobody else counts with it."""
    if client.counter.add(client.name.text, 1) != client.counted + turn + 1:
        wrong("counted twice, or not", turn)
    if client.counter.value(client.name.text) != client.counted + turn + 1:
        wrong("another value", turn)


def use(turn: u64) -> None:
    """One round."""
    match operand(0):
        case "names" | "cluster":
            use_name(turn)
        case "files":
            use_file(turn)
        case "pipe":
            use_pipe(turn)
        case "programs":
            use_program(turn)
        case "counter":
            use_counter(turn)
        case _:
            raise ValueError("there is no such kind")


# ---- all rounds ----


def tell(error: Text, rounds: u64, since: u64) -> i64:
    """What ended it."""
    print(f"{operand(0)} {operand(1)}: {error} after {rounds} rounds, {(clock() - since) // MILLISECOND} ms")
    return 1


def main() -> i64:
    """Rounds, until the time is over."""
    begin("client KIND NUMBER MILLISECONDS [NODE]", "")
    expect_operands(3, 4)
    turn: u64 = 0
    end = clock() + number(operand(2)) * MILLISECOND
    since = clock()
    try:
        prepare()
        while clock() < end:
            since = clock()
            use(turn)
            turn += 1
    except OutcomeUnknown:
        return tell("OutcomeUnknown", turn, since)
    except Unreachable:
        return tell("Unreachable", turn, since)
    except KernelError:
        return tell("KernelError", turn, since)
    except ServiceError as error:
        return tell(f"ServiceError {error}", turn, since)
    except Exception as error:
        return tell(f"{error}", turn, since)
    print(f"{operand(0)} {operand(1)}: {turn} rounds")
    return i64(min(client.errors, 100))
