"""Other threads and processes for tests: `work` starts a thread of the suite itself, `spawn` another process.

That has the same code and a copy of the data as it is at that moment; what it is given it finds in `given.handles`.
"""

from collections.abc import Callable

from world import PRIORITY, SHORT, given, this_process

from atoll.abi.address_space import PAGE_SIZE, STACK_END
from atoll.abi.calls import NO_TIMEOUT, Message
from atoll.abi.objects import NO_HANDLE, Info, Kind, Right, ThreadState
from atoll.abi.raw import address_of, view
from atoll.abi.riscv import a0, la, ret
from atoll.abi.types import Array, assembly, export, u8, u64
from atoll.userland.runtime import start
from atoll.userland.runtime.kernel_calls import sleep
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
from atoll.userland.runtime.system import ThreadStart, exit_program
from atoll.userland.runtime.threads import create_thread
from atoll.userland.runtime.traceback import own_trace_start

CHILD_QUOTA = 48  # pages for its page tables, threads and handles
STACK_PAGES = 4
THREADS = 4


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


class Worker:
    """A thread of this process."""

    stack: Array[u8, 8192]
    thread: Thread


workers: Array[Worker, THREADS] = Array()
code: Memory = Memory(NO_HANDLE)
constants: Memory = Memory(NO_HANDLE)
trace: Memory = Memory(NO_HANDLE)


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
