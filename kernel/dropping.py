"""What happens to an object when a handle of it is closed."""

from atoll.abi.calls import Status
from atoll.abi.objects import Kind, Right
from atoll.abi.raw import at
from atoll.kernel import devices, faults, handles, memories, ports, processes, threads, waiting
from atoll.kernel.objects import Entry, Gate, Interrupt, Memory, Port, Process, Set, Thread


def close(process: Process, entry: Entry) -> None:
    """Close a handle. A port's destroys the port, unless the process is dying and has an heir."""
    kind, target, can_send = handles.kind_of(entry), entry.object, handles.rights_of(entry) & Right.SEND != 0
    if kind == Kind.REPLY:
        drop_reply(process, entry)  # while the thread still knows the place
    handles.give_place(process, entry)
    match kind:
        case Kind.PORT:
            processes.drop_port(process, at(Port, target))
        case Kind.GATE:
            ports.drop_gate(at(Gate, target), not can_send)
        case Kind.MEMORY:
            memories.drop(at(Memory, target))
        case Kind.THREAD:
            threads.drop(at(Thread, target))
        case Kind.PROCESS:
            processes.drop(at(Process, target))
        case Kind.SET:
            ports.destroy_set(at(Set, target))
        case Kind.INTERRUPT:
            devices.drop(at(Interrupt, target))


def drop_reply(process: Process, entry: Entry) -> None:
    """A reply that will never be given."""
    caller = at(Thread, entry.object)
    if caller.reply is not entry:
        faults.drop_reply(caller, process.dying)
    elif not process.dying:
        waiting.end(caller, Status.REPLY_DROPPED)
    else:
        caller.frame.a1 = process.head.serial
        waiting.end(caller, Status.PEER_DIED)
