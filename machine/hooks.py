"""The machine's hot path: counting instructions at each block, and the entry of exceptions as the hardware does it.

Guest Python that runs on the host: compiled by our own compiler, or interpreted by CPython from this same source. It
talks to Unicorn by the addresses of its C functions, and keeps everything in one block of 64-bit slots, whose address
Unicorn hands to each hook. Arithmetic wraps, so nothing in here can fail. Source of the rules: RISC-V Privileged
Architecture 20211203.
"""

from atoll.abi.raw import call_address, load16, load64, store64
from atoll.abi.types import export, u64, wrapping_add, wrapping_mul, wrapping_shl, wrapping_sub

# ---- the state block: byte offsets of its slots ----
# What the run so far came to
CYCLES = 0  # virtual time in clock periods: instructions begun, and idle periods jumped over
BLOCK = 8  # where the block that was entered last begins
BLOCK_COUNT = 16  # how many instructions of it were counted at its entry
EXCEPTIONS = 24  # traps entered here
STOP = 32  # why the run ended: one of STOP_
FAULT = 40  # the address where a stuck CPU faults
# What the host sets before a run
LIMIT = 48  # no block begins at or after this time
HOST_FIRMWARE = 56  # 1: an ecall from S mode is for the host
COMPRESSED = 64  # 1: instructions of two bytes exist
CLOCK_HZ = 72
TIMEBASE_HZ = 80
TIME_OFFSET = 88  # added to the time base, modulo two to the 64: a guest can set `mtime`
RAM_HOST = 96  # where RAM lies in this process
RAM_SIZE = 104
# Unicorn's functions
EMU_STOP = 112
CONTEXT_SAVE = 120
CONTEXT_RESTORE = 128
# Unicorn's copy of the CPU (`uc_context`), and where each register lies in it, as addresses
CONTEXT = 136
X0 = 144
PC = 152
PRIVILEGE = 160
FAULT_ADDRESS = 168
SATP = 176
MSTATUS = 184
MEDELEG = 192
MCOUNTEREN = 200
SCOUNTEREN = 208
MTVEC = 216
MEPC = 224
MCAUSE = 232
MTVAL = 240
STVEC = 248
SEPC = 256
SCAUSE = 264
STVAL = 272
SIZE = 280

STOP_NONE = 0
STOP_LIMIT = 1
STOP_FIRMWARE = 2
STOP_STUCK = 3

# ---- privilege levels, causes, bits of mstatus ----
USER = 0
SUPERVISOR = 1
MACHINE = 3
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

RAM = 0x8000_0000
PAGE_NUMBER = 0xFFF_FFFF_FFFF  # the 44 bits of a physical page number
TIME_ENABLED = 2  # bit of mcounteren and scounteren
TIME_CSR = 0xC01
OPCODE_SYSTEM = 0x73
OPCODE_ATOMIC = 0x2F
ATOMIC_LOAD_RESERVED = 2


@export("on_block")
def on_block(engine: u64, address: u64, size: u64, state: u64) -> u64:
    """A block is about to run: count it, unless the time is up; as that is looked at first, nothing is ever undone."""
    now = get(state, CYCLES)
    if now >= get(state, LIMIT):
        return stop_before_block(engine, state)
    count = (size & 0xFFFF_FFFF) >> 2
    put(state, BLOCK, address)
    put(state, BLOCK_COUNT, count)
    put(state, CYCLES, wrapping_add(now, count))
    return 0


@export("on_compressed_block")
def on_compressed_block(engine: u64, address: u64, size: u64, state: u64) -> u64:
    """The same on a CPU with instructions of two bytes, where a block's size does not tell its instructions."""
    now = get(state, CYCLES)
    if now >= get(state, LIMIT):
        return stop_before_block(engine, state)
    save(engine, state)
    count = count_compressed(state, address, size & 0xFFFF_FFFF)
    put(state, BLOCK, address)
    put(state, BLOCK_COUNT, count)
    put(state, CYCLES, wrapping_add(now, count))
    return 0


def stop_before_block(engine: u64, state: u64) -> u64:
    """The time is up."""
    put(state, BLOCK_COUNT, 0)
    return stop(engine, state, STOP_LIMIT)


@export("on_interrupt")
def on_interrupt(engine: u64, cause: u64, state: u64) -> u64:
    """Unicorn reports an exception, with pc already moved on by four."""
    save(engine, state)
    return exception(engine, cause & 0xFFFF_FFFF, wrapping_sub(register(state, PC), 4), state)


@export("on_invalid")
def on_invalid(engine: u64, state: u64) -> u64:
    """`ebreak`, which Unicorn reports apart, with pc at the instruction; 1 says that it was dealt with."""
    save(engine, state)
    exception(engine, BREAKPOINT, register(state, PC), state)
    return 1


