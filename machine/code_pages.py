"""Where code is: the pages of RAM from which something was translated. Part of hooks.py, which see.

Stores into a page have to be looked at as long as code of it may be translated, through whatever address they go.
Unicorn does so only where a hook for memory is (`uc_mem_hook_installed` in its cputlb.c); so there are hooks whose
ranges of addresses we move until they cover all these pages, and no more than that is slow.
"""

from atoll.abi.raw import call_address, load8, load16, load64, store8, store64
from atoll.abi.types import u8, u64, wrapping_add, wrapping_shl, wrapping_sub
from atoll.machine import slots
from atoll.machine.slots import get, put, translate

MOST_RANGES = 64
NEAR = 16 << 12  # bytes: between pages of code no farther apart there is more of the same program's code
FLUSH_TRANSLATIONS = 1 << 30 | 11  # for slots.CONTROL: forget what virtual addresses lead to


def note_block(engine: u64, state: u64, satp: u64, block: u64) -> None:
    """A block has been translated (struct uc_tb: its address, instructions, size)."""
    address = load64(block)
    last = wrapping_sub(wrapping_add(address, u64(load16(wrapping_add(block, 10)))), 1)
    is_new = note_code(state, translate(state, satp, address))
    if (address ^ last) >> 12 != 0:
        is_new = note_code(state, translate(state, satp, last)) or is_new
    if is_new:  # then it is to be found out anew which stores need not be looked at
        call_address(get(state, slots.CONTROL), engine, FLUSH_TRANSLATIONS, 0)


def note_code(state: u64, place: u64) -> bool:
    """There is code in the page at that place of this process; whether that is new."""
    if place == 0:
        return False
    page = wrapping_sub(place, get(state, slots.RAM_HOST)) >> 12
    mark = wrapping_add(get(state, slots.CODE_PAGES), page)
    if load8(mark) != 0:
        return False
    store8(mark, u8(1))
    cover(state, wrapping_add(slots.RAM, wrapping_shl(page, 12)))
    return True


def cover(state: u64, first: u64) -> None:
    """Let a range cover that page: the nearest, or one of its own, if none is near and there is one left."""
    last = wrapping_add(first, 4095)
    used = get(state, slots.RANGES_USED)
    nearest: u64 = u64(0)
    distance: u64 = get(state, slots.RAM_SIZE)
    number: u64 = u64(0)
    while number < used:
        place = load64(wrapping_add(get(state, slots.CODE_RANGES), wrapping_shl(number, 3)))
        begin, end = load64(place), load64(wrapping_add(place, 8))
        gap: u64 = u64(0)
        if first > end:
            gap = wrapping_sub(first, end)
        elif last < begin:
            gap = wrapping_sub(begin, last)
        if gap < distance:
            nearest, distance = place, gap
        number = wrapping_add(number, 1)
    if distance > NEAR and used < MOST_RANGES:
        nearest = load64(wrapping_add(get(state, slots.CODE_RANGES), wrapping_shl(used, 3)))
        store64(nearest, first)
        store64(wrapping_add(nearest, 8), last)
        put(state, slots.RANGES_USED, wrapping_add(used, 1))
        return
    if first < load64(nearest):
        store64(nearest, first)
    if last > load64(wrapping_add(nearest, 8)):
        store64(wrapping_add(nearest, 8), last)
