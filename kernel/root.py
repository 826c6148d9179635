"""The first process: made from the start of the initial RAM disk (formats: abi/boot.py), it owns all that the kernel
does not. Whatever is wrong with it stops the machine.
"""

from typing import NoReturn

from atoll.abi import boot
from atoll.abi.address_space import PAGE_SIZE, STACK, STACK_END
from atoll.abi.board import UART_INTERRUPT, VIRTIO_INTERRUPT
from atoll.abi.objects import Kind, Right
from atoll.abi.raw import address_of, at, load64, size_of
from atoll.abi.riscv import CSR, csr_clear, csr_set, csr_write
from atoll.abi.types import u64
from atoll.kernel import handles, mappings, memories, memory, panic, power, processes, scheduler, slabs, threads
from atoll.kernel.board import board
from atoll.kernel.entry import resume
from atoll.kernel.layout import page_down, page_up
from atoll.kernel.objects import Machine, Memory, Process, Thread
from atoll.kernel.refusal import Refused
from atoll.userland.runtime.memory import memcpy

PRIORITY = 8  # of its first thread
READ_ONLY = Right.READ | Right.MOVE | Right.DUPLICATE

# ---- in sstatus: what `sret` goes to ----
TO_SUPERVISOR = 1 << 8
INTERRUPTS_ON = 1 << 5

machine: Machine = Machine()


def start() -> NoReturn:
    """Make the first process and go to it."""
    csr_write(CSR.SCOUNTEREN, 0)  # the CPU's counters differ from run to run: programs use the CLOCK call
    csr_clear(CSR.SSTATUS, TO_SUPERVISOR | scheduler.FLOATS_ON)
    csr_set(CSR.SSTATUS, INTERRUPTS_ON)
    image = memory.reach(board.initrd) + boot.TAR_HEADER
    if board.initrd_end - board.initrd < boot.TAR_HEADER or load64(image) != boot.MAGIC:
        panic.stop(f"No {boot.ROOT_FILE} in the initial RAM disk: nothing to run", power.NOT_FOUND)
    try:
        thread = make(image)
    except Refused as refusal:
        panic.stop(f"PANIC: the first process is refused with status {refusal.status}", power.CANNOT_RUN)
    except Exception:  # the compiler asks for it
        panic.unexpected_error()
    resume(address_of(scheduler.switch_to(thread)))


def make(image: u64) -> Thread:
    """The process with its memory, its handles and its first thread, which is ready to run."""
    process = at(Process, memory.reach(memory.take_page()))
    processes.begin(process, process, memory.free_pages() * PAGE_SIZE)  # its own parent: its account holds all memory
    for number in range(load64(image + boot.HEADER_SEGMENTS)):
        load_segment(process, image, image + boot.HEADER_SIZE + number * boot.SEGMENT_SIZE)
    add_memory(process, STACK, (STACK_END - STACK) // PAGE_SIZE, Right.READ | Right.WRITE)
    thread = threads.create(process, load64(image + boot.HEADER_ENTRY), STACK_END, PRIORITY)
    thread.frame.a0 = boot.BOOT_INFO
    thread.stopped = False
    information = add_memory(process, boot.BOOT_INFO, 1, Right.READ)
    fill_board(process, thread)
    memcpy(memory.reach(memories.page_of(information, 0)), address_of(board), size_of(boot.BootInfo))
    return thread


def load_segment(process: Process, image: u64, segment: u64) -> None:
    """Map a segment and copy what the image has of it."""
    size = load64(segment + boot.SEGMENT_FILE_SIZE)
    source = image + load64(segment + boot.SEGMENT_OFFSET)
    pages = page_up(load64(segment + boot.SEGMENT_MEMORY_SIZE)) // PAGE_SIZE
    made = add_memory(process, load64(segment + boot.SEGMENT_ADDRESS), pages, load64(segment + boot.SEGMENT_RIGHTS))
    done: u64 = 0
    while done < size:
        part = min(size - done, PAGE_SIZE)
        memcpy(memory.reach(memories.page_of(made, done // PAGE_SIZE)), source + done, part)
        done += part


def add_memory(process: Process, address: u64, pages: u64, rights: u64) -> Memory:
    """New memory, mapped."""
    made = memories.create(process, pages)
    mappings.add(process, made, 0, address, pages, rights, rights)
    return made


# ---- what it finds ----


def fill_board(process: Process, thread: Thread) -> None:
    """What the device tree did not tell: which handles root has, and where in them what begins."""
    board.version = boot.BOOT_VERSION
    board.initrd_offset = board.initrd % PAGE_SIZE
    board.initrd_size = board.initrd_end - board.initrd
    board.device_tree_offset = board.device_tree % PAGE_SIZE
    board.device_tree_size = board.device_tree_end - board.device_tree
    board.uart_interrupt = UART_INTERRUPT
    board.virtio_interrupt = VIRTIO_INTERRUPT
    everything = handles.PROCESS_RIGHTS
    slabs.start_header(machine.head, process)
    board.handles[boot.HANDLE_SELF] = handles.add(process, Kind.PROCESS, everything, address_of(process))
    board.handles[boot.HANDLE_THREAD] = handles.add(process, Kind.THREAD, everything, address_of(thread))
    board.handles[boot.HANDLE_MACHINE] = handles.add(process, Kind.MACHINE, everything, address_of(machine))
    board.handles[boot.HANDLE_INITRD] = add_range(process, board.initrd, board.initrd_end)
    board.handles[boot.HANDLE_DEVICE_TREE] = add_range(process, board.device_tree, board.device_tree_end)


def add_range(process: Process, start_of: u64, end: u64) -> u64:
    """A handle of the pages of a range that is not given out."""
    first = page_down(start_of)
    made = memories.create_device(process, first, (page_up(end) - first) // PAGE_SIZE)
    return handles.add(process, Kind.MEMORY, READ_ONLY, address_of(made))
