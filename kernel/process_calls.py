"""Calls about processes and threads, and the devices that root gives away."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import CALL_SIZE, MAX_DEBUG_WRITE, NO_TIMEOUT, PRIORITIES, Death, Status
from atoll.abi.objects import GENERATION_BITS, NO_HANDLE, Kind, Registers, Right, ThreadState
from atoll.abi.raw import address_of, at, size_of
from atoll.abi.riscv import CSR, csr_read
from atoll.abi.types import Array, u8, u64
from atoll.kernel import (
    console,
    devices,
    handles,
    memories,
    paging,
    processes,
    reaper,
    scheduler,
    slabs,
    threads,
    timer,
    user_memory,
)
from atoll.kernel.board import board
from atoll.kernel.objects import Gate, Process, Thread
from atoll.kernel.refusal import Refused
from atoll.kernel.waiting import answer, finish

# ---- processes ----


def create_process(user: Thread) -> Thread:
    """PROCESS_CREATE: an empty address space with a quota, an empty table of handles, a pager and an heir."""
    pager = optional_gate(user.process, user.frame.a1)
    heir = optional_gate(user.process, user.frame.a2)
    handles.reserve(user.process)
    if user.frame.a0 > user.process.limit // PAGE_SIZE:
        raise Refused(Status.NO_MEMORY)
    if user.frame.a3 >> GENERATION_BITS != 0:
        raise Refused(Status.BAD_ARGUMENT)
    made = processes.create(user.process, user.frame.a0 * PAGE_SIZE, pager, heir)
    made.generation = user.frame.a3
    return answer(user, handles.add(user.process, Kind.PROCESS, handles.PROCESS_RIGHTS, address_of(made)))


def optional_gate(process: Process, handle: u64) -> Gate | None:
    """The gate of a handle; none for no handle."""
    if handle == NO_HANDLE:
        return None
    return handles.find_gate(process, handle)


def destroy_process(user: Thread) -> Thread:
    """PROCESS_DESTROY: end a process; executed again until all is given back."""
    process = at(Process, handles.find(user.process, user.frame.a0, Kind.PROCESS, Right.MANAGE).object)
    if process.head.dead:
        return finish(user, Status.OK)
    processes.kill(process, user.frame.a1, Death.DESTROYED)
    reaper.work()
    return user


def exit_process(user: Thread) -> Thread:
    """PROCESS_EXIT: end oneself."""
    processes.kill(user.process, user.frame.a0, Death.EXITED)
    return scheduler.choose()


def set_quota(user: Thread) -> Thread:
    """PROCESS_QUOTA: change what a child may use."""
    process = handles.find_process(user.process, user.frame.a0)
    if process.head.owner is not user.process or process is user.process:
        raise Refused(Status.BAD_ARGUMENT)
    if user.frame.a1 > (user.process.limit + process.limit) // PAGE_SIZE:
        raise Refused(Status.NO_MEMORY)
    limit = user.frame.a1 * PAGE_SIZE
    if limit < process.used:
        raise Refused(Status.IN_USE)
    if limit > process.limit:
        slabs.charge(user.process, limit - process.limit)
    else:
        slabs.refund(user.process, process.limit - limit)
    process.limit = limit
    return finish(user, Status.OK)


# ---- threads ----


def create_thread(user: Thread) -> Thread:
    """THREAD_CREATE: a new thread, stopped."""
    process = handles.find_process(user.process, user.frame.a0)
    check_priority(user, user.frame.a4)
    check_pc(user.frame.a1)
    handles.reserve(user.process)
    made = threads.create(process, user.frame.a1, user.frame.a2, user.frame.a4)
    made.frame.a0 = user.frame.a3
    made.frame.a1 = user.frame.a5
    return answer(user, handles.add(user.process, Kind.THREAD, handles.PROCESS_RIGHTS, address_of(made)))


def check_priority(user: Thread, priority: u64) -> None:
    """Nobody gives more than he has."""
    if priority >= PRIORITIES or priority < user.priority:
        raise Refused(Status.BAD_ARGUMENT)


def check_pc(pc: u64) -> None:
    """The kernel itself would trap on its way to an instruction that is not aligned."""
    if pc % CALL_SIZE != 0:
        raise Refused(Status.BAD_ADDRESS)


def resume_thread(user: Thread) -> Thread:
    """THREAD_RESUME: let a thread run."""
    thread = handles.find_thread(user.process, user.frame.a0)
    threads.resume(thread)
    return finish(user, Status.OK)


def stop_thread(user: Thread) -> Thread:
    """THREAD_STOP: let a thread not run, oneself too."""
    thread = handles.find_thread(user.process, user.frame.a0)
    threads.stop(thread)
    return finish(user, Status.OK)


def get_registers(user: Thread) -> Thread:
    """THREAD_GET: read a thread's registers."""
    thread = handles.find_thread(user.process, user.frame.a0)
    registers = Registers()
    threads.read_registers(thread, registers)
    user_memory.copy_record(user.process, user.frame.a1, address_of(registers), size_of(Registers), paging.WRITE)
    return finish(user, Status.OK)


