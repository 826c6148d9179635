"""The supervisor: starts the servers of the image's manifest, restarts those that die, swaps them while they serve.

It is heir of every server's ports, so the gates that clients hold outlive any server. Its own death ends the machine;
it can be swapped nevertheless, by root.
"""

from atoll.abi import initrd
from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.raw import address_of, at, view
from atoll.abi.startup import PORT
from atoll.abi.types import Bytes, Slice, Text, u8, u64
from atoll.servers.naming.interface import MAX_NAME
from atoll.servers.root.interface import Parent
from atoll.servers.supervisor import deaths, machine, state, worker
from atoll.servers.supervisor.instances import ASKING, FOR_CLIENTS, NUMBER, account_of, fit_quotas
from atoll.servers.supervisor.interface import (
    INFO_SIZE,
    NoSuchService,
    ServiceInfo,
    ServiceState,
    Supervisor,
    SwapFailed,
    SwapReport,
)
from atoll.servers.supervisor.legacies import MAX_NOTE, MOST_NAMES_KEPT, kept_names
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.manifest import BadManifest, read_manifest
from atoll.servers.supervisor.own import own
from atoll.servers.supervisor.services import NO_INSTANCE, Service, services, start_table
from atoll.userland.runtime.errors import RECORD_SIZE, ErrorRecord
from atoll.userland.runtime.image.initrd import find_file
from atoll.userland.runtime.interface import Handle, call
from atoll.userland.runtime.messages import Gate, Letter
from atoll.userland.runtime.objects import Memory, Process, duplicate, read_info
from atoll.userland.runtime.service import loop, serve
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateWriter
from atoll.userland.runtime.system import exit_program, write_console
from atoll.userland.runtime.traceback import print_error

KILLED = 137
OWN_NAME = "supervisor"
NOBODY = 0xFFFF_FFFF  # no service


class SupervisorServer(Supervisor, Parent):
    """What is asked of the supervisor, by everybody (badge 0) and by its servers (badge: the instance's number)."""

    # ---- what Supervisor says ----

    def swap(self, name: Text, image: Memory, size: u64) -> SwapReport:
        number = services.count if name == OWN_NAME else self.number_of(name)
        if worker.jobs.caller.reply != 0:
            image.close()
            raise SwapFailed("another swap is under way")
        worker.ask_for_swap(call.postpone(), number, image, size)
        return SwapReport()

    def kill(self, name: Text) -> None:
        service = services.items[self.number_of(name)]
        if service.instance != NO_INSTANCE:
            services.instances[service.instance].program.process.destroy(KILLED)

    def list(self, first: u64, into: Slice[u8]) -> u64:
        used: u64 = 0
        for number in range(first, services.count):
            if used + INFO_SIZE > len(into):
                break
            describe(services.items[number], into[used : used + INFO_SIZE])
            used += INFO_SIZE
        if first <= services.count and used + INFO_SIZE <= len(into):
            describe_own(into[used : used + INFO_SIZE])
            used += INFO_SIZE
        return used

    def switch_off(self, status: u64) -> None:
        call.postpone()
        worker.power_off(status)

    def keep_name(self, name: Text, gate: Gate, is_mount: bool) -> None:
        number = asking()
        if number == NOBODY or is_manifests(name.encode()):
            gate.close()
        elif not kept_names.keep(number, name.encode(), gate, is_mount, b""):
            tell_no_room(number, name)

    def forget_name(self, name: Text) -> None:
        if asking() != NOBODY:
            kept_names.forget(asking(), name.encode())

    def keep_entry(self, name: Text, note: Bytes, gate: Gate) -> None:
        number = asking()
        if number == NOBODY:
            gate.close()
        elif not kept_names.keep(number, name.encode(), gate, False, note):
            tell_no_room(number, name)

    def kept_entry(self, first: u64, into: Slice[u8]) -> tuple[u64, u64, Handle]:
        place = kept_names.next(asking(), first)
        if place == MOST_NAMES_KEPT or len(into) < MAX_NOTE + MAX_NAME:
            return 0, place, NO_HANDLE
        item = kept_names.items[place]
        into[0:MAX_NOTE] = item.note[:]
        into[MAX_NOTE : MAX_NOTE + item.length] = item.text()
        return MAX_NOTE + item.length, place + 1, duplicate(item.gate.handle, FOR_CLIENTS)

    # ---- what Parent says ----

    def power_off(self, status: u64) -> None:
        return  # it is root who can

    def write(self, data: Bytes) -> None:
        write_console(data)

    def error(self, record: Bytes) -> None:
        number = call.badge & NUMBER
        if call.badge & ASKING != 0 and len(record) == RECORD_SIZE:
            print(f"supervisor: {str(services.of_instance(number).name, 'utf-8')} has failed")
            print_error(services.instances[number].program.trace, at(ErrorRecord, address_of(record)))

    # ---- its own swap, which root carries out ----

    def state_size(self) -> u64:
        return state.size_of_state()

    def export_state(self, writer: StateWriter) -> None:
        own.export_own(writer)
        state.export_table(writer)

    def import_state(self, reader: StateReader) -> None:
        own.import_own(reader)
        state.import_table(reader)

    def inherited(self, handle: u64, number: u64) -> None:
        deaths.expect_will(handle)

    def activated(self) -> None:
        worker.take_over(own.swapped())

    # ---- what is no call ----

    def number_of(self, name: Text) -> u64:
        """The service of that name. Raises NoSuchService."""
        number = services.number_of(name.encode())
        if number == services.count:
            raise NoSuchService("no such service")
        return number

    def other_message(self, letter: Letter) -> None:
        deaths.kernel_message(letter)

    def timeout(self) -> u64:
        return deaths.next_restart()

    def timed_out(self) -> None:
        deaths.restart_due()