@export("enter_exception")
def enter_exception(engine: u64, cause: u64, state: u64) -> u64:
    """An exception that the host found, at the present pc."""
    save(engine, state)
    return exception(engine, cause, register(state, PC), state)


def exception(engine: u64, cause: u64, pc: u64, state: u64) -> u64:
    """To the host's firmware, to the emulated `rdtime`, or to the guest's handler."""
    take_back_unrun(state, cause, pc)
    privilege = register(state, PRIVILEGE)
    value: u64 = 0
    if cause == ECALL:
        cause = wrapping_add(ECALL, privilege)
        if cause == ECALL_SUPERVISOR and get(state, HOST_FIRMWARE) != 0:
            return stop(engine, state, STOP_FIRMWARE)
    elif cause == ILLEGAL:
        value = fetch(state, privilege, pc)
        if reads_time(state, privilege, value):
            return answer_time(engine, state, (value >> 7) & 31)
    elif cause != BREAKPOINT:
        value = register(state, FAULT_ADDRESS)
        cause = of_atomic(state, privilege, cause, pc)
    handler = trap(state, privilege, cause, pc, value)
    call_address(get(state, CONTEXT_RESTORE), engine, get(state, CONTEXT), 0)
    if handler == pc and register(state, PRIVILEGE) == privilege:
        return leave_if_stuck(engine, state, privilege, pc)
    return leave_at_limit(engine, state)


def trap(state: u64, privilege: u64, cause: u64, pc: u64, value: u64) -> u64:
    """Enter the handler: in S mode if the exception is delegated there, else in M mode. Answers its address."""
    put(state, EXCEPTIONS, wrapping_add(get(state, EXCEPTIONS), 1))
    status = register(state, MSTATUS)
    if privilege <= SUPERVISOR and (register(state, MEDELEG) >> cause) & 1 != 0:
        status = moved(moved(status, SIE, SPIE), 0, SPP)
        if privilege == SUPERVISOR:
            status = status | SPP
        set_register(state, SEPC, pc)
        set_register(state, SCAUSE, cause)
        set_register(state, STVAL, value)
        set_register(state, PRIVILEGE, SUPERVISOR)
        handler = register(state, STVEC)
    else:
        status = moved(moved(status, MIE, MPIE), 0, MPP) | wrapping_shl(privilege, 11)
        set_register(state, MEPC, pc)
        set_register(state, MCAUSE, cause)
        set_register(state, MTVAL, value)
        set_register(state, PRIVILEGE, MACHINE)
        handler = register(state, MTVEC)
    handler = handler & 0xFFFF_FFFF_FFFF_FFFC  # exceptions go to the base, vectored or not
    set_register(state, MSTATUS, status)
    set_register(state, PC, handler)
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
    put(state, STOP, reason)
    call_address(get(state, EMU_STOP), engine, 0, 0)
    return 0


def leave_if_stuck(engine: u64, state: u64, privilege: u64, pc: u64) -> u64:
    """A handler that faults at once does so for ever, unless there is a guest in M mode that could interrupt it."""
    if privilege != MACHINE and get(state, HOST_FIRMWARE) == 0:
        return leave_at_limit(engine, state)
    put(state, FAULT, pc)
    return stop(engine, state, STOP_STUCK)


def leave_at_limit(engine: u64, state: u64) -> u64:
    """A handler that faults on its first fetch never enters a block, so time has to be looked at here too."""
    if get(state, CYCLES) >= get(state, LIMIT):
        stop(engine, state, STOP_LIMIT)
    return 0


def take_back_unrun(state: u64, cause: u64, pc: u64) -> None:
    """A block was counted whole at its entry: keep what ran, with the one that trapped. A failed fetch counts one."""
    ran: u64 = u64(1)
    if (FETCH_FAULTS >> cause) & 1 != 0:
        put(state, BLOCK_COUNT, 0)
    elif get(state, COMPRESSED) != 0:
        ran = wrapping_add(count_compressed(state, get(state, BLOCK), wrapping_sub(pc, get(state, BLOCK))), 1)
    else:
        ran = wrapping_add(wrapping_sub(pc, get(state, BLOCK)) >> 2, 1)
    put(state, CYCLES, wrapping_add(wrapping_sub(get(state, CYCLES), get(state, BLOCK_COUNT)), ran))
    put(state, BLOCK_COUNT, ran)


def of_atomic(state: u64, privilege: u64, cause: u64, pc: u64) -> u64:
    """Read-modify-write instructions fault as stores, but Unicorn performs them as a load first."""
    if (LOAD_FAULTS >> cause) & 1 != 0:
        instruction = fetch(state, privilege, pc)
        if instruction & 0x7F == OPCODE_ATOMIC and instruction >> 27 != ATOMIC_LOAD_RESERVED:
            return wrapping_add(cause, 2)
    return cause


