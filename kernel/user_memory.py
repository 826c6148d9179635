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


class Missing:
    """Where a copy between two processes had to end."""

    address: u64


missing: Missing = Missing()


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


def copy_in(process: Process, address: u64, to: u64, size: u64) -> None:
    """Copy the caller's bytes into the kernel's memory."""
    check_range(address, size)
    done: u64 = 0
    while done < size:
        part = part_of_page(address + done, size - done)
        memcpy(to + done, reach_own(process, address + done, paging.READ), part)
        done += part


def copy_out(process: Process, address: u64, source: u64, size: u64) -> None:
    """Copy the kernel's bytes into the caller's memory."""
    check_range(address, size)
    done: u64 = 0
    while done < size:
        part = part_of_page(address + done, size - done)
        memcpy(reach_own(process, address + done, paging.WRITE), source + done, part)
        done += part


def reach_all(process: Process, address: u64, size: u64) -> None:
    """Make sure that the caller's bytes can be written."""
    check_range(address, size)
    done: u64 = 0
    while done < size:
        reach_own(process, address + done, paging.WRITE)
        done += part_of_page(address + done, size - done)


def copy_record_in(process: Process, address: u64, to: u64, size: u64) -> None:
    """Copy a record, which must be aligned."""
    if address % 8 != 0:
        raise Refused(Status.BAD_ADDRESS)
    copy_in(process, address, to, size)


def copy_record_out(process: Process, address: u64, source: u64, size: u64) -> None:
    """Copy a record, which must be aligned."""
    if address % 8 != 0:
        raise Refused(Status.BAD_ADDRESS)
    copy_out(process, address, source, size)


def copy_between(source: Process, address: u64, target: Process, to: u64, size: u64) -> u64:
    """Copy from one process to another, page by page; whose page is missing is told, and where."""
    done: u64 = 0
    while done < size:
        here = reach(source, address + done, paging.READ)
        if here == 0:
            missing.address = address + done
            return SOURCE_MISSING
        there = reach(target, to + done, paging.WRITE)
        if there == 0:
            missing.address = to + done
            return TARGET_MISSING
        part = min(part_of_page(address + done, size - done), part_of_page(to + done, size - done))
        memcpy(there, here, part)
        done += part
    return COPIED
