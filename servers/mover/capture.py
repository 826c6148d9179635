"""A process as a list: its threads with their registers, its handles, its start page; and the same made again.

What cannot be made again on another node is found before the process is stopped.
"""

from atoll.abi.address_space import ARGUMENTS, PAGE_SIZE
from atoll.abi.calls import NO_TIMEOUT, Call
from atoll.abi.objects import NO_HANDLE, STOPPED, HandleInfo, Info, Kind, Registers, Right, ThreadState
from atoll.abi.raw import address_of, view
from atoll.abi.startup import START_PAGES
from atoll.abi.types import Array, u64
from atoll.servers.mover.interface import MOST_LINKS, MOST_THREADS, Immovable
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.kernel_errors import BadArgument, KernelError
from atoll.userland.runtime.objects import Process, Thread, read_info

PC = 0  # of Registers.x
PROCESS_CPU_TIME = 5  # word of a process's Info
A0 = 10
A5 = 15
A7 = 17
SHORT = 1_000_000  # nanoseconds until a thread that waits for its pager is looked at again
PATIENCE = 200  # times


class CapturedThread:
    """One thread, as it was when it was stopped."""

    serial: u64
    priority: u64
    is_calling: u64  # 1: it waits for a reply, which comes to the source
    transfer: u64  # then: the address of its Transfer; 0: it has none
    buffer: u64  # of that reply, an address of its own
    buffer_size: u64
    timeout: u64  # nanoseconds that are left
    registers: Registers


class Capture:
    """One process."""

    process: Process
    serial: u64
    threads: Array[CapturedThread, MOST_THREADS]
    thread_handles: Array[Thread, MOST_THREADS]
    thread_count: u64
    handles: Array[HandleInfo, MOST_LINKS]
    handle_count: u64

    def open(self, process: Process) -> None:
        """Another process; the handle is ours."""
        self.process = process
        self.thread_count, self.handle_count = 0, 0
        info = Info()
        read_info(process.handle, info)
        self.serial = info.words[0]

    def close(self) -> None:
        """Give all handles up."""
        self.close_threads()
        if self.process.handle != NO_HANDLE:
            self.process.close()
            self.process.handle = NO_HANDLE

    def close_threads(self) -> None:
        """Forget its threads."""
        for number in range(self.thread_count):
            self.thread_handles[number].close()
        self.thread_count = 0

    def cpu_time(self) -> u64:
        """Nanoseconds that it has used on this node."""
        info = Info()
        read_info(self.process.handle, info)
        return info.words[PROCESS_CPU_TIME]

    def has_ports(self) -> bool:
        """Whether it receives at any."""
        for number in range(self.handle_count):
            if self.handles[number].kind == Kind.PORT:
                return True
        return False

    # ---- what it has ----

    def list_all(self) -> None:
        """Its threads and handles, as they are now. Raises Immovable."""
        self.list_threads()
        self.list_handles()

    def list_threads(self) -> None:
        """All of them, stopped or not."""
        self.close_threads()
        serial: u64 = 0
        while True:
            try:
                thread = self.process.next_thread(serial + 1)
            except BadArgument:
                return
            if self.thread_count == MOST_THREADS:
                thread.close()
                raise Immovable(f"it has more than {MOST_THREADS} threads")
            info = Info()
            read_info(thread.handle, info)
            serial = info.words[0]
            captured = self.threads[self.thread_count]
            captured.serial, captured.priority = serial, info.words[2]
            self.thread_handles[self.thread_count] = thread
            self.thread_count += 1

    def list_handles(self) -> None:
        """All of them, from the lowest place to the highest."""
        self.handle_count = 0
        found: Array[HandleInfo, 8] = Array()
        first: u64 = 0
        while True:
            count, first = self.process.list_handles(first, found[:])
            for number in range(count):
                if self.handle_count == MOST_LINKS:
                    raise Immovable(f"it has more than {MOST_LINKS} handles")
                self.check(found[number])
                self.handles[self.handle_count] = found[number]
                self.handle_count += 1
            if first == 0:
                return

    def check(self, handle: HandleInfo) -> None:
        """Raises Immovable: that handle cannot go to another node."""
        match handle.kind:
            case Kind.GATE:
                if handle.rights & Right.DUPLICATE == 0 or handle.rights & Right.MOVE == 0:
                    raise Immovable("it holds a gate that may not be moved or duplicated")
            case Kind.PROCESS:
                if handle.badge != self.serial:
                    raise Immovable("it holds the handle of another process")
            case Kind.THREAD:
                self.thread_of(handle.badge)
            case Kind.MEMORY:
                raise Immovable("it holds a memory object")
            case Kind.INTERRUPT | Kind.MACHINE:
                raise Immovable("it holds a device")

    def thread_of(self, serial: u64) -> u64:
        """Which of its threads that is. Raises Immovable."""
        for number in range(self.thread_count):
            if self.threads[number].serial == serial:
                return number
        raise Immovable("it holds a thread of another process, or one that has ended")

    def set_of(self, serial: u64) -> u64:
        """The handle of its set with that serial number; NO_HANDLE if it has none."""
        for number in range(self.handle_count):
            if self.handles[number].kind == Kind.SET and self.handles[number].badge == serial:
                return self.handles[number].handle
        return NO_HANDLE

    # ---- stopping it ----

    def stop(self) -> None:
        """No thread runs any more, and none waits for a page. Raises Immovable."""
        self.list_threads()
        for number in range(self.thread_count):
            self.stop_thread(self.thread_handles[number], self.threads[number])
        for number in range(self.thread_count):
            self.settle(self.thread_handles[number], self.threads[number])

    def stop_thread(self, thread: Thread, captured: CapturedThread) -> None:
        """With what is left of its time-out, which the kernel forgets when a thread is stopped."""
        thread.read_registers(captured.registers)
        deadline = captured.registers.deadline
        was_sleeping = captured.registers.state == ThreadState.SLEEPING
        thread.stop()
        thread.read_registers(captured.registers)
        left = deadline - min(deadline, clock())
        captured.timeout = NO_TIMEOUT if deadline == 0 else left
        if was_sleeping and deadline != 0 and captured.registers.x[A7] == Call.SLEEP:
            captured.registers.x[A0] = left

    def settle(self, thread: Thread, captured: CapturedThread) -> None:
        """Wait until its pager has helped it; note the call that it waits in. Raises Immovable."""
        left: u64 = PATIENCE
        slept = captured.registers.x[A0]
        thread.read_registers(captured.registers)
        while captured.registers.state == ThreadState.FAULTED + STOPPED and left > 0:
            sleep(SHORT)
            left -= 1
            thread.read_registers(captured.registers)
        if captured.registers.state == ThreadState.FAULTED + STOPPED:
            raise Immovable("one of its threads waits for a page that does not come")
        if captured.registers.x[A7] == Call.SLEEP:
            captured.registers.x[A0] = slept
        captured.is_calling = u64(captured.registers.state == ThreadState.REPLY + STOPPED)
        captured.transfer = captured.registers.x[A5]

    def resume(self) -> None:
        """All go on where they were."""
        for number in range(self.thread_count):
            self.thread_handles[number].resume()

    # ---- its start page ----

    def start_pages(self) -> u64:
        """How many pages its start page has."""
        byte: Array[u64, 1] = Array()
        for number in range(u64(START_PAGES)):
            try:
                self.process.read(ARGUMENTS + number * PAGE_SIZE, view(address_of(byte), 8))
            except KernelError:
                return number
        return START_PAGES
