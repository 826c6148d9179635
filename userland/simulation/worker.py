"""worker: does what its operands say, one after another, and tells what became of each, for a simulation to judge.

usage: worker NUMBER FILES TALLY OPERATION ...

FILES is the directory where its files are, TALLY the name of the tally that it counts with; either may be another
node's. An operation is a letter and a number. `@NUMBER INDEX ok VALUE EPOCH` says that it was done and what it brought,
`unknown` that nobody knows whether it was, `failed` why it was not, or not wholly.
"""

from atoll.abi.calls import Call
from atoll.abi.startup import NAMING
from atoll.abi.types import Text, i64, u64
from atoll.servers.naming.interface import Naming, NoSuchName, rest_of, service_of
from atoll.servers.naming.interface import find as find_name
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count
from atoll.userland.library.files import APPENDING, READING, WRITING, FileProblem, describe, open_file, remove
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.interface import OutcomeUnknown
from atoll.userland.runtime.kernel_calls import sleep, system_call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.system import exit_program
from atoll.userland.simulation.interface import Tally

RECORD = 8  # bytes of a record of the log: its number, and the end of the line
MILLISECOND = 1_000_000
PATIENCE = 1_000_000_000  # nanoseconds until a notification that has been sent is there
FORGED = 0x7FFF_0000_0000  # a generation that no handle ever had
PLACES = 64  # of a handle's table that forged handles name
NAMES = 3  # that operations are about
MOST = 64  # operations
NOWHERE = 0xFFFF_FFFF_FFFF_FFFF  # the size of a file that is not there


class Worker:
    """What it works with."""

    number: u64
    known_to_all: bool  # it has registered names of the cluster
    port: Port
    own: StringBuilder[ENVIRONMENT_SIZE]
    streams: Streams


class Answer:
    """What an operation brings."""

    value: u64
    epoch: u64  # of the tally that was asked


class Forged(Exception):
    """The kernel took a handle that nobody gave us."""


worker: Worker = Worker()
answer: Answer = Answer()


def append_record(record: u64) -> u64:
    """A record at the end of the log, on the disk when this returns; how many there are then."""
    log = open_file(f"{operand(1)}/{worker.number}.log", APPENDING)
    try:
        size = log.info().size
        log.write_at(size, f"{record:7}\n".encode())
        log.sync()
        return size // RECORD + 1
    finally:
        close(log.handle)


def count_records() -> u64:
    """How many the log has."""
    return size_of(f"{worker.number}.log") // RECORD


def create(file: u64) -> u64:
    """A file, whose name is on the disk when this returns."""
    directory = open_file(operand(1), READING)
    try:
        close(open_file(f"{operand(1)}/{worker.number}.{file}", WRITING).handle)
        directory.sync()                        # raises StaleFile if who made it has died meanwhile
        return 0
    finally:
        close(directory.handle)


def destroy(file: u64) -> u64:
    """It is gone from the disk when this returns; whether it was there."""
    directory = open_file(operand(1), READING)
    try:
        found = is_removed(f"{operand(1)}/{worker.number}.{file}")
        directory.sync()
        return found
    finally:
        close(directory.handle)


def is_removed(path: Text) -> u64:
    """Remove a file; whether it was there."""
    try:
        remove(path)
        return 1
    except FileProblem:
        return 0


def exists(file: u64) -> u64:
    """Whether it is there."""
    return u64(size_of(f"{worker.number}.{file}", NOWHERE) != NOWHERE)


def size_of(name: Text, otherwise: u64 = 0) -> u64:
    """The size of a file, or what is said for one that is not there. That nobody knows because the directory's node is
    gone is another matter: then opening it fails, or asking it once more.
    """
    directory = open_file(operand(1), READING)
    try:
        return describe(f"{operand(1)}/{name}").size
    except FileProblem:
        directory.info()
        return otherwise
    finally:
        close(directory.handle)


def register(name: u64) -> u64:
    """A name for our own port."""
    Naming(given(NAMING)).replace(f"/sim/{worker.number}/{name}", Gate(worker.port.mint(name).handle))
    return 0


def forget(name: u64) -> u64:
    """The name is gone; whether it was there."""
    try:
        Naming(given(NAMING)).remove(f"/sim/{worker.number}/{name}")
        return 1
    except NoSuchName:
        return 0


def find(name: u64) -> u64:
    """Whether the name is there."""
    try:
        close(Naming(given(NAMING)).lookup(f"/sim/{worker.number}/{name}").handle)
        return 1
    except NoSuchName:
        return 0


