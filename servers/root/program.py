"""The program that root runs: how it is prepared, and the port where it and the kernel find root."""

from atoll.abi import initrd, startup
from atoll.abi.boot import HANDLE_DEVICE_TREE, HANDLE_INITRD, HANDLE_MACHINE
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, view
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.root import machine
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.initrd import end_of_field
from atoll.userland.runtime.image.resident import Program
from atoll.userland.runtime.image.start_page import StartPage, StartPageFull
from atoll.userland.runtime.messages import Port, create_port
from atoll.userland.runtime.objects import duplicate

OVERHEAD = 64  # pages of quota for the process itself: page tables, threads, handles
PRIORITY = 16
SUPERVISOR_PRIORITY = 8  # root's own
LEFT_TO_ROOT = 64  # pages, when the supervisor is given all others

# ---- badges of the gates to root's port ----
ASKING = 1  # the program's own: it asks for something
FATE = 2  # the kernel's: faults, and the end

requests: Port = Port(NO_HANDLE)
page: StartPage = StartPage()


def start() -> None:
    """Make the port that programs and the kernel find root at."""
    requests.handle = create_port().handle


def load(program: Program, image: Bytes, line: Bytes) -> None:
    """Prepare a process from a program's file and its line in the manifest. Raises BadImage, NoMemory."""
    program.read_image(image)
    is_supervisor = line[0 : end_of_field(line, 0)] == initrd.SUPERVISOR.encode()
    page.clear()
    try:
        if is_supervisor:
            add_boot_arguments()
            make_process(program, machine.free_pages() - LEFT_TO_ROOT)
            give_everything(program)
        else:
            add_arguments(line)
            make_process(program, OVERHEAD)
    except StartPageFull:
        raise BadImage("more arguments than fit in the start page") from None
    program.add_start_page(page.contents())
    gate = program.process.install(requests.mint(ASKING).handle)
    program.create_thread(gate, SUPERVISOR_PRIORITY if is_supervisor else PRIORITY)


def make_process(program: Program, quota: u64) -> None:
    """Its process; we are told of its faults and of its end."""
    fate = requests.mint(FATE)
    try:
        program.create(quota, fate, fate)
    finally:
        fate.close()


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


def free(program: Program) -> None:
    """It has ended, or could not be loaded."""
    program.free()
    requests.revoke(ASKING)
