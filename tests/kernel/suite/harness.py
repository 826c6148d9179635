"""What the tests inside the machine share: the runner, which looks for leaks after each test, and other processes.

A suite is the first process of its image. `spawn` starts another process with the same code and a copy of the data as
it is at that moment; both ends of each handle given to it are known by its place in `given`.
"""

from collections.abc import Callable

from atoll.abi.address_space import PAGE_SIZE, STACK_END
from atoll.abi.board import TEST_FAIL, TEST_PASS
from atoll.abi.boot import BOOT_INFO, HANDLE_MACHINE, HANDLE_SELF, HANDLE_THREAD, BootInfo
from atoll.abi.calls import NO_TIMEOUT, Message
from atoll.abi.objects import NO_HANDLE, Info, Kind, Right, Statistics, ThreadState
from atoll.abi.raw import address_of, at, store32, view
from atoll.abi.riscv import a0, ecall, la, ret
from atoll.abi.types import Array, Bytes, Text, assembly, export, u8, u64
from atoll.userland.runtime import start
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.errors import ErrorRecord, record
from atoll.userland.runtime.kernel_calls import read_statistics, sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import (
    Memory,
    Process,
    Thread,
    close,
    create_memory,
    create_process,
    duplicate,
    read_info,
)
from atoll.userland.runtime.system import ThreadStart, be_first, exit_program
from atoll.userland.runtime.threads import create_thread
from atoll.userland.runtime.traceback import own_table, own_trace_start, print_error

MAX_GIVEN = 8
PRIORITY = 16  # of the threads and processes that tests start, and of the test itself
CHILD_QUOTA = 48  # pages for its page tables, threads and handles
STACK_PAGES = 4
PLACE = 0x3000_0000  # where tests map what they need
TEST_DEVICE = 0x7100_0000  # where the harness maps it
THREADS = 4
SHORT = 20_000  # nanoseconds between two looks at what other threads have done
FIGURES = 11


class Child:
    """Another process, and the port that hears of its end."""

    process: Process
    thread: Thread
    heir: Port
    serial: u64
    how: u64  # a Death: how it ended

    def wait(self, timeout: u64 = NO_TIMEOUT) -> u64:
        """Wait for its end; its status. What it leaves is discarded."""
        letter = Letter()
        while True:
            self.heir.receive(letter, timeout)
            if letter.kind == Message.DEATH:
                self.how = letter.words[2]
                return letter.words[1]
            discard(letter)

    def has_ended(self) -> bool:
        """Whether it is dead."""
        info = Info()
        read_info(self.process.handle, info)
        return info.kind != Kind.PROCESS or info.words[6] == 1

    def finish(self) -> u64:
        """Wait for its end, and give up all handles; its status."""
        status = self.wait()
        self.free()
        return status

    def free(self) -> None:
        """Give up all handles of a process that has ended."""
        self.thread.close()
        self.process.close()
        self.heir.close()

    def kill(self) -> None:
        """End it, whatever it does, and give up all handles."""
        self.process.destroy(99)
        self.finish()


def discard(letter: Letter) -> None:
    """What a child has left behind: ports are closed, processes ended."""
    if letter.kind == Message.INHERITED and letter.words[2] == Kind.PROCESS:
        Process(letter.handle).destroy(98)
    if letter.handle != NO_HANDLE:
        close(letter.handle)


class Given:
    """What a child finds: copied to it with all other data."""

    handles: Array[u64, MAX_GIVEN]
    machine: u64  # to print with; NO_HANDLE: what it prints is lost
    count: u64  # of handles, while they are collected


class Tally:
    """How the tests went."""

    failures: u64


class Worker:
    """A thread of this process."""

    stack: Array[u8, 8192]
    thread: Thread


given: Given = Given()
workers: Array[Worker, THREADS] = Array()
code: Memory = Memory(NO_HANDLE)
constants: Memory = Memory(NO_HANDLE)
trace: Memory = Memory(NO_HANDLE)
tally: Tally = Tally()


def boot_info() -> BootInfo:
    """What the kernel tells the first process."""
    return at(BootInfo, BOOT_INFO)


def this_process() -> Process:
    """The suite itself."""
    return Process(boot_info().handles[HANDLE_SELF])


