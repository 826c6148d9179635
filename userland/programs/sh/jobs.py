"""Programs that the shell has started: jobs, each a pipeline of processes, and how they end.

Each process has a bit; the program manager notifies the shell's port with it when the process has ended. So the shell
waits at one place for all of them, and for Ctrl-C.
"""

from atoll.abi.calls import Message
from atoll.abi.types import Array, Text, u64
from atoll.servers.console.interface import INTERRUPT_BIT
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Child, NoSuchProgram
from atoll.userland.library.errors import write_error
from atoll.userland.library.nodes import NoNode, is_up, name_of, nodes
from atoll.userland.library.processes import ENDED_BY_KEY, copy_of
from atoll.userland.library.programs import find_guest, node_of, open_program
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError, TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port

MAX_PROCESSES = 48
MAX_JOBS = 16
TEXT_SIZE = 64  # bytes of a job's line that are kept
FIRST_BIT = 1  # notification bit of the first process; those below are the console's
NO_JOB = 0xFFFF
PATIENCE = 1_000_000_000  # nanoseconds
LOST = 1  # status of a program of which nothing is known
GONE = 125  # status of a program whose node is gone
NODE_SHIFT = 48  # of pids
SERIAL = 1 << 32


class Away:
    """Where a program runs, if not here."""

    number: u64  # of its node; 0: here
    incarnation: u64
    name: StringBuilder[32]
    title: StringBuilder[32]  # of the program

    def clear(self) -> None:
        """Here."""
        self.number = 0

    def set(self, node: Member, title: Text) -> None:
        """There."""
        self.go_to(node)
        self.title.set(title[0 : min(len(title), 32)])

    def go_to(self, node: Member) -> None:
        """The program is on another node now."""
        self.number, self.incarnation = node.number, node.incarnation
        self.name.set(name_of(node))

    def is_up(self) -> bool:
        """Whether the node is what it was. A node that was switched on again is not."""
        return self.number == 0 or is_up(self.number, self.incarnation)

    def complain(self) -> None:
        """Say that it is gone."""
        write_error(f"shell: {self.title.text}: {self.name.text} has gone\n")


class Process:
    """One process of a job, or one that is only waited for."""

    used: bool
    pid: u64
    child: Child
    away: Away
    job: u64
    is_last: bool  # whose status is the job's


class Job:
    """A pipeline that runs."""

    used: bool
    background: bool
    left: u64  # processes that have not ended
    status: u64
    pid: u64  # of its last process
    text: StringBuilder[TEXT_SIZE]


