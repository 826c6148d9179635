"""What the measured programs share: they are the first process, and start others that run one loop."""

from loops import FIRST_PAGE

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.boot import BOOT_INFO, HANDLE_MACHINE, HANDLE_SELF, BootInfo
from atoll.abi.objects import Right, Transfer
from atoll.abi.raw import address_of, at, view
from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, Thread, create_memory, create_process
from atoll.userland.runtime.system import be_first
from atoll.userland.runtime.traceback import own_table, print_error

CODE = 0x1000_0000  # where another process finds its loop
CODE_SIZE = 128  # bytes, more than any loop has
DATA = FIRST_PAGE  # and its Transfer with a buffer behind
BUFFER = DATA + PAGE_SIZE
PRIORITY = 8  # as this process has
QUOTA = 512  # pages


class Child:
    """Another process with one thread."""

    process: Process
    thread: Thread

    def run(self, loop: u64, first: u64, second: u64, priority: u64 = PRIORITY) -> None:
        """Let it execute the loop whose code is at that address, with two arguments."""
        code = create_memory(1)
        code.write(0, view(loop, CODE_SIZE))
        self.process.map(code, 0, CODE, 1, Right.READ | Right.EXECUTE)
        code.close()
        self.thread.handle = self.process.create_thread(CODE, 0, first, second, priority).handle
        self.thread.resume()

    def add_buffer(self, pages: u64) -> None:
        """Memory at DATA with a Transfer that names the pages behind it as the buffer."""
        memory = create_memory(1 + pages)
        transfer = Transfer()
        set_buffer(transfer, BUFFER, pages * PAGE_SIZE)
        memory.write(0, view(address_of(transfer), 48))
        self.process.map(memory, 0, DATA, 1 + pages, Right.READ | Right.WRITE)
        memory.close()

    def end(self) -> None:
        """Nothing of it is left."""
        self.process.destroy(0)
        self.thread.close()
        self.process.close()


def set_buffer(transfer: Transfer, address: u64, size: u64) -> None:
    """Receive there, and wait as long as it takes."""
    transfer.buffer_address = address
    transfer.buffer_size = size
    transfer.timeout = 0xFFFF_FFFF_FFFF_FFFF


def new_child(pager: Gate | None = None, heir: Gate | None = None) -> Child:
    """A process that does not run yet."""
    child = Child()
    child.process = create_process(QUOTA, pager, heir)
    return child


def boot_info() -> BootInfo:
    """What the kernel told."""
    return at(BootInfo, BOOT_INFO)


def this_process() -> Process:
    """Ourselves."""
    return Process(boot_info().handles[HANDLE_SELF])


def write(data: Bytes) -> None:
    """Where print goes."""
    Machine(boot_info().handles[HANDLE_MACHINE]).debug_write(data)


def report(error: ErrorRecord) -> None:
    """An error that nobody caught."""
    print_error(own_table(), error)


def begin() -> None:
    """Before anything else."""
    be_first(write, report)


def rest() -> None:
    """The host has seen all it wanted and switches the machine off; the first process must not end."""
    while True:
        sleep(1_000_000_000)
