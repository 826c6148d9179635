"""The machine's hot path: counting instructions at each block, and the entry of exceptions as the hardware does it.

Guest Python that runs on the host: compiled by our own compiler, or interpreted by CPython from this same source. It
talks to Unicorn by the addresses of its C functions, and keeps everything in one block of 64-bit slots, whose address
Unicorn hands to each hook. Arithmetic wraps, so nothing in here can fail. Source of the rules: RISC-V Privileged
Architecture 20211203.
"""

from atoll.abi.raw import call_address, store64
from atoll.abi.types import export, u64, wrapping_add, wrapping_mul, wrapping_shl, wrapping_sub
from atoll.machine import slots
from atoll.machine.code_pages import note_block
from atoll.machine.slots import current_space, get, half_at, put, register, save, set_register

STOP_NONE = 0
STOP_LIMIT = 1
STOP_FIRMWARE = 2
STOP_STUCK = 3

# ---- causes, bits of mstatus ----
FETCH_ACCESS = 1
ILLEGAL = 2
BREAKPOINT = 3
LOAD_ACCESS = 5
STORE_ACCESS = 7
ECALL = 8
ECALL_SUPERVISOR = 9
FETCH_FAULTS: u64 = 1 << 1 | 1 << 12  # bit sets of causes: access and page faults
LOAD_FAULTS: u64 = 1 << 4 | 1 << 5 | 1 << 13  # misaligned ones too; the same of a store is two more
SIE = 1 << 1
MIE = 1 << 3
SPIE = 1 << 5
MPIE = 1 << 7
SPP = 1 << 8
MPP = 3 << 11

TIME_ENABLED = 2  # bit of mcounteren and scounteren
TIME_CSR = 0xC01
OPCODE_SYSTEM = 0x73
OPCODE_ATOMIC = 0x2F
ATOMIC_LOAD_RESERVED = 2


@export("on_block")
def on_block(engine: u64, address: u64, size: u64, state: u64) -> u64:
    """A block is about to run: count it, unless the time is up; as that is looked at first, nothing is ever undone."""
    now = get(state, slots.CYCLES)
    if now >= get(state, slots.LIMIT):
        return stop_before_block(engine, state)
    count = (size & 0xFFFF_FFFF) >> 2
    put(state, slots.BLOCK, address)
    put(state, slots.BLOCK_COUNT, count)
    put(state, slots.CYCLES, wrapping_add(now, count))
    return 0


@export("on_compressed_block")
def on_compressed_block(engine: u64, address: u64, size: u64, state: u64) -> u64:
    """The same on a CPU with instructions of two bytes, where a block's size does not tell its instructions."""
    now = get(state, slots.CYCLES)
    if now >= get(state, slots.LIMIT):
        return stop_before_block(engine, state)
    save(engine, state)
    count = count_compressed(state, address, size & 0xFFFF_FFFF)
    put(state, slots.BLOCK, address)
    put(state, slots.BLOCK_COUNT, count)
    put(state, slots.CYCLES, wrapping_add(now, count))
    return 0


def stop_before_block(engine: u64, state: u64) -> u64:
    """The time is up."""
    put(state, slots.BLOCK_COUNT, 0)
    return stop(engine, state, STOP_LIMIT)


@export("on_interrupt")
def on_interrupt(engine: u64, cause: u64, state: u64) -> u64:
    """Unicorn reports an exception, with pc already moved on by four."""
    save(engine, state)
    return exception(engine, cause & 0xFFFF_FFFF, wrapping_sub(register(state, slots.PC), 4), state)


@export("on_invalid")
def on_invalid(engine: u64, state: u64) -> u64:
    """`ebreak`, which Unicorn reports apart, with pc at the instruction; 1 says that it was dealt with."""
    save(engine, state)
    exception(engine, BREAKPOINT, register(state, slots.PC), state)
    return 1


@export("on_translation")
def on_translation(engine: u64, block: u64, previous: u64, state: u64) -> u64:
    """Unicorn has translated a block: its pages hold code from now on."""
    save(engine, state)
    note_block(engine, state, current_space(state), block)
    return 0