def set_registers(user: Thread) -> Thread:
    """THREAD_SET: set a stopped thread's registers."""
    thread = handles.find_thread(user.process, user.frame.a0)
    if not thread.stopped:
        raise Refused(Status.NOT_STOPPED)
    registers = Registers()
    user_memory.copy_record(user.process, user.frame.a1, address_of(registers), size_of(Registers), paging.READ)
    check_pc(registers.x[0])
    threads.write_registers(thread, registers)
    return finish(user, Status.OK)


def destroy_thread(user: Thread) -> Thread:
    """THREAD_DESTROY: end a thread."""
    thread = handles.find_thread(user.process, user.frame.a0)
    finish(user, Status.OK)
    if thread is user:
        return exit_thread(user)
    threads.destroy(thread)
    return user


def exit_thread(user: Thread) -> Thread:
    """THREAD_EXIT: end oneself, and with the last thread the process."""
    if user.process.thread_count == 1:
        return exit_process(user)
    threads.destroy(user)
    return user


def set_priority(user: Thread) -> Thread:
    """THREAD_PRIORITY: set a thread's priority."""
    thread = handles.find_thread(user.process, user.frame.a0)
    check_priority(user, user.frame.a1)
    thread.priority = user.frame.a1
    scheduler.set_effective(thread, user.frame.a1)
    return finish(user, Status.OK)


def open_thread(user: Thread) -> Thread:
    """THREAD_OPEN: a handle of a process's thread, by serial number."""
    process = handles.find_process(user.process, user.frame.a0)
    thread = threads.find(process, user.frame.a1, user.frame.a2 == 1)
    if thread is None:
        raise Refused(Status.BAD_ARGUMENT)
    return answer(user, handles.add(user.process, Kind.THREAD, handles.PROCESS_RIGHTS, address_of(thread)))


# ---- time ----


def clock(user: Thread) -> Thread:
    """CLOCK: the time."""
    return answer(user, timer.in_nanoseconds(csr_read(CSR.TIME)))


def sleep(user: Thread) -> Thread:
    """SLEEP: wait for some time."""
    user.state = ThreadState.SLEEPING
    if user.frame.a0 != NO_TIMEOUT:
        timer.set_deadline(user, user.frame.a0)
    return scheduler.choose()


def give_way(user: Thread) -> Thread:
    """YIELD: let others of the same priority run first."""
    return scheduler.turn(finish(user, Status.OK))


# ---- devices ----


def debug_write(user: Thread) -> Thread:
    """DEBUG_WRITE: write to the boot console."""
    handles.find(user.process, user.frame.a0, Kind.MACHINE, Right.MANAGE)
    address, size = user.frame.a1, user.frame.a2
    if size > MAX_DEBUG_WRITE:
        raise Refused(Status.TOO_LONG)
    text: Array[u8, MAX_DEBUG_WRITE] = Array()
    user_memory.copy(user.process, address, address_of(text), size, paging.READ)
    console.write_console(text[:size])
    return finish(user, Status.OK)


def device_memory(user: Thread) -> Thread:
    """DEVICE_MEMORY: registers of devices, below the RAM, but for those of the interrupt controller."""
    handles.find(user.process, user.frame.a0, Kind.MACHINE, Right.MANAGE)
    physical, pages = user.frame.a1, user.frame.a2
    if physical % PAGE_SIZE != 0 or physical == 0 or physical >= board.ram or pages == 0:
        raise Refused(Status.BAD_ARGUMENT)
    if pages > (board.ram - physical) // PAGE_SIZE or devices.is_kernels(physical, pages * PAGE_SIZE):
        raise Refused(Status.BAD_ARGUMENT)
    handles.reserve(user.process)
    made = memories.create_device(user.process, physical, pages)
    rights = handles.SHARED | Right.MANAGE | Right.READ | Right.WRITE
    return answer(user, handles.add(user.process, Kind.MEMORY, rights, address_of(made)))


def device_address(user: Thread) -> Thread:
    """DEVICE_ADDRESS: where a device finds a page of memory. Only who can write a device's registers may know."""
    registers = handles.find_memory(user.process, user.frame.a0, Right.WRITE)
    pages = handles.find_memory(user.process, user.frame.a1, Right.WRITE)
    if registers.device == 0 or pages.device != 0:
        raise Refused(Status.WRONG_KIND)
    if user.frame.a2 >= pages.pages:
        raise Refused(Status.BAD_ARGUMENT)
    return answer(user, memories.page_of(pages, user.frame.a2))


def create_interrupt(user: Thread) -> Thread:
    """INTERRUPT_CREATE: the right to an interrupt source that nobody has."""
    handles.find(user.process, user.frame.a0, Kind.MACHINE, Right.MANAGE)
    handles.reserve(user.process)
    made = devices.create(user.process, user.frame.a1)
    return answer(user, handles.add(user.process, Kind.INTERRUPT, handles.PROCESS_RIGHTS, address_of(made)))


def bind_interrupt(user: Thread) -> Thread:
    """INTERRUPT_BIND: let an interrupt notify a port."""
    taken = handles.find_interrupt(user.process, user.frame.a0)
    devices.bind(taken, handles.find_gate(user.process, user.frame.a1), user.frame.a2)
    return finish(user, Status.OK)


def interrupt_done(user: Thread) -> Thread:
    """INTERRUPT_DONE: the driver has served it: it may come again."""
    devices.done(handles.find_interrupt(user.process, user.frame.a0))
    return finish(user, Status.OK)
