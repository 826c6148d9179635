"""A program's memory as the kernel sees it: looked up in the program's page table, reached through the direct map.

Addresses come from programs and can be anything; no function here fails on one.
"""

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.raw import load32, load64
from atoll.abi.types import u64
from atoll.kernel import memory, paging
from atoll.userland.runtime.memory import memcpy


def reach(root: u64, address: u64, rights: u64) -> u64:
    """Where the kernel can access that byte of a program; 0 if the program itself has no such rights to it."""
    found = paging.user_page(root, address)
    wanted = paging.VALID | paging.USER | rights
    if found & wanted != wanted:
        return 0
    return memory.reach(paging.target(found)) + address % PAGE_SIZE


def can_read(root: u64, address: u64, size: u64) -> bool:
    """Whether all those bytes are the program's to read."""
    if address > USER_END or size > USER_END - address:
        return False
    done: u64 = 0
    while done < size:
        if reach(root, address + done, paging.READ) == 0:
            return False
        done += part_of_page(address + done, size - done)
    return True


def part_of_page(address: u64, size: u64) -> u64:
    """How many of those bytes lie in the first one's page."""
    return min(size, PAGE_SIZE - address % PAGE_SIZE)


def copy_from_user(root: u64, address: u64, to: u64, size: u64) -> None:
    """Copy bytes that can_read has found readable."""
    done: u64 = 0
    while done < size:
        part = part_of_page(address + done, size - done)
        memcpy(to + done, reach(root, address + done, paging.READ), part)
        done += part


def read64(root: u64, address: u64) -> u64:
    """An aligned number; 0 if it cannot be read."""
    place = reach(root, address, paging.READ) if address % 8 == 0 else 0
    return load64(place) if place != 0 else 0


def read_instruction(root: u64, address: u64) -> u64:
    """An instruction; 0 (which is none) if the program could not execute it."""
    place = reach(root, address, paging.EXECUTE) if address % 4 == 0 else 0
    return u64(load32(place)) if place != 0 else 0