@export("on_code_range")
def on_code_range(engine: u64, state: u64) -> u64:
    """The hook over code, which is only there to be there: slots.RAM is never missing."""
    return 0


@export("enter_exception")
def enter_exception(engine: u64, cause: u64, state: u64) -> u64:
    """An exception that the host found, at the present pc."""
    save(engine, state)
    return exception(engine, cause, register(state, slots.PC), state)


def exception(engine: u64, cause: u64, pc: u64, state: u64) -> u64:
    """To the host's firmware, to the emulated `rdtime`, or to the guest's handler."""
    take_back_unrun(state, cause, pc)
    privilege = register(state, slots.PRIVILEGE)
    value: u64 = 0
    if cause == ECALL:
        cause = wrapping_add(ECALL, privilege)
        if cause == ECALL_SUPERVISOR and get(state, slots.HOST_FIRMWARE) != 0:
            return stop(engine, state, STOP_FIRMWARE)
    elif cause == ILLEGAL:
        value = fetch(state, pc)
        if reads_time(state, privilege, value):
            return answer_time(engine, state, (value >> 7) & 31)
    elif cause != BREAKPOINT:
        value = register(state, slots.FAULT_ADDRESS)
        cause = of_atomic(state, cause, pc)
    handler = trap(state, privilege, cause, pc, value)
    call_address(get(state, slots.CONTEXT_RESTORE), engine, get(state, slots.CONTEXT), 0)
    if handler == pc and register(state, slots.PRIVILEGE) == privilege:
        return leave_if_stuck(engine, state, privilege, pc)
    return leave_at_limit(engine, state)


def trap(state: u64, privilege: u64, cause: u64, pc: u64, value: u64) -> u64:
    """Enter the handler: in S mode if the exception is delegated there, else in M mode. Answers its address."""
    put(state, slots.EXCEPTIONS, wrapping_add(get(state, slots.EXCEPTIONS), 1))
    status = register(state, slots.MSTATUS)
    if privilege <= slots.SUPERVISOR and (register(state, slots.MEDELEG) >> cause) & 1 != 0:
        status = moved(moved(status, SIE, SPIE), 0, SPP)
        if privilege == slots.SUPERVISOR:
            status = status | SPP
        set_register(state, slots.SEPC, pc)
        set_register(state, slots.SCAUSE, cause)
        set_register(state, slots.STVAL, value)
        set_register(state, slots.PRIVILEGE, slots.SUPERVISOR)
        handler = register(state, slots.STVEC)
    else:
        status = moved(moved(status, MIE, MPIE), 0, MPP) | wrapping_shl(privilege, 11)
        set_register(state, slots.MEPC, pc)
        set_register(state, slots.MCAUSE, cause)
        set_register(state, slots.MTVAL, value)
        set_register(state, slots.PRIVILEGE, slots.MACHINE)
        handler = register(state, slots.MTVEC)
    handler = handler & 0xFFFF_FFFF_FFFF_FFFC  # exceptions go to the base, vectored or not
    set_register(state, slots.MSTATUS, status)
    set_register(state, slots.PC, handler)
    return handler


def moved(status: u64, enable: u64, saved: u64) -> u64:
    """The interrupt enable bit goes to its saved place (0 there if `enable` is 0), and is cleared."""
    before = status & enable
    status = (status | saved | enable) ^ (saved | enable)
    if before != 0:
        status = status | saved
    return status


def stop(engine: u64, state: u64, reason: u64) -> u64:
    """End the run, and say why."""
    put(state, slots.STOP, reason)
    call_address(get(state, slots.EMU_STOP), engine, 0, 0)
    return 0


def leave_if_stuck(engine: u64, state: u64, privilege: u64, pc: u64) -> u64:
    """A handler that faults at once does so for ever, unless there is a guest in M mode that could interrupt it."""
    if privilege != slots.MACHINE and get(state, slots.HOST_FIRMWARE) == 0:
        return leave_at_limit(engine, state)
    put(state, slots.FAULT, pc)
    return stop(engine, state, STOP_STUCK)


