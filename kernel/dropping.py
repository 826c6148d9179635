"""What happens to an object when a handle of it is closed."""

from atoll.abi.calls import Status
from atoll.abi.objects import Kind
from atoll.abi.raw import at
from atoll.kernel import devices, faults, handles, memories, ports, processes, threads, waiting
from atoll.kernel.objects import Entry, Gate, Header, Interrupt, Memory, Port, Process, Set, Thread


def close(process: Process, entry: Entry) -> None:
    """Close a handle; a port's destroys the port."""
    kept = Entry()
    kept.word = entry.word
    kept.object = entry.object
    if handles.kind_of(entry) == Kind.REPLY:
        drop(entry, None)  # while the thread still knows the place
        handles.give_place(process, entry)
        return
    handles.give_place(process, entry)
    if handles.kind_of(kept) == Kind.PORT:
        ports.destroy(at(Port, kept.object), 0)
    else:
        drop(kept, None)


def drop(entry: Entry, dying: Process | None) -> None:
    """The object has one handle less (not of a port)."""
    match handles.kind_of(entry):
        case Kind.GATE:
            ports.drop_gate(at(Gate, entry.object))
        case Kind.REPLY:
            drop_reply(entry, dying)
        case Kind.MEMORY:
            memories.drop(at(Memory, entry.object))
        case Kind.THREAD:
            threads.drop(at(Thread, entry.object))
        case Kind.PROCESS:
            processes.drop(at(Process, entry.object))
        case Kind.SET:
            ports.destroy_set(at(Set, entry.object))
        case Kind.INTERRUPT:
            devices.drop(at(Interrupt, entry.object))


def drop_reply(entry: Entry, dying: Process | None) -> None:
    """A reply that will never be given."""
    caller = at(Thread, entry.object)
    if caller.reply is not entry:
        caller.fault_reply = None
        faults.give_up(caller)
    elif dying is None:
        waiting.abort(caller, Status.REPLY_DROPPED)
    else:
        caller.frame.a1 = dying.head.serial
        waiting.abort(caller, Status.PEER_DIED)


def add_reference(entry: Entry) -> None:
    """The object has one handle more."""
    if handles.kind_of(entry) == Kind.THREAD:
        at(Thread, entry.object).head.references += 1
    else:
        at(Header, entry.object).references += 1
