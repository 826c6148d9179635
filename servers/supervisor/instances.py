"""Starting a process for a service: its image, its handles, its first thread."""

from atoll.abi import startup
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.root.interface import Root
from atoll.servers.supervisor.devices import find_device
from atoll.servers.supervisor.interface import ServiceState
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.services import Instance, Service, services
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.initrd import find_byte, find_file
from atoll.userland.runtime.image.resident import Program, pages_of
from atoll.userland.runtime.image.start_page import StartPage
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import create_port
from atoll.userland.runtime.objects import Memory, Process, create_memory, duplicate, read_info
from atoll.userland.runtime.service import CONTROL_LABEL, SERVICE_LABEL, loop

# ---- badges of the gates to the supervisor's port: what for, and the instance's number ----
ASKING = 1 << 16  # a server's own gate
FATE = 2 << 16  # the kernel's: faults, and the end
NUMBER = 0xFFFF

IMAGES = 0x3000_0000  # where images that were brought for a swap are mapped, a window for each instance
IMAGE_ROOM = 0x0100_0000  # bytes
RESERVE = 256  # pages that stay ours
OVERHEAD = 8  # pages of ours that a process takes besides its quota and its image
BLANK = 0x20
EQUALS = 0x3D
FOR_CLIENTS = Right.SEND | Right.DUPLICATE | Right.MOVE
FOR_DRIVERS = Right.READ | Right.WRITE | Right.DUPLICATE | Right.MOVE
FOR_INTERRUPT = Right.MANAGE | Right.DUPLICATE | Right.MOVE

page: StartPage = StartPage()


def open_port(service: Service) -> None:
    """The port that clients know, for as long as the machine runs."""
    service.port = create_port(SERVICE_LABEL)
    service.gate = service.port.mint(0)


def open_devices(service: Service) -> bool:
    """Find what the service drives; False if the machine lacks it."""
    for number in range(service.device_count):
        if not service.is_opened:
            find_device(board.machine, board.itself, service.devices[number], service.opened[number])
        if service.opened[number].registers.handle == NO_HANDLE:
            return False
    if service.dma_pages > 0 and not service.is_opened:
        service.dma = create_memory(service.dma_pages)
    service.is_opened = True
    return True


def image_of(service: Service) -> Bytes:
    """The service's program in the RAM disk; empty if it is not there."""
    return find_file(board.archive, str(service.program, "utf-8"))


def start_instance(number: u64, image: Bytes, gives_port: bool) -> None:
    """Make the process and let it run. Raises BadImage, StartPageFull, KernelError: then `stop_instance` it."""
    instance = services.instances[number]
    service = services.of_instance(number)
    instance.control.handle = NO_HANDLE
    instance.has_handed_over = False
    program = instance.program
    program.read_image(image)
    fate = loop.port.mint(FATE | number)
    try:
        program.create(spare_pages(service.quota), fate, fate)
    finally:
        fate.close()
    page.clear()
    for i in range(service.argument_count):
        page.add_argument(service.arguments[i])
    page.add_environment(f"SERVICE={str(service.name, 'utf-8')}".encode())
    page.add_environment(f"GENERATION={service.generation}".encode())
    if gives_port:
        page.add_environment(f"INHERITED={service.inherited_count}".encode())  # so many INHERIT come before all else
    add_words(board.command_line)
    give_handles(instance, service, gives_port)
    program.add_start_page(page.contents())
    asking = program.process.install(loop.port.mint(ASKING | number).handle)
    program.create_thread(asking, service.priority)
    program.load_all()
    program.resume()


def add_words(line: Bytes) -> None:
    """Each `key=value` of the kernel's command line (abi/bootargs.py) is a variable of every server."""
    start: u64 = 0
    while start < len(line):
        end = find_byte(line, start, BLANK)
        if find_byte(line, start, EQUALS) < end:
            page.add_environment(line[start:end])
        start = end + 1


def account_of(process: Process) -> tuple[u64, u64]:
    """A process's quota, and what of it it has not used; in pages."""
    info = Info()
    read_info(process.handle, info)
    return info.words[1] // PAGE_SIZE, (info.words[1] - min(info.words[2], info.words[1])) // PAGE_SIZE


