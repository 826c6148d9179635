"""load_jobs: starts the jobs of a schedule where the load server says, and tells when each has ended.

usage: load_jobs BEGIN < SCHEDULE: lines `arrival need talks`, in microseconds and messages a second; BEGIN is what
arrivals count from, by the node's clock. What it prints: `node arrival end need`.
"""

from atoll.abi.types import Array, u8, u64
from atoll.servers.load.interface import Candidate, Load
from atoll.userland.library.arguments import begin, expect_operands, number, operand
from atoll.userland.library.errors import complain, fail
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.nodes import own_node
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, spawn
from atoll.userland.library.services import expect_service
from atoll.userland.library.sharing import Placement, best_node, node_name, tell_step
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import StringBuilder, Words, parse_unsigned
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

PROGRAM = "/bin/spin"
MOST_JOBS = 512
WORKERS = 24  # jobs in hand at once
STACK = 24576
MICROSECOND = 1000
STARTER_KNOWS = 10  # the registrar's last step
MICRO = 1_000_000


class Job:
    """One, and what became of it."""

    arrival: u64  # microseconds from the beginning
    need: u64
    talks: u64  # messages per second
    node: u64
    end: u64


class Office:
    """What the workers share."""

    jobs: Array[Job, MOST_JOBS]
    count: u64
    next: SharedNumber  # job to be taken
    begin: u64  # nanoseconds
    load: Load
    own: u64
    lock: Port  # a notification that waits there is the right to use the library, which knows no threads
    unlock: Gate
    ended: Port
    end: Gate
    streams: Streams
    environment: StringBuilder[ENVIRONMENT_SIZE]
    stacks: Array[Array[u8, STACK], WORKERS]


office: Office = Office()


def read_schedule(reader: Reader, name: str) -> None:
    """The jobs, in the order of their arrival."""
    line = reader.read_line()
    while line is not None:
        words = Words()
        words.start(line)
        job = office.jobs[office.count]
        job.arrival, job.need, job.talks = next_number(words), next_number(words), next_number(words)
        office.count += 1
        line = reader.read_line()


def next_number(words: Words) -> u64:
    """The next word of a line."""
    word = words.next()
    return 0 if word is None else parse_unsigned(word)


def work(worker: u64) -> None:
    """Take jobs, one after another, until there are no more."""
    index = office.next.add(1)
    while index < office.count:
        job = office.jobs[index]
        due = office.begin + job.arrival * MICROSECOND
        now = clock()
        if now < due:
            sleep(due - now)
        try:
            run(job)
        except Exception as error:
            complain("a job", f"{error}")
        job.end = (clock() - office.begin) // MICROSECOND
        index = office.next.add(1)
    office.end.notify(u64(1) << worker)


def run(job: Job) -> None:
    """Place it, start it, wait for its end."""
    candidate = Candidate()
    candidate.need, candidate.traffic = job.need * MICROSECOND, job.talks
    if job.talks > 0:
        candidate.peer = office.own
    placement = Placement()
    best_node(office.load, candidate, office.own, placement)
    job.node = placement.node
    letter = Letter()
    office.lock.receive(letter)
    try:
        talks = job.talks * job.need // MICRO
        name = "" if placement.is_here else node_name(placement.node)
        # Jobs give way to who starts them (-b): else he would wait for his turn behind them after each of the calls
        # that sending an image is made of, and a busy station could not get rid of its work.
        child = spawn(PROGRAM, f"-b\0-t\0{talks}\0{job.need}\0".encode(), office.environment.text.encode(),
                      office.streams, name)
    finally:
        office.unlock.notify(1)
    child.join()
    close(child.handle)
    tell_step(office.load, placement, STARTER_KNOWS)


def main() -> None:
    """Read, work, tell."""
    begin("load_jobs BEGIN", "")
    expect_operands(1, 1)
    for_each_input(read_schedule, 1)
    office.begin = number(operand(0)) * MICROSECOND
    office.load = Load(expect_service("load"))
    office.own = own_node()
    office.streams.inherit()
    pack_environment(office.environment)
    office.lock = create_port()
    office.unlock = office.lock.mint(0)
    office.unlock.notify(1)
    office.ended = create_port()
    office.end = office.ended.mint(0)
    if clock() > office.begin:
        fail("", "it is too late to begin")
    for worker in range(u64(WORKERS)):
        start_thread(Process(own_process()), work, worker, office.stacks[worker][:])
    done: u64 = 0
    letter = Letter()
    while done != (1 << WORKERS) - 1:
        office.ended.receive(letter)
        done = done | letter.words[0]
    for index in range(office.count):
        job = office.jobs[index]
        print(f"{job.node} {job.arrival} {job.end} {job.need}")
