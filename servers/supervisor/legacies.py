"""What a dead server leaves for its successor: the processes that it managed, and the names that it had been told.

A process that was inherited once is a child of ours for good: each later successor is given a handle of it too.
"""

from atoll.abi.objects import NO_HANDLE, Info, Kind, Right
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.naming.interface import MAX_NAME
from atoll.servers.supervisor.services import MOST_INHERITED, Service
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Process, close, duplicate, is_dead_gate, read_info

LOST = 1  # status of a process that there was no room for
MOST_NAMES_KEPT = 96
MAX_NOTE = 48  # bytes that a service can have noted with a name
IS_DEAD = 6  # word of a process's Info
OWN_RIGHTS = Right.MANAGE | Right.DUPLICATE | Right.MOVE


# ---- processes ----


def keep_process(service: Service, process: Process) -> None:
    """For the service's next server."""
    forget_ended(service)
    if service.inherited_count == MOST_INHERITED:
        process.destroy(LOST)
        process.close()
        return
    service.inherited[service.inherited_count] = process.handle
    service.inherited_count += 1


def forget_ended(service: Service) -> None:
    """Processes that have ended meanwhile are nobody's concern."""
    kept: u64 = 0
    for i in range(service.inherited_count):
        if is_dead(service.inherited[i]):
            close(service.inherited[i])
        else:
            service.inherited[kept] = service.inherited[i]
            kept += 1
    service.inherited_count = kept


def is_dead(process: u64) -> bool:
    """Whether a process has ended."""
    info = Info()
    read_info(process, info)
    return info.kind != Kind.PROCESS or info.words[IS_DEAD] == 1


def another_handle(process: u64) -> u64:
    """One to give away."""
    return duplicate(process, OWN_RIGHTS)


# ---- names ----


class KeptName:
    """A name that a program registered itself; those of services are in the manifest."""

    length: u64  # 0: not in use
    name: Array[u8, MAX_NAME]
    gate: Gate
    is_mount: bool
    service: u64  # whom it was told: the naming service, or the directory
    note: Array[u8, MAX_NOTE]  # what that knows of it besides

    def text(self) -> Bytes:
        """The name."""
        return self.name[0 : self.length]


class KeptNames:
    """All of them, for services that have died."""

    items: Array[KeptName, MOST_NAMES_KEPT]

    def keep(self, service: u64, name: Bytes, gate: Gate, is_mount: bool, note: Bytes) -> bool:
        """The gate is ours; False if there is no room."""
        self.forget(service, name)
        for item in self.items:
            if item.length == 0 and 0 < len(name) <= MAX_NAME and len(note) <= MAX_NOTE:
                item.gate, item.is_mount, item.service = gate, is_mount, service
                item.name[0 : len(name)] = name
                item.note[0 : len(note)] = note
                item.length = u64(len(name))
                return True
        close_gate(gate)
        return False

    def forget(self, service: u64, name: Bytes) -> None:
        """It is not registered any more."""
        for item in self.items:
            if item.length != 0 and item.service == service and item.text() == name:
                item.length = 0
                close_gate(item.gate)

    def next(self, service: u64, first: u64) -> u64:
        """The place of the service's first name from a place on, if there is somebody behind it; MOST_NAMES_KEPT: there
        is none."""
        for place in range(first, u64(MOST_NAMES_KEPT)):
            item = self.items[place]
            if item.length != 0 and item.service == service and not is_dead_gate(item.gate.handle):
                return place
        return MOST_NAMES_KEPT


def close_gate(gate: Gate) -> None:
    """Give up a gate, if there is one."""
    if gate.handle != NO_HANDLE:
        try:
            gate.close()
        except KernelError:
            return


kept_names: KeptNames = KeptNames()
