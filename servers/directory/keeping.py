"""Names of programs of this node, which the supervisor keeps for our successor: should we die while no other node can
be reached, nobody else would have them. A name goes with its whole record, so that the others' copies are known again.
"""

from atoll.abi.raw import address_of, copy_memory, view
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.directory.entries import Entry
from atoll.servers.directory.gates import duplicate_of
from atoll.servers.directory.interface import Record
from atoll.servers.directory.replica import Replica
from atoll.servers.naming.interface import MAX_NAME
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.system import parent_gate

NOTE_SIZE = 48  # bytes of a Record in front of the length of its name


class Kept:
    """What the supervisor answers."""

    data: Array[u8, NOTE_SIZE + MAX_NAME]


kept: Kept = Kept()


def changed(replica: Replica, name: Bytes) -> None:
    """A change of a name was confirmed: the supervisor keeps it if it is ours, and else no longer."""
    entry = replica.entries.find(name)
    if entry is not None and entry.record.owner == replica.peers.own_number:
        keep(entry)
    else:
        forget(name)


def keep(entry: Entry) -> None:
    """Note it."""
    try:
        note = view(address_of(entry.record), NOTE_SIZE)
        Supervisor(parent_gate()).keep_entry(str(entry.record.text(), "utf-8"), note, Gate(duplicate_of(entry.gate)))
    except (ServiceError, KernelError):
        return  # in a machine without a supervisor nobody would start us again


def forget(name: Bytes) -> None:
    """Likewise."""
    try:
        Supervisor(parent_gate()).forget_name(str(name, "utf-8"))
    except (ServiceError, KernelError):
        return


def restore(replica: Replica) -> None:
    """All that was kept; nothing if we are the first directory since the machine was switched on."""
    record = Record()
    place: u64 = 0
    try:
        while True:
            size, place, gate = Supervisor(parent_gate()).kept_entry(place, kept.data[:])
            if size <= NOTE_SIZE:
                return
            copy_memory(address_of(record), address_of(kept.data), NOTE_SIZE)
            record.length = size - NOTE_SIZE
            record.name[0 : record.length] = kept.data[NOTE_SIZE:size]
            replica.version = max(replica.version, record.version)
            replica.entries.merge(record, gate)
    except (ServiceError, KernelError):
        return