def machine() -> Machine:
    """All devices."""
    return Machine(boot_info().handles[HANDLE_MACHINE])


# ---- running tests ----


def begin() -> None:
    """Set up; before the first test."""
    be_first(write, report)
    given.machine = boot_info().handles[HANDLE_MACHINE]
    Thread(boot_info().handles[HANDLE_THREAD]).set_priority(PRIORITY)
    registers = machine().device_memory(boot_info().test_device, 1)
    this_process().map(registers, 0, TEST_DEVICE, 1, Right.READ | Right.WRITE)
    registers.close()
    code.handle = shared_copy(image_start(), constants_start()).handle
    constants.handle = shared_copy(constants_start(), data_start()).handle
    trace.handle = shared_copy(own_trace_start(), image_end()).handle


def end() -> None:
    """The last test has run: the machine ends, with the number of tests that failed as its status."""
    failures = tally.failures
    print(f"{failures} failures")
    store32(TEST_DEVICE, TEST_PASS if failures == 0 else failures << 16 | TEST_FAIL)


def write(data: Bytes) -> None:
    """Where print goes, in the suite and in its children."""
    if given.machine != NO_HANDLE:
        Machine(given.machine).debug_write(data)


def report(error: ErrorRecord) -> None:
    """An error that nobody caught, in the suite or in a child."""
    print_error(own_table(), error)


def run(name: Text, test: Callable[[], None]) -> None:
    """Run one test, and see whether all that it made is gone again.

    What stays after a first run may be tables that have grown; it is a leak if it stays after a second one too.
    """
    before: Array[u64, FIGURES] = Array()
    after: Array[u64, FIGURES] = Array()
    for attempt in range(2):
        count(before)
        given.count = 0
        try:
            test()
        except Exception:
            print_error(own_table(), record)
            print(f"{name}: failed")
            this_process().unmap(PLACE, 16)
            tally.failures += 1
            return
        settle()
        count(after)
        if leaks(before, after, attempt == 1) == 0:
            print(f"{name}: ok")
            return
    print(f"{name}: failed")
    tally.failures += 1


def leaks(before: Array[u64, FIGURES], after: Array[u64, FIGURES], is_told: bool) -> u64:
    """How many figures have changed."""
    total: u64 = 0
    for number in range(u64(FIGURES)):
        if before[number] != after[number]:
            total += 1
            if is_told:
                print(f"  leak: {figure_name(number)} {before[number]} -> {after[number]}")
    return total


def status_of(number: u64, a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0, e: u64 = 0, f: u64 = 0) -> u64:
    """How a call ends, when nothing is to be raised."""
    status, _ = ecall(a, b, c, d, e, f, 0, number)
    return status


def expect(status: u64, wanted: u64, what: Text = "") -> None:
    """A call has ended with that status."""
    assert status == wanted, f"status 0x{status:x}, not 0x{wanted:x} {what}"


def settle() -> None:
    """Let threads that are about to end do so."""
    sleep(5 * SHORT)


def count(into: Array[u64, FIGURES]) -> None:
    """What there is in the machine of everything that can leak."""
    figures = Statistics()
    read_statistics(figures)
    into[0], into[1], into[2] = figures.processes, figures.threads, figures.ports
    into[3], into[4], into[5] = figures.gates, figures.sets, figures.memories
    into[6], into[7], into[8] = figures.mappings, figures.interrupts, figures.handles
    into[9] = figures.used_pages - figures.slab_pages
    into[10] = quota_used()


def figure_name(number: u64) -> Text:
    """What is counted there."""
    match number:
        case 0:
            return "processes"
        case 1:
            return "threads"
        case 2:
            return "ports"
        case 3:
            return "gates"
        case 4:
            return "sets"
        case 5:
            return "memory objects"
        case 6:
            return "mappings"
        case 7:
            return "interrupts"
        case 8:
            return "handles"
        case 9:
            return "pages"
    return "quota used"


def quota_used() -> u64:
    """Bytes that this process is charged with."""
    info = Info()
    read_info(boot_info().handles[HANDLE_SELF], info)
    return info.words[2]


# ---- other threads ----


def work(number: u64, function: Callable[[u64], None], argument: u64 = 0, priority: u64 = PRIORITY) -> Thread:
    """Start worker 0 to 3, a thread of this process."""
    worker = workers[number]
    worker.thread.handle = create_thread(this_process(), function, argument, worker.stack[:], priority).handle
    worker.thread.resume()
    return worker.thread


