"""Calls about memory. What may take long is done in parts: the registers then say what is left, and the same call is
executed again.
"""

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.calls import MAX_SEGMENT, MAX_TOUCHED, Status
from atoll.abi.objects import Kind, Right
from atoll.abi.raw import address_of, at
from atoll.abi.types import u64
from atoll.kernel import handles, mappings, memories, memory, paging, user_memory
from atoll.kernel.objects import Memory, Process, Thread
from atoll.kernel.refusal import Refused
from atoll.kernel.waiting import answer, finish
from atoll.userland.runtime.memory import memcpy

STEP = 16  # pages mapped, unmapped or freed in one part
COPY_STEP = 4  # pages copied in one part


def create(user: Thread) -> Thread:
    """MEMORY_CREATE: a new memory object, of zeros."""
    handles.reserve(user.process)
    made = memories.create(user.process, user.frame.a0)
    return answer(user, handles.add(user.process, Kind.MEMORY, handles.MEMORY_RIGHTS, address_of(made)))


def read(user: Thread) -> Thread:
    """MEMORY_READ: copy out of a memory object."""
    return transfer(user, Right.READ)


def write(user: Thread) -> Thread:
    """MEMORY_WRITE: copy into a memory object."""
    return transfer(user, Right.WRITE)


def transfer(user: Thread, right: u64) -> Thread:
    """Copy between a memory object and the caller's memory."""
    source = handles.find_memory(user.process, user.frame.a0, right)
    offset, address, size = user.frame.a1, user.frame.a2, user.frame.a3
    if size > MAX_SEGMENT or offset > source.pages * PAGE_SIZE or size > source.pages * PAGE_SIZE - offset:
        raise Refused(Status.TOO_LONG)
    if source.device != 0:
        raise Refused(Status.WRONG_KIND)
    user_memory.check_range(address, size)
    done: u64 = 0
    while done < size:
        page = memory.reach(memories.page_of(source, (offset + done) // PAGE_SIZE)) + (offset + done) % PAGE_SIZE
        part = user_memory.part_of_page(offset + done, size - done)
        access = paging.WRITE if right == Right.READ else paging.READ  # of the caller's memory
        user_memory.copy(user.process, address + done, page, part, access)
        done += part
    return finish(user, Status.OK)


def copy(user: Thread) -> Thread:
    """MEMORY_COPY: copy whole pages between memory objects."""
    frame = user.frame
    to = handles.find_memory(user.process, frame.a0, Right.WRITE)
    source = handles.find_memory(user.process, frame.a2, Right.READ)
    check_part(to, frame.a1, frame.a4)
    check_part(source, frame.a3, frame.a4)
    if to.device != 0 or source.device != 0:
        raise Refused(Status.WRONG_KIND)
    count = min(frame.a4, COPY_STEP)
    for number in range(count):
        target = memories.page_of(to, frame.a1 + number)
        memcpy(memory.reach(target), memory.reach(memories.page_of(source, frame.a3 + number)), PAGE_SIZE)
    frame.a1 += count
    frame.a3 += count
    frame.a4 -= count
    return user if frame.a4 > 0 else finish(user, Status.OK)


def check_part(source: Memory, offset: u64, pages: u64) -> None:
    """Refuse pages that the memory object does not have."""
    if offset > source.pages or pages > source.pages - offset:
        raise Refused(Status.BAD_ARGUMENT)


def destroy(user: Thread) -> Thread:
    """MEMORY_DESTROY: take a memory object away from everybody."""
    source = at(Memory, handles.find(user.process, user.frame.a0, Kind.MEMORY, Right.MANAGE).object)
    source.head.dead = True
    if not memories.unmap_some(source, STEP) or not memories.free_some(source, STEP):
        return user
    memories.end_account(source)
    return finish(user, Status.OK)


# ---- address spaces ----


def map_pages(user: Thread) -> Thread:
    """MAP: show pages of a memory object in an address space."""
    frame = user.frame
    process = handles.find_process(user.process, frame.a0)
    entry = handles.find(user.process, frame.a1, Kind.MEMORY, Right.READ)
    source = at(Memory, entry.object)
    handles.alive(source.head)
    check_part(source, frame.a2, frame.a4)
    check_pages(frame.a3, frame.a4)
    most = handles.rights_of(entry) & (Right.READ | Right.WRITE | Right.EXECUTE)
    check_rights(frame.a5, most)
    there = mappings.first_behind(process, frame.a3)
    if there is not None and there.address < frame.a3 + frame.a4 * PAGE_SIZE:
        raise Refused(Status.IN_USE)
    count = min(frame.a4, STEP)
    if count > 0:
        mappings.add(process, source, frame.a2, frame.a3, count, frame.a5, most)
    frame.a2 += count
    frame.a3 += count * PAGE_SIZE
    frame.a4 -= count
    return user if frame.a4 > 0 else finish(user, Status.OK)


def check_pages(address: u64, pages: u64) -> None:
    """Refuse what is no page, or no process's."""
    if address % PAGE_SIZE != 0 or address > USER_END or pages > (USER_END - address) // PAGE_SIZE:
        raise Refused(Status.BAD_ADDRESS)


def check_rights(rights: u64, most: u64) -> None:
    """Refuse more than the handle allows, and what nobody may have."""
    if rights & ~most != 0 or rights & Right.READ == 0:
        raise Refused(Status.NO_RIGHT)
    if rights & Right.WRITE != 0 and rights & Right.EXECUTE != 0:
        raise Refused(Status.NOT_BOTH)


def unmap(user: Thread) -> Thread:
    """UNMAP: show nothing there any more."""
    frame = user.frame
    process = handles.find_process(user.process, frame.a0)
    check_pages(frame.a1, frame.a2)
    end = frame.a1 + frame.a2 * PAGE_SIZE
    mapping = mappings.first_behind(process, frame.a1)
    if mapping is None or mapping.address >= end:
        return finish(user, Status.OK)
    first = max(frame.a1, mapping.address)
    last = min(end, mappings.end_of(mapping), first + STEP * PAGE_SIZE)
    mappings.cut(mapping, first, (last - first) // PAGE_SIZE)
    frame.a1 = last
    frame.a2 = (end - last) // PAGE_SIZE
    return user


def protect(user: Thread) -> Thread:
    """PROTECT: change what may be done with mapped pages."""
    frame = user.frame
    process = handles.find_process(user.process, frame.a0)
    check_pages(frame.a1, frame.a2)
    check_rights(frame.a3, Right.READ | Right.WRITE | Right.EXECUTE)
    count = min(frame.a2, STEP)
    for number in range(count):
        mappings.protect(process, frame.a1 + number * PAGE_SIZE, frame.a3)
    frame.a1 += count * PAGE_SIZE
    frame.a2 -= count
    return user if frame.a2 > 0 else finish(user, Status.OK)


def touched(user: Thread) -> Thread:
    """TOUCHED: which pages were used and which written since that was last cleared."""
    frame = user.frame
    process = handles.find_process(user.process, frame.a0)
    check_pages(frame.a1, frame.a2)
    if frame.a2 > MAX_TOUCHED:
        raise Refused(Status.BAD_ARGUMENT)
    accessed: u64 = 0
    written: u64 = 0
    for number in range(frame.a2):
        bits = mappings.touched(process, frame.a1 + number * PAGE_SIZE, frame.a3 != 0)
        accessed = accessed | (bits & 1) << number
        written = written | (bits >> 1) << number
    frame.a2 = written
    return answer(user, accessed)


# ---- another process's memory ----


def read_process(user: Thread) -> Thread:
    """PROCESS_READ: copy out of a process's memory; what is not there is refused, not fetched."""
    process = check_peek(user)
    outcome, missing = user_memory.copy_between(process, user.frame.a1, user.process, user.frame.a2, user.frame.a3)
    return end_peek(user, outcome, user_memory.TARGET_MISSING, missing, paging.WRITE)


def write_process(user: Thread) -> Thread:
    """PROCESS_WRITE: copy into pages that a process may write itself."""
    process = check_peek(user)
    outcome, missing = user_memory.copy_between(user.process, user.frame.a2, process, user.frame.a1, user.frame.a3)
    return end_peek(user, outcome, user_memory.SOURCE_MISSING, missing, paging.READ)


def check_peek(user: Thread) -> Process:
    """The process, if the numbers can be right."""
    process = handles.find_process(user.process, user.frame.a0)
    if user.frame.a3 > MAX_SEGMENT:
        raise Refused(Status.TOO_LONG)
    user_memory.check_range(user.frame.a1, user.frame.a3)
    user_memory.check_range(user.frame.a2, user.frame.a3)
    return process


def end_peek(user: Thread, outcome: u64, own_missing: u64, missing: u64, access: u64) -> Thread:
    """A page of the caller's own is fetched, one of the other process is not."""
    if outcome == own_missing:
        user_memory.reach_own(user.process, missing, access)
    if outcome != user_memory.COPIED:
        raise Refused(Status.BAD_ADDRESS)
    return finish(user, Status.OK)
