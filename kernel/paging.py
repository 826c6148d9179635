"""Sv39: address spaces as trees of page tables, three levels of 512 entries of 8 bytes.

Every address space holds the kernel, out of the program's reach: its image where it was loaded (code not writable,
data not executable), and all memory behind it in the direct map.
Source: The RISC-V Instruction Set Manual, volume II (privileged architecture), chapter "Sv39".
"""

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.raw import load64, store64
from atoll.abi.riscv import CSR, csr_write, sfence_vma
from atoll.abi.types import u64
from atoll.kernel import layout, memory
from atoll.kernel.board import board
from atoll.userland.runtime.traceback import own_trace_start

ENTRIES = 512  # in one table
ENTRY_SIZE = 8  # bytes
PAGE_BITS = 12
INDEX_BITS = 9
ROOT_LEVEL = 2  # an entry of a level-2 table spans 1 GiB, of level 1 2 MiB, of level 0 a page
SV39 = 8 << 60  # the mode, in satp

# ---- an entry: flags in the low 10 bits, then the physical page number ----
VALID = 1
READ = 2
WRITE = 4
EXECUTE = 8
USER = 16
GLOBAL = 32
ACCESSED = 64
DIRTY = 128
FLAG_BITS = 10

LEAF = READ | WRITE | EXECUTE  # any of these: a page, and not the next table

# Set from the start: whether the CPU would set them itself or fault is its own choice.
TOUCHED = ACCESSED | DIRTY
KERNEL = GLOBAL | TOUCHED

USER_ROOT_ENTRIES = USER_END >> 30  # root entries that belong to the program; all others are the kernel's

kernel_root: u64 = 0  # physical address of the table with nothing but the kernel


def start() -> None:
    """Build the kernel's table and turn translation on."""
    global kernel_root
    kernel_root = memory.take_page()
    map_image(kernel_root)
    map_direct(kernel_root, layout.kernel_end(), board.ram_end)
    map_device(kernel_root, board.uart)
    map_device(kernel_root, board.test_device)
    use(kernel_root)
    memory.use_direct_map()


def map_image(root: u64) -> None:
    """The kernel's sections and stacks where they are, each with no more rights than it needs."""
    map_same(root, layout.image_start(), layout.constants_start(), READ | EXECUTE)
    map_same(root, layout.constants_start(), layout.data_start(), READ)
    map_same(root, layout.data_start(), own_trace_start(), READ | WRITE)
    map_same(root, own_trace_start(), layout.fault_area(), READ)
    map_same(root, layout.fault_area(), layout.fault_area_end(), READ | WRITE)
    map_same(root, layout.stack_start(), layout.kernel_end(), READ | WRITE)


def map_same(root: u64, start: u64, end: u64, rights: u64) -> None:
    """Whole pages, at the virtual address that is their physical one."""
    map_range(root, start, start, end - start, rights | KERNEL)


def map_direct(root: u64, start: u64, end: u64) -> None:
    """Physical memory in the direct map."""
    map_range(root, layout.DIRECT_MAP + start, start, end - start, READ | WRITE | KERNEL)


def map_device(root: u64, registers: u64) -> None:
    """The page with a device's registers, if the machine has that device."""
    if registers != 0:
        map_direct(root, registers, registers + PAGE_SIZE)


def map_range(root: u64, virtual: u64, physical: u64, size: u64, flags: u64) -> None:
    """Map with the largest pages that fit."""
    done: u64 = 0
    while done < size:
        level = largest_level(virtual + done, physical + done, size - done)
        place = make_place(root, virtual + done, level)
        store64(place, entry(physical + done, flags))
        done += span(level)


def largest_level(virtual: u64, physical: u64, size: u64) -> u64:
    """The highest level whose entry could map the start of this range."""
    level: u64 = ROOT_LEVEL
    while level > 0 and (span(level) > size or (virtual | physical) % span(level) != 0):
        level -= 1
    return level


def span(level: u64) -> u64:
    """Bytes that one entry of that level maps."""
    return u64(PAGE_SIZE) << (INDEX_BITS * level)


def entry(physical: u64, flags: u64) -> u64:
    """An entry that leads to that physical page."""
    return (physical >> PAGE_BITS) << FLAG_BITS | flags | VALID


def target(of_entry: u64) -> u64:
    """The physical address that an entry leads to. (The bits above the page number are zero in all of ours.)"""
    return (of_entry >> FLAG_BITS) << PAGE_BITS


def find_place(root: u64, virtual: u64) -> u64:
    """Where the kernel can access the entry of a page; 0 if there is no table for it."""
    table = root
    level: u64 = ROOT_LEVEL
    while level > 0:
        found = load64(place_in(table, virtual, level))
        if found & VALID == 0:
            return 0
        assert found & LEAF == 0  # only the kernel's part has large pages
        table = target(found)
        level -= 1
    return place_in(table, virtual, 0)


def make_place(root: u64, virtual: u64, level: u64) -> u64:
    """Where the kernel can access the entry of that level for an address; tables that lead there are made."""
    table = root
    above: u64 = ROOT_LEVEL
    while above > level:
        place = place_in(table, virtual, above)
        if load64(place) & VALID == 0:
            store64(place, entry(memory.take_page(), 0))
        assert load64(place) & LEAF == 0  # nothing is mapped twice
        table = target(load64(place))
        above -= 1
    return place_in(table, virtual, level)


def place_in(table: u64, virtual: u64, level: u64) -> u64:
    """Where the kernel can access the entry for an address in one table."""
    index = (virtual >> (PAGE_BITS + INDEX_BITS * level)) % ENTRIES
    return memory.reach(table) + index * ENTRY_SIZE


def use(root: u64) -> None:
    """Switch to another address space."""
    csr_write(CSR.SATP, SV39 | (root >> PAGE_BITS))
    sfence_vma()


# ---- a program's part of an address space ----


def make_space() -> u64:
    """A new address space with the kernel in it and no program; its root table."""
    root = memory.take_page()
    for index in range(USER_ROOT_ENTRIES, ENTRIES):
        store64(memory.reach(root) + index * ENTRY_SIZE, load64(memory.reach(kernel_root) + index * ENTRY_SIZE))
    return root


def user_page(root: u64, virtual: u64) -> u64:
    """The entry of a page of a program; 0 if nothing is mapped there."""
    if virtual >= USER_END:
        return 0
    place = find_place(root, virtual)
    return load64(place) if place != 0 else 0


def add_user_page(root: u64, virtual: u64, rights: u64) -> u64:
    """Map a new page of zeros for a program; its physical address."""
    assert virtual < USER_END and user_page(root, virtual) == 0
    place = make_place(root, virtual, 0)
    page = memory.take_page()
    store64(place, entry(page, rights | USER | TOUCHED))
    return page


def free_space(root: u64) -> None:
    """Return all pages of a program and its tables."""
    free_table(root, ROOT_LEVEL, USER_ROOT_ENTRIES)


def free_table(table: u64, level: u64, entries: u64) -> None:
    """Return a table of that level, with all that its first entries lead to."""
    for index in range(entries):
        found = load64(memory.reach(table) + index * ENTRY_SIZE)
        if found & VALID != 0 and level > 0:
            free_table(target(found), level - 1, ENTRIES)
        elif found & VALID != 0:
            memory.give_page(target(found))
    memory.give_page(table)
