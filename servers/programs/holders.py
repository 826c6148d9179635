"""Who holds a program's Child gates: each gate that is given out has a number of its own in its badge.

So the program manager knows whose last handle has gone, and tells every holder of the end, whoever else waits for it.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import u64
from atoll.servers.programs.interface import Child
from atoll.servers.programs.table import CHILD, HOLDER_SHIFT, MOST_HOLDERS, NOBODY, ROLE_SHIFT, Entry, Holder
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.service import loop

MOST_NUMBERS = (1 << ROLE_SHIFT - HOLDER_SHIFT) - 1


def gate_to(entry: Entry) -> Child:
    """Whoever holds it may wait for the program and end it."""
    return Child(loop.port.mint(new_badge(entry), True).handle)


def new_badge(entry: Entry) -> u64:
    """The badge of another Child gate. (When there are too many holders the last of them share a number.)"""
    entry.is_held = True
    for holder in entry.holders:
        if holder.number == NOBODY:
            holder.number = new_number(entry)
            return entry.badge(CHILD) | holder.number << HOLDER_SHIFT
    return entry.badge(CHILD) | entry.holders[MOST_HOLDERS - 1].number << HOLDER_SHIFT


def new_number(entry: Entry) -> u64:
    """One that nobody has."""
    entry.last_number = entry.last_number % MOST_NUMBERS + 1
    while has(entry, entry.last_number):
        entry.last_number = entry.last_number % MOST_NUMBERS + 1
    return entry.last_number


def has(entry: Entry, number: u64) -> bool:
    """Whether a holder has that number."""
    for holder in entry.holders:
        if holder.number == number:
            return True
    return False


def number_of(badge: u64) -> u64:
    """The holder's number in a badge."""
    return badge >> HOLDER_SHIFT & MOST_NUMBERS


def tell_holder(entry: Entry, badge: u64, gate: Gate, bits: u64) -> None:
    """Notify that gate at the end, instead of the one that this holder named before.

    Who calls is a holder even if we do not know it: a program manager that was started again knows none.
    """
    number = number_of(badge)
    if not has(entry, number):
        number = number_of(new_badge(entry))
    for holder in entry.holders:
        if holder.number == number:
            forget_gate(holder)
            holder.number, holder.told, holder.told_bits = number_of(badge), gate, bits
            return


def remove_holder(entry: Entry, badge: u64) -> None:
    """The last handle with that badge has gone."""
    entry.is_held = False
    for holder in entry.holders:
        if holder.number == number_of(badge):
            forget_gate(holder)
            holder.number = NOBODY
        entry.is_held = entry.is_held or holder.number != NOBODY


def tell_end(entry: Entry) -> None:
    """Notify who asked for it."""
    for holder in entry.holders:
        if holder.told.handle != NO_HANDLE:
            try:
                holder.told.notify(holder.told_bits)
            except KernelError:  # whoever it was is dead
                pass
            forget_gate(holder)


def forget_all(entry: Entry) -> None:
    """Nobody is to be told by us."""
    for holder in entry.holders:
        forget_gate(holder)


def forget_gate(holder: Holder) -> None:
    """Close it, if there is one."""
    if holder.told.handle != NO_HANDLE:
        holder.told.close()
        holder.told.handle = NO_HANDLE