def finish_work(count: u64) -> None:
    """Wait until the first workers have ended."""
    for number in range(count):
        while True:
            info = Info()
            read_info(workers[number].thread.handle, info)
            if info.kind != Kind.THREAD or info.words[1] % 16 == ThreadState.DEAD:
                break
            sleep(SHORT)
        workers[number].thread.close()


# ---- other processes ----


def give(handle: u64) -> None:
    """The next child gets this handle, which is ours no more, at the next place of `given`."""
    given.handles[given.count] = handle
    given.count += 1


def spawn(function: Callable[[u64], None], argument: u64 = 0, priority: u64 = PRIORITY) -> Child:
    """Start another process that runs the function."""
    child = prepare(function, argument, CHILD_QUOTA, None, priority)
    child.thread.resume()
    return child


def prepare(
    function: Callable[[u64], None],
    argument: u64,
    quota: u64,
    pager: Gate | None,
    priority: u64 = PRIORITY,
    can_print: bool = True,
) -> Child:
    """A process whose thread has yet to be resumed."""
    child = Child()
    child.heir = create_port()
    fate = child.heir.mint(1)
    child.process = create_process(quota, pager, fate)
    fate.close()
    info = Info()
    read_info(child.process.handle, info)
    child.serial = info.words[0]
    copy_image(child.process, can_print)
    child.thread = first_thread(child.process, function, argument, priority)
    return child


def copy_image(process: Process, can_print: bool) -> None:
    """The same code and constants, and a copy of the data in which `given` is what the child is given."""
    process.map(code, 0, image_start(), pages_of(code), Right.READ | Right.EXECUTE)
    process.map(constants, 0, constants_start(), pages_of(constants), Right.READ)
    for place in range(given.count):
        given.handles[place] = process.install(given.handles[place])
    own = given.machine
    given.machine = process.install(duplicate(own, Right.MANAGE | Right.MOVE)) if can_print else NO_HANDLE
    data = shared_copy(data_start(), own_trace_start())
    given.machine = own
    given.count = 0
    process.map(data, 0, data_start(), pages_of(data), Right.READ | Right.WRITE)
    data.close()
    process.map(trace, 0, own_trace_start(), pages_of(trace), Right.READ)


def first_thread(process: Process, function: Callable[[u64], None], argument: u64, priority: u64) -> Thread:
    """A stack, and a thread on it."""
    stack = create_memory(STACK_PAGES)
    begin = ThreadStart()
    begin.function = function
    begin.argument = argument
    stack.write(STACK_PAGES * PAGE_SIZE - 16, view(address_of(begin), 16))
    process.map(stack, 0, STACK_END - STACK_PAGES * PAGE_SIZE, STACK_PAGES, Right.READ | Right.WRITE)
    stack.close()
    return process.create_thread(address_of(start.start_thread), STACK_END - 16, STACK_END - 16, 0, priority)


def shared_copy(first: u64, last: u64) -> Memory:
    """A memory object with a copy of our own memory."""
    pages = (last - first + PAGE_SIZE - 1) // PAGE_SIZE
    memory = create_memory(pages)
    for page in range(pages):
        memory.write(page * PAGE_SIZE, view(first + page * PAGE_SIZE, PAGE_SIZE))
    return memory


def pages_of(memory: Memory) -> u64:
    """How large a memory object is."""
    info = Info()
    read_info(memory.handle, info)
    return info.words[0]


def leave(status: u64) -> None:
    """End a child with a status."""
    exit_program(status)


@assembly
@export("suite_image_start")
def image_start() -> u64:
    """Where code begins."""
    la(a0, "__image_start")
    ret()


@assembly
@export("suite_constants_start")
def constants_start() -> u64:
    """Where constants begin, a page of its own."""
    la(a0, "__rodata_start")
    ret()


@assembly
@export("suite_data_start")
def data_start() -> u64:
    """Where data begins, a page of its own."""
    la(a0, "__tls_start")
    ret()


@assembly
@export("suite_image_end")
def image_end() -> u64:
    """The first page behind the image."""
    la(a0, "__image_end")
    ret()