def register_for_all(name: u64) -> u64:
    """A name for our own port that all nodes know."""
    worker.known_to_all = True
    path = f"/cluster/sim-{worker.number}-{name}"
    covered, gate = service_of(Naming(given(NAMING)), path)
    try:
        Naming(gate).replace(rest_of(path, covered), Gate(worker.port.mint(name).handle))
    finally:
        close(gate)
    return 0


def forget_for_all(name: u64) -> u64:
    """It is gone everywhere; whether it was there."""
    path = f"/cluster/sim-{worker.number}-{name}"
    covered, gate = service_of(Naming(given(NAMING)), path)
    try:
        Naming(gate).remove(rest_of(path, covered))
        return 1
    except NoSuchName:
        return 0
    finally:
        close(gate)


def find_for_all(name: u64) -> u64:
    """Whether it is there."""
    try:
        find_name(Naming(given(NAMING)), f"/cluster/sim-{worker.number}-{name}").close()
        return 1
    except NoSuchName:
        return 0


def run(status: u64) -> u64:
    """A program that ends with that status; the status that we get."""
    return run_on("", status)


def run_elsewhere(what: u64) -> u64:
    """The same on another node: its number, three digits of status."""
    return run_on(f"node{what // 1000}", what % 1000)


def run_on(node: Text, status: u64) -> u64:
    """The same on a node."""
    words = f"0\0-\0-\0q{status}\0"
    child = spawn("/bin/worker", words.encode(), worker.own.text.encode(), worker.streams, node)
    try:
        return child.join()
    finally:
        close(child.handle)


def forge(secret: u64) -> u64:
    """Nobody gets anywhere with a handle that he made up. Raises Forged."""
    try:
        system_call(Call.NOTIFY, FORGED + secret % PLACES, 1)
    except KernelError:
        return 0
    raise Forged("a forged handle was taken")


def count(counter: u64) -> u64:
    """One more; the counter's value."""
    tally = Tally(find_name(Naming(given(NAMING)), operand(2)).handle)
    try:
        value, epoch = tally.add(counter)
        answer.epoch = epoch
        return value
    finally:
        close(tally.handle)


def bounce(bit: u64) -> u64:
    """Our own gate, sent to the tally and back, still leads to us; the bits that come."""
    tally = Tally(find_name(Naming(given(NAMING)), operand(2)).handle)
    try:
        gate = tally.bounce(Gate(worker.port.mint(bit).handle))
        gate.notify(u64(1) << bit % 60)
        gate.close()
    finally:
        close(tally.handle)
    letter = Letter()
    worker.port.receive(letter, PATIENCE)
    return letter.words[0]


def rest(milliseconds: u64) -> u64:
    """Do nothing."""
    sleep(milliseconds * MILLISECOND)
    return 0


def leave(status: u64) -> u64:
    """End at once."""
    exit_program(status)
    return 0


def carry_out(letter: Text, argument: u64) -> u64:
    """One operation; what it brings."""
    match letter:
        case "w":
            return append_record(argument)
        case "r":
            return count_records()
        case "c":
            return create(argument)
        case "d":
            return destroy(argument)
        case "e":
            return exists(argument)
        case "n":
            return register(argument)
        case "x":
            return forget(argument)
        case "l":
            return find(argument)
        case "p":
            return run(argument)
        case "o":
            return run_elsewhere(argument)
        case "g":
            return register_for_all(argument)
        case "f":
            return forget_for_all(argument)
        case "s":
            return find_for_all(argument)
        case "h":
            return forge(argument)
        case "i":
            return count(argument)
        case "b":
            return bounce(argument)
        case "z":
            return rest(argument)
        case "q":
            return leave(argument)
    raise ValueError("there is no such operation")


def attempt(index: u64, operation: Text) -> None:
    """One operation, and what became of it."""
    answer.epoch = 0
    try:
        value = carry_out(operation[0:1], number(operation[1 : len(operation)]))
        print(f"@{worker.number} {index} ok {value} {answer.epoch}")
    except OutcomeUnknown:
        print(f"@{worker.number} {index} unknown")
    except Exception as error:
        print(f"@{worker.number} {index} failed {error}")


def tidy() -> None:
    """Leave no names behind: a name outlives the port that it stands for."""
    for name in range(u64(NAMES)):
        try:
            forget(name)
            if worker.known_to_all:
                forget_for_all(name)
        except Exception as error:
            print(f"@{worker.number} name {name} stays: {error}")


def main() -> i64:
    """All operations."""
    begin("worker NUMBER FILES TALLY OPERATION ...", "")
    expect_operands(3, MOST + 3)
    worker.number = number(operand(0))
    worker.port = create_port()
    worker.streams.inherit()
    pack_environment(worker.own)
    for index in range(3, operand_count()):
        attempt(index - 3, operand(index))
    tidy()
    print(f"@{worker.number} end")
    return 0