def unused_pages(process: Process) -> u64:
    """What of a process's quota it has not used."""
    _, unused = account_of(process)
    return unused


def spare_pages(wanted: u64) -> u64:
    """As many of those pages as we have to give; root may have more for us after the supervisor was replaced."""
    if unused_pages(board.itself) < wanted + RESERVE:
        Root(board.parent.handle).more()
    unused = unused_pages(board.itself)
    return min(wanted, unused - min(unused, RESERVE))


def raise_quotas() -> None:
    """Who serves with less than the manifest says gets the rest, as far as we have it, unless another is yet to start.

    What a server that has ended had comes back bit by bit: its image not before it is buried, and that may be after its
    successor has started.
    """
    for number in range(services.count):
        if services.items[number].state in (ServiceState.WAITING, ServiceState.SWAPPING):
            return
    for number in range(services.count):
        service = services.items[number]
        if service.state == ServiceState.SERVING:
            process = services.instances[service.instance].program.process
            try:
                quota, _ = account_of(process)
                if quota < service.quota:
                    process.set_quota(quota + spare_pages(service.quota - quota))
            except KernelError:
                continue  # it has just ended, or our other thread has given those pages away


def fit_quotas() -> None:
    """Before the first start: no service may get what another needs to start, or the successor of any in a swap."""
    pages: u64 = 2 * RESERVE
    largest: u64 = 0
    for number in range(services.count):
        try:
            size = pages_of(image_of(services.items[number])) + OVERHEAD
        except BadImage:
            continue  # its start will say so
        pages += size
        largest = max(largest, size)
    unused = unused_pages(board.itself)
    services.fit(unused - min(unused, pages + largest))


def give_handles(instance: Instance, service: Service, gives_port: bool) -> None:
    """What a server finds in its table."""
    program = instance.program
    control = create_port(CONTROL_LABEL)
    instance.control = control.mint(0)
    give(program, startup.CONTROL, control.handle)
    if gives_port:
        give(program, startup.PORT, service.port.handle)
        service.port.handle = NO_HANDLE
    naming = services.find(b"naming")
    if naming is not None and naming is not service:
        give(program, startup.NAMING, duplicate(naming.gate.handle, FOR_CLIENTS))
    give(program, startup.SUPERVISOR, loop.port.mint(0).handle)
    for number in range(service.device_count):
        device = service.opened[number]
        give(program, startup.REGISTERS, duplicate(device.registers.handle, FOR_DRIVERS))
        if device.interrupt.handle != NO_HANDLE:
            give(program, startup.INTERRUPT, duplicate(device.interrupt.handle, FOR_INTERRUPT))
    if service.dma_pages > 0:
        give(program, startup.DMA, duplicate(service.dma.handle, FOR_DRIVERS))


def give(program: Program, name: Text, handle: u64) -> None:
    """One handle, which moves."""
    page.add_handle(name, program.process.install(handle))


def stop_instance(number: u64) -> None:
    """It has ended, or could not be started: give back all that was had for it."""
    instance = services.instances[number]
    instance.program.free()
    if instance.control.handle != NO_HANDLE:
        instance.control.close()
        instance.control.handle = NO_HANDLE
    if instance.image != NO_HANDLE:
        board.itself.unmap(window_of(number), instance.image_pages)
        Memory(instance.image).close()
        instance.image = NO_HANDLE
    loop.port.revoke(ASKING | number)
    instance.used = False


def window_of(number: u64) -> u64:
    """Where an image that was brought is mapped."""
    return IMAGES + number * IMAGE_ROOM


def bring_image(number: u64, image: Memory, size: u64) -> None:
    """Copy an image that somebody sent, for an instance: whoever sent it cannot change it any more, nor has to pay for
    it. Raises BadImage, KernelError.
    """
    if size > IMAGE_ROOM:
        raise BadImage(f"an image of more than {IMAGE_ROOM >> 20} MiB")
    instance = services.instances[number]
    instance.image_pages = (size + PAGE_SIZE - 1) // PAGE_SIZE
    copy = create_memory(instance.image_pages)
    instance.image = copy.handle
    copy.copy_from(0, image.handle, 0, instance.image_pages)
    board.itself.map(copy, 0, window_of(number), instance.image_pages, Right.READ)