class Jobs:
    """All of them."""

    port: Port
    gate: Gate
    letter: Letter
    processes: Array[Process, MAX_PROCESSES]
    jobs: Array[Job, MAX_JOBS]
    interrupted: bool  # Ctrl-C has come
    asked: u64  # when this node's program manager was last asked without need; nanoseconds

    def start(self) -> None:
        """Make the port."""
        self.port = create_port()
        self.gate = self.port.mint(0)

    def add(self, text: Text, background: bool) -> u64:
        """A job without processes; NO_JOB if there are too many."""
        for number in range(MAX_JOBS):
            job = self.jobs[number]
            if not job.used:
                job.used, job.background = True, background
                job.left, job.status, job.pid = 0, 0, 0
                job.text.set(text[0 : min(len(text), TEXT_SIZE)])
                return number
        return NO_JOB

    def free_process(self) -> u64:
        """A place for a process; MAX_PROCESSES if there is none."""
        place: u64 = 0
        while place < MAX_PROCESSES and self.processes[place].used:
            place += 1
        return place

    def adopt(self, number: u64, child: Child, is_last: bool, away: Away) -> None:
        """A prepared process becomes part of a job (there is a free place), and starts."""
        place = self.free_process()
        process = self.processes[place]
        process.used, process.job, process.is_last, process.pid = True, number, is_last, 0
        process.child = child
        process.away = away
        job = self.jobs[number]
        job.left += 1
        try:
            child.tell(copy_of(self.gate.handle), u64(1) << (FIRST_BIT + place))
            process.pid = child.start()
            if is_last:
                job.pid = process.pid
        except Exception:
            self.drop(process)
            raise

    def drop(self, process: Process) -> None:
        """A process is over."""
        process.used = False
        Gate(process.child.handle).close()
        self.jobs[process.job].left -= 1

    # ---- waiting ----

    def wait(self, number: u64) -> u64:
        """Wait for the end of a job, which is forgotten then; its status. Ctrl-C ends it."""
        job = self.jobs[number]
        while job.left > 0:
            self.listen()
            if self.interrupted:
                self.end(number, ENDED_BY_KEY)
        job.used = False
        return job.status

    def wait_for(self, child: Child, pid: u64, away: Away) -> u64:
        """Wait for the end of a program that is not the shell's; its status. Ctrl-C ends the waiting only."""
        number = self.add("", False)
        place = self.free_process()
        if number == NO_JOB or place == MAX_PROCESSES:
            Gate(child.handle).close()
            raise ValueError("too many programs run already")
        process, job = self.processes[place], self.jobs[number]
        process.used, process.job, process.is_last, process.pid = True, number, True, pid
        process.child, process.away = child, away
        job.left = 1
        self.ask_about(place)
        while job.left > 0:
            self.listen()
            if self.interrupted:
                job.status = ENDED_BY_KEY
                self.drop(process)
        job.used = False
        return job.status

    def listen(self) -> None:
        """Wait until something has happened, or it is time to ask: a program manager that died tells nobody."""
        try:
            self.port.receive(self.letter, PATIENCE)
        except TimedOut:
            self.ask_again()
            return
        if self.letter.kind == Message.NOTIFICATION:
            self.note(self.letter.words[0])

    def ask_again(self) -> None:
        """Let the program manager, which may be another one now, tell us of each process again."""
        for place in range(MAX_PROCESSES):
            if self.processes[place].used:
                self.ask_about(place)

    def ask_about(self, place: u64) -> None:
        """One process. That its node is gone nobody tells either."""
        process = self.processes[place]
        if not process.away.is_up():
            self.lose(process)
            return
        try:
            process.child.tell(copy_of(self.gate.handle), u64(1) << (FIRST_BIT + place))
        except NoSuchProgram:
            print("shell: a program is lost: the program manager does not know it any more")
            self.jobs[process.job].status = LOST
            self.drop(process)
        except ServiceError:  # next time, then
            return
        except KernelError:
            self.lose(process)

    def lose(self, process: Process) -> None:
        """The way to a process is gone, with its node: so is the process, unless it has been moved off that before."""
        if self.follow(process):
            return
        process.away.complain()
        if process.is_last:
            self.jobs[process.job].status = GONE
        self.drop(process)

    def follow(self, process: Process) -> bool:
        """Take hold of a process where it is now; False if it is nowhere."""
        try:
            node, pid = find_guest(node_of(process.pid), process.pid % SERIAL)
            member = nodes.numbered(node)
            if pid != process.pid or member is None:
                return False
            child = open_program(node, pid)
        except (NoNode, ServiceError, KernelError):  # where it was is gone, too
            return False
        Gate(process.child.handle).close()
        process.child = child
        process.away.go_to(member)
        return True

    def note(self, bits: u64) -> None:
        """These bits have come."""
        if bits & INTERRUPT_BIT != 0:
            self.interrupted = True
        for place in range(MAX_PROCESSES):
            if bits >> (FIRST_BIT + place) & 1 == 1 and self.processes[place].used:
                self.collect(self.processes[place])

    def look(self) -> None:
        """Take notice of what has happened, without waiting; of what a program manager that died told nobody, too."""
        now = clock()
        if now - self.asked >= PATIENCE:
            self.asked = now
            for place in range(MAX_PROCESSES):
                if self.processes[place].used and self.processes[place].away.number == 0:
                    self.ask_about(place)
        try:
            while True:
                self.port.receive(self.letter, 0)
                if self.letter.kind == Message.NOTIFICATION:
                    self.note(self.letter.words[0])
        except Exception:
            return

    def collect(self, process: Process) -> None:
        """A process has ended: its status."""
        status: u64 = 1
        try:
            status = process.child.join()
        except Exception as error:
            if not process.away.is_up():
                self.lose(process)
                return
            print(f"shell: the status of a program is not known: {error}")
        if process.is_last:
            self.jobs[process.job].status = status
        self.drop(process)

    def end(self, number: u64, status: u64) -> None:
        """End all processes of a job."""
        for process in self.processes:
            if process.used and process.job == number:
                try:
                    process.child.end(status)
                except Exception as error:
                    if process.away.number != 0:
                        self.lose(process)
                    else:
                        print(f"shell: a program cannot be ended: {error}")
