"""Answers to requests that had to wait."""

from atoll.abi.types import Text, u64
from atoll.servers.directory import keeping
from atoll.servers.directory.gates import close_quietly, duplicate_of
from atoll.servers.directory.interface import Change, Directory, Outcome
from atoll.servers.directory.replica import Replica
from atoll.servers.directory.requests import Kind, Request
from atoll.servers.naming.interface import NameTaken, Naming, NamingFull, NoSuchName
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import is_dead_gate


def give(replica: Replica) -> None:
    """To all that can be answered now."""
    place: u64 = 0
    while place < replica.requests.count:
        request = replica.requests.items[place]
        if answer(replica, request):
            close_quietly(request.gate)
            replica.requests.remove(place)
        else:
            place += 1


def answer(replica: Replica, request: Request) -> bool:
    """One of them; False if it has to wait longer."""
    match request.kind:
        case Kind.CHANGE:
            if request.is_done:
                if request.outcome == Outcome.DONE:
                    keeping.changed(replica, request.record.text())
                answer_change(request, str(request.record.text(), "utf-8"))
            return request.is_done
        case Kind.SUBMITTED:
            if request.is_done:
                answer_directory(request)
            return request.is_done
        case Kind.RESOLVE:
            return answer_resolve(replica, request)
        case _:
            return answer_lookup(replica, request)


def answer_change(request: Request, name: Text) -> None:
    """To a program of this node."""
    match request.outcome:
        case Outcome.TAKEN:
            Naming.fail(request.reply, NameTaken(name))
        case Outcome.NO_SUCH_NAME:
            Naming.fail(request.reply, NoSuchName(name))
        case Outcome.DONE:
            tell_version(request)
        case _:
            Naming.fail(request.reply, NamingFull("the cluster has as many names as its table holds"))


def tell_version(request: Request) -> None:
    """It is done."""
    match request.record.change:
        case Change.REGISTER:
            Naming.reply_register(request.reply, request.version)
        case Change.REPLACE:
            Naming.reply_replace(request.reply, request.version)
        case Change.MOUNT:
            Naming.reply_mount(request.reply, request.version)
        case _:
            Naming.reply_remove(request.reply)


def answer_directory(request: Request) -> None:
    """To another node's directory."""
    if request.record.change == Change.REMOVE:
        Directory.reply_submit_removal(request.reply, request.outcome, request.version)
    else:
        Directory.reply_submit(request.reply, request.outcome, request.version)


def answer_lookup(replica: Replica, request: Request) -> bool:
    """The name is there, or nobody has it."""
    entry = replica.entries.find(request.record.text())
    if entry is not None and not is_dead_gate(entry.gate):
        gate = Gate(duplicate_of(entry.gate))
        if request.kind == Kind.WAIT:
            Naming.reply_wait_for(request.reply, gate)
        else:
            Naming.reply_lookup(request.reply, gate)
        return True
    if request.kind == Kind.WAIT or not replica.peers.is_ready:
        return False
    Naming.fail(request.reply, NoSuchName(str(request.record.text(), "utf-8")))
    return True


def answer_resolve(replica: Replica, request: Request) -> bool:
    """Likewise."""
    entry = replica.entries.longest(request.record.text())
    if entry is not None and not is_dead_gate(entry.gate):
        is_mount = entry.record.change == Change.MOUNT
        Naming.reply_resolve(request.reply, entry.record.length, is_mount, duplicate_of(entry.gate))
        return True
    if not replica.peers.is_ready:
        return False
    Naming.fail(request.reply, NoSuchName(str(request.record.text(), "utf-8")))
    return True