def leave_at_limit(engine: u64, state: u64) -> u64:
    """A handler that faults on its first fetch never enters a block, so time has to be looked at here too."""
    if get(state, slots.CYCLES) >= get(state, slots.LIMIT):
        stop(engine, state, STOP_LIMIT)
    return 0


def take_back_unrun(state: u64, cause: u64, pc: u64) -> None:
    """A block was counted whole at its entry: keep what ran, with the one that trapped. A failed fetch counts one."""
    ran: u64 = u64(1)
    begin = get(state, slots.BLOCK)
    if (FETCH_FAULTS >> cause) & 1 != 0:
        put(state, slots.BLOCK_COUNT, 0)
    elif get(state, slots.COMPRESSED) != 0:
        ran = wrapping_add(count_compressed(state, begin, wrapping_sub(pc, begin)), 1)
    else:
        ran = wrapping_add(wrapping_sub(pc, begin) >> 2, 1)
    put(state, slots.CYCLES, wrapping_add(wrapping_sub(get(state, slots.CYCLES), get(state, slots.BLOCK_COUNT)), ran))
    put(state, slots.BLOCK_COUNT, ran)


def of_atomic(state: u64, cause: u64, pc: u64) -> u64:
    """Read-modify-write instructions fault as stores, but Unicorn performs them as a load first."""
    if (LOAD_FAULTS >> cause) & 1 != 0:
        instruction = fetch(state, pc)
        if instruction & 0x7F == OPCODE_ATOMIC and instruction >> 27 != ATOMIC_LOAD_RESERVED:
            return wrapping_add(cause, 2)
    return cause


def reads_time(state: u64, privilege: u64, instruction: u64) -> bool:
    """Whether it is a CSR instruction that only reads `time`, at a level that may."""
    if instruction & 0x7F != OPCODE_SYSTEM or instruction >> 20 != TIME_CSR:
        return False
    if (instruction >> 12) & 2 == 0 or (instruction >> 15) & 31 != 0:
        return False
    if privilege == slots.MACHINE:
        return True
    if register(state, slots.MCOUNTEREN) & TIME_ENABLED == 0:
        return False
    return privilege == slots.SUPERVISOR or register(state, slots.SCOUNTEREN) & TIME_ENABLED != 0


def answer_time(engine: u64, state: u64, target: u64) -> u64:
    """The time base goes to an integer register, and the CPU goes on behind the instruction, as pc already does."""
    if target != 0:
        store64(wrapping_add(get(state, slots.X0), wrapping_shl(target, 3)), time_base(state))
        call_address(get(state, slots.CONTEXT_RESTORE), engine, get(state, slots.CONTEXT), 0)
    return leave_at_limit(engine, state)


@export("time_base")
def time_base(state: u64) -> u64:
    """The time base now; in two steps, since clock periods times its rate would pass 64 bits after half an hour."""
    now = get(state, slots.CYCLES)
    clock = get(state, slots.CLOCK_HZ)
    base = get(state, slots.TIMEBASE_HZ)
    if clock == 0:
        return 0
    whole = wrapping_mul(now // clock, base)
    part = wrapping_mul(now % clock, base) // clock
    return wrapping_add(wrapping_add(whole, part), get(state, slots.TIME_OFFSET))


def fetch(state: u64, pc: u64) -> u64:
    """The instruction at pc, 0 if it cannot be read."""
    satp = current_space(state)
    low = half_at(state, satp, pc)
    if low & 3 != 3:
        return low
    return low | wrapping_shl(half_at(state, satp, wrapping_add(pc, 2)), 16)


def count_compressed(state: u64, address: u64, size: u64) -> u64:
    """Instructions in a stretch of code that may hold some of two bytes: the lowest two bits of each tell."""
    satp = current_space(state)
    count: u64 = 0
    done: u64 = 0
    while done < size:
        if half_at(state, satp, wrapping_add(address, done)) & 3 == 3:
            done = wrapping_add(done, 4)
        else:
            done = wrapping_add(done, 2)
        count = wrapping_add(count, 1)
    return count
