"""The supervisor's second thread: what waits for servers, so that the first can always hear of their deaths.

The first thread leaves jobs in `jobs` and notifies; the second does them one after another: names, swaps, the end.
"""

from atoll.abi.control import Ask
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.root.interface import Parent, ReplaceFailed, Root
from atoll.servers.supervisor import swap
from atoll.servers.supervisor.interface import Supervisor, SwapFailed, SwapReport
from atoll.servers.supervisor.legacies import another_handle, kept_names
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.services import NO_INSTANCE, Service, services
from atoll.userland.runtime.handover import HandOverFailed, orders
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Memory, duplicate
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.threads import start_thread

PRIORITY = 8
OWN_NAME = "/services/supervisor"
FOR_CLIENTS = 35  # DUPLICATE, MOVE, SEND

# ---- notification bits ----
NAMES = 1
SWAP = 2
POWER_OFF = 4
LEGACY = 8


class Caller:
    """Who wants a swap."""

    reply: u64  # NO_HANDLE: nobody does


class Jobs:
    """What the second thread is to do."""

    port: Port
    gate: Gate
    caller: Caller
    swap_service: u64  # services.count: the supervisor itself
    swap_image: Memory
    swap_size: u64
    swap_begun: u64  # when that was asked; nanoseconds since power-on
    is_ending: bool  # the machine is to be switched off
    status: u64  # of the machine then
    names_are_due: bool  # the naming service does not know them yet
    stack: Array[u8, 65536]


jobs: Jobs = Jobs()


def start() -> None:
    """Make the thread."""
    jobs.port = create_port(1)
    jobs.gate = jobs.port.mint(0)
    start_thread(board.itself, run, 0, jobs.stack[:], PRIORITY)


# ---- for the first thread ----


def register_names() -> None:
    """The naming service is new: it knows no name."""
    jobs.names_are_due = True
    jobs.gate.notify(NAMES)


def hand_over_legacy(number: u64) -> None:
    """A service has been started again: it gets what its predecessor left."""
    if services.items[number].inherited_count > 0:
        services.items[number].is_heir = True
        jobs.gate.notify(LEGACY)


def ask_for_swap(reply: u64, service: u64, image: Memory, size: u64) -> None:
    """Somebody wants a swap and waits for its end; there is none under way."""
    jobs.caller.reply, jobs.swap_service, jobs.swap_image, jobs.swap_size = reply, service, image, size
    jobs.swap_begun = clock()
    jobs.gate.notify(SWAP)


def power_off(status: u64) -> None:
    """End the machine."""
    jobs.is_ending, jobs.status = True, status
    jobs.gate.notify(POWER_OFF)


def take_over(report: SwapReport) -> None:
    """We are the supervisor now: tell who wanted that, and do what our predecessor may not have come to."""
    report.total = clock() - jobs.swap_begun
    if jobs.caller.reply != NO_HANDLE:
        Supervisor.reply_swap(jobs.caller.reply, report)
        jobs.caller.reply = NO_HANDLE
    if jobs.names_are_due:
        register_names()
    jobs.gate.notify(LEGACY)  # it looks who is an heir
    if jobs.is_ending:
        jobs.gate.notify(POWER_OFF)


# ---- the second thread ----


def run(_: u64) -> None:
    """Do jobs for ever."""
    letter = Letter()
    while True:
        jobs.port.receive(letter)
        bits = letter.words[0]
        if bits & NAMES != 0:
            register_all()
        if bits & LEGACY != 0:
            give_legacies()
        if bits & SWAP != 0:
            do_swap()
        if bits & POWER_OFF != 0:
            switch_off()


def register_all() -> None:
    """Tell the naming service our own name, all names of the manifest, and those that programs had registered."""
    jobs.names_are_due = False
    own = loop.port.mint(0)
    register(OWN_NAME, own)
    own.close()
    for number in range(services.count):
        service = services.items[number]
        for i in range(service.name_count):
            if service.gate.handle != NO_HANDLE and not register(str(service.names[i], "utf-8"), service.gate):
                register_names()  # the naming service has died meanwhile: once more, all of them
                return
    for item in kept_names.items:
        is_known = item.length > 0 and services.items[item.service].name == b"naming"
        if is_known and not register(str(item.text(), "utf-8"), item.gate, item.is_mount):
            register_names()
            return


def register(name: str, gate: Gate, is_mount: bool = False) -> bool:
    """One name; False if nobody knows what became of it."""
    naming = services.find(b"naming")
    if naming is None:
        return True
    try:
        given = Gate(duplicate(gate.handle, FOR_CLIENTS))
        if is_mount:
            Naming(naming.gate.handle).mount(name, given)
        else:
            Naming(naming.gate.handle).replace(name, given)
    except ServiceError:
        return False
    except KernelError as error:
        print(f"supervisor: the name {name} cannot be registered: {error}")
    return True


def give_legacies() -> None:
    """Processes of dead program managers go to their successors."""
    for number in range(services.count):
        service = services.items[number]
        if service.is_heir and service.instance != NO_INSTANCE:
            service.is_heir = False
            give_legacy(service, service.generation)


def give_legacy(service: Service, generation: u64) -> None:
    """All processes, unless this server dies as well: then its successor gets them."""
    for i in range(service.inherited_count):
        if service.generation != generation or service.instance == NO_INSTANCE:
            return
        try:
            handle = another_handle(service.inherited[i])
            orders.give(services.instances[service.instance].control, Ask.INHERIT, 0, handle)
        except (HandOverFailed, KernelError) as error:
            print(f"supervisor: {str(service.name, 'utf-8')}: a process cannot be handed over: {error}")


def do_swap() -> None:
    """Swap, and tell who wanted it."""
    reply = jobs.caller.reply
    try:
        if jobs.swap_service == services.count:
            Root(board.parent.handle).replace(jobs.swap_image, jobs.swap_size)  # if it goes well, that ends us
        else:
            Supervisor.reply_swap(reply, swap.swap(jobs.swap_service, jobs.swap_image, jobs.swap_size))
    except ReplaceFailed as error:
        Supervisor.fail(reply, SwapFailed(f"{error}"))
    except SwapFailed as error:
        Supervisor.fail(reply, SwapFailed(f"{error}"))
    jobs.caller.reply = NO_HANDLE


def switch_off() -> None:
    """Every server finishes what is to be kept, the last of the manifest first; then the machine ends."""
    for position in range(services.count):
        service = services.items[services.count - 1 - position]
        if service.instance != NO_INSTANCE:
            try:
                orders.give(services.instances[service.instance].control, Ask.QUIT)
            except HandOverFailed as error:
                print(f"supervisor: {str(service.name, 'utf-8')}: {error}")
    Parent(board.parent.handle).power_off(jobs.status)
