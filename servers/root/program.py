"""The program that root runs: how it is prepared, and the ports where it and the kernel find root."""

from atoll.abi import initrd, startup
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.boot import HANDLE_DEVICE_TREE, HANDLE_INITRD, HANDLE_MACHINE
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Bytes, Text, u64
from atoll.servers.root import machine
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.initrd import end_of_field
from atoll.userland.runtime.image.resident import Program
from atoll.userland.runtime.image.start_page import StartPage, StartPageFull
from atoll.userland.runtime.messages import Gate, Port, PortSet, create_port, create_set
from atoll.userland.runtime.objects import Memory, create_memory, duplicate

OVERHEAD = 64  # pages of quota for the process itself: page tables, threads, handles
PRIORITY = 16
SUPERVISOR_PRIORITY = 8  # root's own
LEFT_TO_ROOT = 64  # pages, when the supervisor is given all others
SLOTS = 2  # two programs are there only while the supervisor is replaced
IMAGES = 0x3000_0000  # where images that were brought are mapped, a window for each slot
IMAGE_ROOM = 0x0100_0000  # bytes

# ---- badges of the gates to root's ports: what for, and the slot ----
ASKING = 1  # the program's own: it asks for something
FATE = 2  # the kernel's: faults, and the end
ROLE = 0xFF
SLOT_SHIFT = 8


class Slot:
    """A program that runs, or is going to."""

    number: u64
    program: Program
    will: Port  # what it leaves, and the news of its end
    is_supervisor: bool
    control: Gate  # of a supervisor
    image: u64  # memory object of a program that was brought, mapped; NO_HANDLE: it is in the RAM disk
    image_pages: u64

    def window(self) -> u64:
        """Where an image that was brought is mapped."""
        return IMAGES + self.number * IMAGE_ROOM


class Running:
    """Where programs and the kernel find root, and what it runs."""

    everything: PortSet
    requests: Port
    slots: Array[Slot, SLOTS]
    current: u64  # which slot's program is the one

    def now(self) -> Slot:
        """The program that runs."""
        return self.slots[self.current]

    def other(self) -> Slot:
        """Where its successor is prepared."""
        return self.slots[1 - self.current]


running: Running = Running()
page: StartPage = StartPage()


def start() -> None:
    """Make the port where programs ask."""
    running.everything = create_set()
    running.requests = create_port()
    running.everything.add(running.requests)
    running.slots[1].number = 1


def load(slot: Slot, image: Bytes, line: Bytes, is_successor: bool = False) -> None:
    """Prepare a process from a program's file and its line in the manifest. Raises BadImage, NoMemory: `free` it."""
    program = slot.program
    slot.is_supervisor = line[0 : end_of_field(line, 0)] == initrd.SUPERVISOR.encode()
    program.read_image(image)
    page.clear()
    try:
        if slot.is_supervisor:
            add_boot_arguments()
            make_process(slot, machine.free_pages() - LEFT_TO_ROOT)
            give_everything(program)
            give_ports(slot, is_successor)
        else:
            add_arguments(line)
            make_process(slot, OVERHEAD)
    except StartPageFull:
        raise BadImage("more arguments than fit in the start page") from None
    program.add_start_page(page.contents())
    gate = program.process.install(running.requests.mint(ASKING | slot.number << SLOT_SHIFT).handle)
    program.create_thread(gate, SUPERVISOR_PRIORITY if slot.is_supervisor else PRIORITY)


def make_process(slot: Slot, quota: u64) -> None:
    """Its process; we are told of its faults and of its end."""
    slot.will = create_port()
    running.everything.add(slot.will)
    pager = running.requests.mint(FATE | slot.number << SLOT_SHIFT)
    heir = slot.will.mint(FATE | slot.number << SLOT_SHIFT)
    try:
        slot.program.create(quota, pager, heir)
    finally:
        pager.close()
        heir.close()


def add_arguments(line: Bytes) -> None:
    """The fields behind the program's name."""
    start = end_of_field(line, 0) + 1
    while start <= len(line):
        end = end_of_field(line, start)
        page.add_argument(line[start:end])
        start = end + 1


def add_boot_arguments() -> None:
    """The supervisor's: the kernel's command line, and where in its memory object the initial RAM disk is."""
    info = machine.boot_info()
    page.add_argument(view(address_of(info.command_line), info.command_line_size))
    page.add_argument(f"{info.initrd_offset}".encode())
    page.add_argument(f"{info.initrd_size}".encode())


def give_everything(program: Program) -> None:
    """The supervisor has what root has: all devices, the initial RAM disk, the device tree."""
    give(program, startup.MACHINE, HANDLE_MACHINE, Right.MANAGE | Right.DUPLICATE | Right.MOVE)
    give(program, startup.INITRD, HANDLE_INITRD, Right.READ | Right.DUPLICATE | Right.MOVE)
    give(program, startup.DEVICE_TREE, HANDLE_DEVICE_TREE, Right.READ | Right.DUPLICATE | Right.MOVE)


def give(program: Program, name: Text, number: u64, rights: u64) -> None:
    """A duplicate of one of root's own handles."""
    handle = duplicate(machine.boot_info().handles[number], rights)
    page.add_handle(name, program.process.install(handle))


def give_ports(slot: Slot, is_successor: bool) -> None:
    """The supervisor's: where it hears root, and, unless it gets its predecessor's, where everybody finds it."""
    control = create_port()
    slot.control = control.mint(0)
    page.add_handle(startup.CONTROL, slot.program.process.install(control.handle))
    if not is_successor:
        page.add_handle(startup.PORT, slot.program.process.install(create_port().handle))


def bring_image(slot: Slot, image: Memory, size: u64) -> Bytes:
    """Copy an image that the supervisor sent, and show it to ourselves. Raises BadImage, KernelError: `free` it."""
    if size > IMAGE_ROOM:
        raise BadImage(f"an image of more than {IMAGE_ROOM >> 20} MiB")
    slot.image_pages = (size + PAGE_SIZE - 1) // PAGE_SIZE
    copy = create_memory(slot.image_pages)
    slot.image = copy.handle
    copy.copy_from(0, image.handle, 0, slot.image_pages)
    machine.this_process().map(copy, 0, slot.window(), slot.image_pages, Right.READ)
    return view(slot.window(), size)


def free(slot: Slot) -> None:
    """It has ended, or could not be loaded."""
    slot.program.free()
    running.requests.revoke(ASKING | slot.number << SLOT_SHIFT)
    close_port(slot.will)
    if slot.control.handle != NO_HANDLE:
        slot.control.close()
        slot.control.handle = NO_HANDLE
    if slot.image != NO_HANDLE:
        machine.this_process().unmap(slot.window(), slot.image_pages)
        Memory(slot.image).destroy()
        slot.image = NO_HANDLE


def close_port(port: Port) -> None:
    """A port that was made, and is still ours."""
    if port.handle != NO_HANDLE:
        port.close()
        port.handle = NO_HANDLE