def asking() -> u64:
    """The number of the service that itself asks, through its own gate; NOBODY: somebody else does."""
    number = call.badge & NUMBER
    is_service = call.badge & ASKING != 0 and services.serves(number)
    return services.instances[number].service if is_service else u64(NOBODY)


def tell_no_room(service: u64, name: Text) -> None:
    """A name cannot be kept."""
    title = str(services.items[service].name, "utf-8")
    print(f"supervisor: {name} will be lost if the {title} service dies: {MOST_NAMES_KEPT} names are kept")


def is_manifests(name: Bytes) -> bool:
    """Whether we register that name by ourselves: it is our own, or a service's."""
    if name == worker.OWN_NAME.encode():
        return True
    for number in range(services.count):
        for i in range(services.items[number].name_count):
            if services.items[number].names[i] == name:
                return True
    return False


def describe(service: Service, into: Slice[u8]) -> None:
    """A ServiceInfo."""
    info = ServiceInfo()
    info.generation, info.version, info.state = service.generation, service.version, service.state
    info.last_pause, info.longest_pause = service.last_pause, service.longest_pause
    if service.instance != NO_INSTANCE:
        process = services.instances[service.instance].program.process
        info.pid = serial_of(process)
        info.quota, _ = account_of(process)
    write_info(info, service.name, into)


def describe_own(into: Slice[u8]) -> None:
    """The supervisor's own."""
    info = ServiceInfo()
    info.pid, info.version, info.state = serial_of(board.itself), own.version, ServiceState.SERVING
    info.quota, _ = account_of(board.itself)
    info.last_pause, info.longest_pause = own.last_pause, own.longest_pause
    write_info(info, OWN_NAME.encode(), into)


def write_info(info: ServiceInfo, name: Bytes, into: Slice[u8]) -> None:
    """It, with its name."""
    info.name_length = min(u64(len(name)), u64(len(info.name)))
    info.name[0 : info.name_length] = name[0 : info.name_length]
    into[:] = view(address_of(info), INFO_SIZE)


def serial_of(process: Process) -> u64:
    """The number that no other process has."""
    figures = Info()
    read_info(process.handle, figures)
    return figures.words[0]


server: SupervisorServer = SupervisorServer()


def main() -> None:
    """Everything that happens after root has started us."""
    machine.start()  # what root gave us
    start_table()  # no service yet
    worker.start()  # the thread that waits for servers
    if given(PORT) != NO_HANDLE:
        begin()
    serve(server)


def begin() -> None:
    """Unless we take another's place: start all servers."""
    loop.port.handle = given(PORT)  # where servers and the kernel find us
    try:
        read_manifest(find_file(board.archive, initrd.SERVICES), services)
    except BadManifest as error:
        print(f"supervisor: {initrd.SERVICES}: {error}")
        exit_program(1)
    fit_quotas()
    deaths.start_all()  # all servers
    worker.register_names()  # so that clients find them
