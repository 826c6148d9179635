"""Sv39: address spaces as trees of page tables, three levels of 512 entries of 8 bytes.

Every address space holds the kernel, out of the program's reach: its image where it was loaded (code not writable,
data not executable), and all memory behind it in the direct map. Source: The RISC-V Instruction Set Manual, volume
II, "Sv39".
"""

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.board import KERNEL as KERNEL_IMAGE
from atoll.abi.objects import Right
from atoll.abi.raw import load64, store64
from atoll.abi.riscv import CSR, csr_write, sfence_vma, sfence_vma_address
from atoll.abi.types import u64
from atoll.kernel import layout, memory, slabs
from atoll.kernel.board import board
from atoll.kernel.objects import Process
from atoll.userland.runtime.memory import memcpy
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
NOT_TOUCHED = 0xFFFF_FFFF_FFFF_FFFF ^ TOUCHED
KERNEL = GLOBAL | TOUCHED

USER_ROOT_SIZE = (USER_END >> 30) * ENTRY_SIZE  # bytes of the root that lead to the program; all else is the kernel's

kernel_root: u64 = 0  # physical address of the table with nothing but the kernel


def start() -> None:
    """Build the kernel's table and turn translation on."""
    global kernel_root
    kernel_root = memory.take_page()
    map_image(kernel_root)
    map_direct(kernel_root, layout.kernel_end(), board.ram_end)
    map_direct(kernel_root, 0, board.ram)  # where the devices are
    use_space(kernel_satp())
    memory.use_direct_map()


def map_image(root: u64) -> None:
    """The kernel's sections and stacks where they are, each with no more rights than it needs."""
    map_same(root, KERNEL_IMAGE, layout.constants_start(), READ | EXECUTE)
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


def map_range(root: u64, virtual: u64, physical: u64, size: u64, flags: u64) -> None:
    """Map with the largest pages that fit."""
    done: u64 = 0
    while done < size:
        level = largest_level(virtual + done, physical + done, size - done)
        place = make_place(root, virtual + done, level, None)
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


def make_place(root: u64, virtual: u64, level: u64, process: Process | None) -> u64:
    """Where the kernel can access the entry of that level for an address; tables that lead there are made, and charged
    to the process, unless they are the kernel's own.
    """
    table = root
    above: u64 = ROOT_LEVEL
    while above > level:
        place = place_in(table, virtual, above)
        if load64(place) & VALID == 0:
            made = slabs.charged_page(process) if process is not None else memory.take_page()
            store64(place, entry(made, 0))
        assert load64(place) & LEAF == 0  # nothing is mapped twice
        table = target(load64(place))
        above -= 1
    return place_in(table, virtual, level)


def place_in(table: u64, virtual: u64, level: u64) -> u64:
    """Where the kernel can access the entry for an address in one table."""
    index = (virtual >> (PAGE_BITS + INDEX_BITS * level)) % ENTRIES
    return memory.reach(table) + index * ENTRY_SIZE


# ---- a process's part of an address space ----


def kernel_satp() -> u64:
    """The address space with nothing but the kernel."""
    return satp_of(kernel_root)


def satp_of(root: u64) -> u64:
    """What the CPU's register has for the address space with that table."""
    return SV39 | (root >> PAGE_BITS)


def use_space(satp: u64) -> None:
    """The CPU takes that address space. (All have the number 0, so what it knows of another one is not to be kept.)"""
    csr_write(CSR.SATP, satp)
    sfence_vma()


def start_space(root: u64) -> None:
    """Put the kernel into a new address space."""
    memcpy(memory.reach(root) + USER_ROOT_SIZE, memory.reach(kernel_root) + USER_ROOT_SIZE, PAGE_SIZE - USER_ROOT_SIZE)


def clear_pages(root: u64, virtual: u64, pages: u64) -> None:
    """Unmap pages."""
    for address in range(virtual, virtual + pages * PAGE_SIZE, PAGE_SIZE):
        place = find_place(root, address)
        if place != 0 and load64(place) != 0:
            store64(place, 0)
            sfence_vma_address(address)


def flags_of(rights: u64) -> u64:
    """A process's rights to a page as an entry has them."""
    flags: u64 = VALID | USER | READ
    if rights & Right.WRITE != 0:
        flags = flags | WRITE
    if rights & Right.EXECUTE != 0:
        flags = flags | EXECUTE
    return flags


def free_tables(table: u64, level: u64, most: u64, process: Process) -> u64:
    """Give back at most so many of a process's tables below one of that level; how many more could have been."""
    left = most
    start = memory.reach(table)
    for place in range(start, start + u64(USER_ROOT_SIZE if level == ROOT_LEVEL else PAGE_SIZE), ENTRY_SIZE):
        if load64(place) & VALID != 0:
            below = target(load64(place))
            if level > 1:
                left = free_tables(below, level - 1, left, process)
            if left == 0:
                return 0
            slabs.refund_page(process, below)
            store64(place, 0)
            left -= 1
    return left
