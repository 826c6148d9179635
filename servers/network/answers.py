"""What callers of this node are told: the reply from the wire, or that there will be none."""

from atoll.abi.calls import NO_TIMEOUT, Status
from atoll.abi.calls import Call as KernelCall
from atoll.abi.interfaces import BAD_REQUEST, NOT_TRANSFERABLE, UNREACHABLE
from atoll.abi.objects import NO_HANDLE, Info, Kind
from atoll.abi.types import u64
from atoll.abi.wire import Outcome
from atoll.servers.network import claims
from atoll.servers.network.calls import Call, Claimer
from atoll.servers.network.crossing import arrive
from atoll.servers.network.exports import close_quietly
from atoll.servers.network.message import Message
from atoll.servers.network.peers import NOWHERE
from atoll.servers.network.proxies import proxies
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import read_info

letter: Letter = Letter()


def answered(call: Call, message: Message) -> None:
    """The reply is here."""
    envelope = message.envelope
    if call.claimer != Claimer.NOBODY:
        claims.finished(call, envelope.way == Outcome.ANSWERED)
        return
    handle = arrive(envelope, call.peer)
    if envelope.is_dead:
        place = proxies.of_label(call.label)
        if place != NOWHERE:
            proxies.end(place)  # nothing is given back: the owner forgets what we had of it too
    if call.reply.handle == NO_HANDLE:
        close_quietly(handle)
        return
    match envelope.way:
        case Outcome.ANSWERED:
            proxies.is_there(call.label)
            if envelope.handle_kind != Kind.NONE and handle == NO_HANDLE:
                refuse(call.reply.handle, NOT_TRANSFERABLE)
            else:
                pass_on(call.reply.handle, message, handle)
        case Outcome.NOT_TRANSFERABLE:
            refuse(call.reply.handle, NOT_TRANSFERABLE)
        case Outcome.NOT_TAKEN | Outcome.NO_SUCH_PORT | Outcome.NO_SUCH_SERVICE:
            not_taken(call, envelope.way, envelope.words[0])
        case _:
            close_quietly(call.reply.handle)  # the caller's stub says that the outcome is unknown


def not_taken(call: Call, outcome: u64, word: u64) -> None:
    """The service has not got it."""
    if call.is_lent:
        close_quietly(call.reply.handle)  # what its caller has asked for may have happened
        return
    refuse(call.reply.handle, UNREACHABLE, outcome, word)


def failed(call: Call, may_have_happened: bool) -> None:
    """There will be no reply."""
    if call.claimer != Claimer.NOBODY:
        claims.finished(call, False)
        return
    if call.reply.handle == NO_HANDLE:
        return
    if may_have_happened or call.is_lent:
        close_quietly(call.reply.handle)
    else:
        refuse(call.reply.handle, UNREACHABLE)


def is_waited_for(call: Call) -> bool:
    """Whether anybody waits for the reply; what nobody ever waited for is not given up either."""
    if call.reply.handle == NO_HANDLE:
        return True
    info = Info()
    read_info(call.reply.handle, info)
    if info.kind == Kind.CALLER_GONE:
        close_quietly(call.reply.handle)
        call.reply.handle = NO_HANDLE
        return False
    return True


def refuse(reply: u64, code: u64, outcome: u64 = 0, word: u64 = 0) -> None:
    """Answer instead of the service."""
    letter.set_words(code, outcome, word)
    if letter.attempt(KernelCall.REPLY, reply, NO_TIMEOUT) != Status.OK:
        close_quietly(reply)


def pass_on(reply: u64, message: Message, handle: u64) -> None:
    """Answer as the service did."""
    words = message.envelope.words
    letter.set_words(words[0], words[1], words[2], words[3])
    letter.enclose(message.segment)
    letter.give(handle)
    status = letter.attempt(KernelCall.REPLY, reply, NO_TIMEOUT)
    if status == Status.OK:
        return
    close_quietly(handle)
    if status == Status.TOO_LONG:  # as in a local server's loop (runtime/service.py)
        refuse(reply, words[0] if words[0] != 0 else u64(BAD_REQUEST), words[1], words[2])
    else:
        close_quietly(reply)
