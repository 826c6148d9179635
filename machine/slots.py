"""The hooks' state: one block of 64-bit slots, whose address Unicorn hands to each hook; and what is read through it.

Part of hooks.py, which see.
"""

from atoll.abi.raw import call_address, load16, load64, store64
from atoll.abi.types import u64, wrapping_add, wrapping_mul, wrapping_shl, wrapping_sub

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
# Where code is: pages of RAM from which something was translated (a byte each), and ranges of addresses that hold them
CONTROL = 280  # Unicorn's function
CODE_PAGES = 288
CODE_RANGES = 296  # addresses of the ranges: each its first byte and its last one
RANGES_USED = 304
SIZE = 312

# ---- privilege levels ----
USER = 0
SUPERVISOR = 1
MACHINE = 3

RAM = 0x8000_0000
PAGE_NUMBER = 0xFFF_FFFF_FFFF  # the 44 bits of a physical page number


# ---- slots and registers ----


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


# ---- memory ----


def current_space(state: u64) -> u64:
    """The `satp` by which code is fetched."""
    if register(state, PRIVILEGE) == MACHINE:
        return u64(0)
    return register(state, SATP)


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
