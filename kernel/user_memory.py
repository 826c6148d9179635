"""A process's memory as the kernel sees it: each address is looked up in the page table and reached through the direct
map. Addresses come from programs and can be anything.

A page that is not there is fetched by the process's pager, as if the program had touched it: the call is then begun
again.
"""

from atoll.abi import causes
from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.calls import IN_CALL, Status
from atoll.abi.raw import load64, store64
from atoll.abi.types import u64, wrapping_add
from atoll.kernel import paging
from atoll.kernel.layout import DIRECT_MAP
from atoll.kernel.objects import Process
from atoll.kernel.refusal import PageMissing, Refused
from atoll.userland.runtime.memory import memcpy

# ---- how a copy ended ----
COPIED = 0
SOURCE_MISSING = 1
TARGET_MISSING = 2


def reach(process: Process, address: u64, access: u64) -> u64:
    """Where the kernel can access that byte; 0 if the process itself may not (access: paging.READ, WRITE)."""
    if address >= USER_END:
        return 0
    place = paging.find_place(process.root, address)
    if place == 0:
        return 0
    found = load64(place)
    wanted = paging.VALID | paging.USER | access
    if found & wanted != wanted:
        return 0
    used = found | paging.ACCESSED | (u64(paging.DIRTY) if access & paging.WRITE != 0 else 0)
    if used != found:
        store64(place, used)
    return wrapping_add(DIRECT_MAP, paging.target(found) + address % PAGE_SIZE)


def check_range(address: u64, size: u64) -> None:
    """Refuse what is beyond all that a process can have."""
    if address > USER_END or size > USER_END - address:
        raise Refused(Status.BAD_ADDRESS)


def reach_own(process: Process, address: u64, access: u64) -> u64:
    """Where the kernel can access a byte that the caller named."""
    place = reach(process, address, access)
    if place == 0:
        raise PageMissing(cause_of(access), address)
    return place


def cause_of(access: u64) -> u64:
    """The fault that a program's own access would have been."""
    return IN_CALL | (causes.STORE_PAGE_FAULT if access == paging.WRITE else causes.LOAD_PAGE_FAULT)


def part_of_page(address: u64, size: u64) -> u64:
    """How many of those bytes lie in the first one's page."""
    return min(size, PAGE_SIZE - address % PAGE_SIZE)


def copy(process: Process, address: u64, kernel: u64, size: u64, access: u64) -> None:
    """Copy between the caller's memory and the kernel's (address 0: only make sure that it could be)."""
    check_range(address, size)
    done: u64 = 0
    while done < size:
        part = part_of_page(address + done, size - done)
        place = reach_own(process, address + done, access)
        if kernel != 0 and access == paging.READ:
            memcpy(kernel + done, place, part)
        elif kernel != 0:
            memcpy(place, kernel + done, part)
        done += part


def copy_record(process: Process, address: u64, kernel: u64, size: u64, access: u64) -> None:
    """The same with a record, which must be aligned."""
    if address % 8 != 0:
        raise Refused(Status.BAD_ADDRESS)
    copy(process, address, kernel, size, access)


def copy_between(source: Process, address: u64, target: Process, to: u64, size: u64) -> tuple[u64, u64]:
    """Copy from one process to another, page by page: how that ended, and which address was missing."""
    done: u64 = 0
    while done < size:
        here = reach(source, address + done, paging.READ)
        if here == 0:
            return SOURCE_MISSING, address + done
        there = reach(target, to + done, paging.WRITE)
        if there == 0:
            return TARGET_MISSING, to + done
        part = min(part_of_page(address + done, size - done), part_of_page(to + done, size - done))
        memcpy(there, here, part)
        done += part
    return COPIED, 0