def reads_time(state: u64, privilege: u64, instruction: u64) -> bool:
    """Whether it is a CSR instruction that only reads `time`, at a level that may."""
    if instruction & 0x7F != OPCODE_SYSTEM or instruction >> 20 != TIME_CSR:
        return False
    if (instruction >> 12) & 2 == 0 or (instruction >> 15) & 31 != 0:
        return False
    if privilege == MACHINE:
        return True
    if register(state, MCOUNTEREN) & TIME_ENABLED == 0:
        return False
    return privilege == SUPERVISOR or register(state, SCOUNTEREN) & TIME_ENABLED != 0


def answer_time(engine: u64, state: u64, target: u64) -> u64:
    """The time base goes to an integer register, and the CPU goes on behind the instruction, as pc already does."""
    if target != 0:
        store64(wrapping_add(get(state, X0), wrapping_shl(target, 3)), time_base(state))
        call_address(get(state, CONTEXT_RESTORE), engine, get(state, CONTEXT), 0)
    return leave_at_limit(engine, state)


@export("time_base")
def time_base(state: u64) -> u64:
    """The time base now; in two steps, since clock periods times its rate would pass 64 bits after half an hour."""
    now = get(state, CYCLES)
    clock = get(state, CLOCK_HZ)
    base = get(state, TIMEBASE_HZ)
    if clock == 0:
        return 0
    whole = wrapping_mul(now // clock, base)
    part = wrapping_mul(now % clock, base) // clock
    return wrapping_add(wrapping_add(whole, part), get(state, TIME_OFFSET))


def fetch(state: u64, privilege: u64, pc: u64) -> u64:
    """The instruction at pc, 0 if it cannot be read."""
    satp: u64 = 0
    if privilege != MACHINE:
        satp = register(state, SATP)
    low = half_at(state, satp, pc)
    if low & 3 != 3:
        return low
    return low | wrapping_shl(half_at(state, satp, wrapping_add(pc, 2)), 16)


def count_compressed(state: u64, address: u64, size: u64) -> u64:
    """Instructions in a stretch of code that may hold some of two bytes: the lowest two bits of each tell."""
    satp: u64 = 0
    if register(state, PRIVILEGE) != MACHINE:
        satp = register(state, SATP)
    count: u64 = 0
    done: u64 = 0
    while done < size:
        if half_at(state, satp, wrapping_add(address, done)) & 3 == 3:
            done = wrapping_add(done, 4)
        else:
            done = wrapping_add(done, 2)
        count = wrapping_add(count, 1)
    return count


def half_at(state: u64, satp: u64, virtual: u64) -> u64:
    """Two bytes of code, 0 where there is no RAM."""
    place = translate(state, satp, virtual)
    if place == 0:
        return 0
    return u64(load16(place))


def translate(state: u64, satp: u64, virtual: u64) -> u64:
    """The place in this process of what a virtual address names, 0 if nothing: Sv39, Sv48 and Sv57."""
    mode = satp >> 60
    if mode == 0:
        return place_of(state, virtual)
    level = wrapping_sub(mode, 5)
    table = wrapping_shl(satp & PAGE_NUMBER, 12)
    while level > 0:
        level = wrapping_sub(level, 1)
        shift = wrapping_add(12, wrapping_mul(level, 9))
        entry_at = place_of(state, wrapping_add(table, wrapping_shl((virtual >> shift) & 511, 3)))
        if entry_at == 0:
            return 0
        entry = load64(entry_at)
        if entry & 1 == 0:
            return 0
        table = wrapping_shl((entry >> 10) & PAGE_NUMBER, 12)
        if entry & 14 != 0:
            one: u64 = u64(1)
            return place_of(state, wrapping_add(table, virtual & wrapping_sub(wrapping_shl(one, shift), 1)))
    return 0


def place_of(state: u64, physical: u64) -> u64:
    """The place in this process of a byte of RAM, 0 for any other address."""
    offset = wrapping_sub(physical, RAM)
    if offset >= get(state, RAM_SIZE):
        return 0
    return wrapping_add(get(state, RAM_HOST), offset)


def save(engine: u64, state: u64) -> None:
    """Have Unicorn copy the CPU's registers to where they can be read and changed."""
    call_address(get(state, CONTEXT_SAVE), engine, get(state, CONTEXT), 0)


def register(state: u64, slot: u64) -> u64:
    """A register of the copy."""
    return load64(get(state, slot))


def set_register(state: u64, slot: u64, value: u64) -> None:
    """Change a register of the copy."""
    store64(get(state, slot), value)


def get(state: u64, slot: u64) -> u64:
    """A slot of the state block."""
    return load64(wrapping_add(state, slot))


def put(state: u64, slot: u64, value: u64) -> None:
    """Set a slot of the state block."""
    store64(wrapping_add(state, slot), value)
