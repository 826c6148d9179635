"""Programs: those that the manifest names run one after another, each in an address space of its own.

When the last has ended the machine stops, with the status of the first program that failed, or 0.
"""

from typing import NoReturn

from atoll.abi import address_space, initrd
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import address_of, store64, view
from atoll.abi.riscv import CSR, csr_clear, csr_set, csr_write, fence_i
from atoll.abi.types import Bytes, Text, u64
from atoll.kernel import elf, memory, paging, power
from atoll.kernel.board import board
from atoll.kernel.elf import BadImage, Segment
from atoll.kernel.entry import TrapFrame, clear_float_registers, resume
from atoll.kernel.initrd import end_of_field, end_of_line, find_file
from atoll.kernel.layout import kernel_end
from atoll.kernel.memory import OutOfMemory
from atoll.userland.runtime.memory import memcpy

# ---- in sstatus: what `sret` goes to ----
TO_SUPERVISOR = 1 << 8
INTERRUPTS_ON = 1 << 5
FLOATS_ON = 3 << 13


class Program:
    """The program that runs, or ran last."""

    frame: TrapFrame
    root: u64  # its page table, physical; 0: none
    name: Text
    trace: Bytes  # the trace table in its file

    pages_before: u64  # in use when it was loaded: all it used must be back when it has ended


class Manifest:
    """What there is to run, and how far we are."""

    text: Bytes
    position: u64
    status: u64  # of the first program that failed


running: Program = Program()
manifest: Manifest = Manifest()


def run_all() -> NoReturn:
    """Run what the manifest says, then stop the machine."""
    manifest.text = find_file(archive(), initrd.MANIFEST)
    csr_write(CSR.SCOUNTEREN, 0)  # the CPU's counters differ from run to run: programs use the CLOCK call
    csr_clear(CSR.SSTATUS, TO_SUPERVISOR)
    csr_set(CSR.SSTATUS, INTERRUPTS_ON | FLOATS_ON)
    if len(manifest.text) == 0:
        print(f"No {initrd.MANIFEST} in the initial RAM disk: nothing to run")
        power.power_off(power.NOT_FOUND)
    resume(start_next())


def archive() -> Bytes:
    """The initial RAM disk."""
    return view(memory.reach(board.initrd), board.initrd_end - board.initrd)


def start_next() -> TrapFrame:
    """Load the next program that can be loaded; its frame. If none is left, the machine stops."""
    while manifest.position < len(manifest.text):
        end_of = end_of_line(manifest.text, manifest.position)
        line = manifest.text[manifest.position : end_of]
        manifest.position = end_of + 1
        if len(line) > 0 and try_to_load(line):
            return running.frame
    power.power_off(manifest.status)


def end(status: u64) -> TrapFrame:
    """The running program has ended; the frame to go on with is the next program's."""
    free_running()
    if not board.quiet:
        print(f"{running.name}: exit status {status}")
    note_status(status)
    return start_next()


def free_running() -> None:
    """Return all that the running program had."""
    paging.use(paging.kernel_root)
    if running.root != 0:
        paging.free_space(running.root)
    running.root = 0
    assert memory.pages.in_use == running.pages_before


def note_status(status: u64) -> None:
    """The machine's status is that of the first failure."""
    if manifest.status == 0:
        manifest.status = status


# ---- loading ----


def try_to_load(line: Bytes) -> bool:
    """Load the program that a line of the manifest names; False, and a word on the console, if it cannot be."""
    running.name = str(line[0 : end_of_field(line, 0)], "utf-8")
    image = find_file(archive(), running.name)
    if len(image) == 0:
        print(f"{running.name}: not in the initial RAM disk")
        note_status(power.NOT_FOUND)
        return False
    running.pages_before = memory.pages.in_use
    try:
        running.root = paging.make_space()
        load(image, line)
    except BadImage as error:
        print(f"{running.name}: cannot run: {error}")
    except OutOfMemory:
        print(f"{running.name}: cannot run: out of memory")
    else:
        return True
    free_running()
    note_status(power.CANNOT_RUN)
    return False


def load(image: Bytes, line: Bytes) -> None:
    """Fill the address space and the frame from a program's file and its line in the manifest."""
    elf.check_header(image)
    segment = Segment()
    for index in range(elf.segment_count(image)):
        if elf.read_segment(image, index, segment):
            load_segment(running.root, image, segment)
    for page in range(address_space.STACK, address_space.STACK_END, PAGE_SIZE):
        paging.add_user_page(running.root, page, paging.READ | paging.WRITE)
    write_arguments(paging.add_user_page(running.root, address_space.ARGUMENTS, paging.READ), line)
    running.trace = elf.trace_table(image)
    clear_frame(running.frame)
    running.frame.pc = elf.entry_point(image)
    running.frame.sp = address_space.STACK_END
    clear_float_registers()
    paging.use(running.root)
    fence_i()  # the code was written as data


def clear_frame(frame: TrapFrame) -> None:
    """Zeros in all registers."""
    for number in range(32):
        store64(address_of(frame) + 8 * number, 0)
    frame.kernel_stack = kernel_end()


def load_segment(root: u64, image: Bytes, segment: Segment) -> None:
    """Map a segment's pages and copy what the file has of them; the rest stays zero."""
    rights = paging.READ
    if segment.can_write:
        rights = paging.READ | paging.WRITE
    if segment.can_execute:
        rights = paging.READ | paging.EXECUTE
    done: u64 = 0
    while done < segment.memory_size:
        address = segment.address + done
        in_page = address % PAGE_SIZE
        part = min(segment.memory_size - done, PAGE_SIZE - in_page)
        if paging.user_page(root, address) != 0:
            raise BadImage("two segments in one page")
        page = paging.add_user_page(root, address, rights)
        copy_from_file(image, segment, done, memory.reach(page) + in_page, part)
        done += part


def copy_from_file(image: Bytes, segment: Segment, offset: u64, to: u64, size: u64) -> None:
    """Copy those bytes of a segment that the file has."""
    if offset < segment.file_size:
        memcpy(to, address_of(image) + segment.offset + offset, min(size, segment.file_size - offset))


def write_arguments(page: u64, line: Bytes) -> None:
    """Fill the page that a program finds its arguments in (layout: abi/address_space.py)."""
    place = memory.reach(page) + address_space.ARGUMENTS_FIRST
    end_of_page = memory.reach(page) + PAGE_SIZE
    count: u64 = 0
    start = end_of_field(line, 0) + 1
    while start <= len(line):
        end_of = end_of_field(line, start)
        size = end_of - start
        if place + 8 + size > end_of_page:
            raise BadImage("more arguments than fit in a page")
        store64(place, size)
        memcpy(place + 8, address_of(line) + start, size)
        place += 8 + (size + 7) // 8 * 8
        count += 1
        start = end_of + 1
    store64(memory.reach(page) + address_space.ARGUMENTS_COUNT, count)
