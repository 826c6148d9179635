"""What the compiler's stubs call, on both sides of an interface (interface.py; compiler/interfaces/ writes the stubs).

Word 0 of a request is the method's number, of a reply 0 or the code of an error. An error's reply carries its numbers
in words 1 to 3 and its text as the segment.
"""

from typing import Generic, NoReturn, TypeVar

from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Status
from atoll.abi.interfaces import BAD_REQUEST, MAX_PACKED, MAX_TRIES, NOT_TRANSFERABLE, UNREACHABLE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import address_of, copy_memory, text_at
from atoll.abi.types import Array, Bytes, Slice, Text, noinline, u8, u64
from atoll.userland.runtime.errors import TEXT_SIZE, kept_length, record
from atoll.userland.runtime.interface import NotTransferable, OutcomeUnknown, ServiceError, Unreachable, call
from atoll.userland.runtime.kernel_errors import refuse
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.text import is_utf8

T = TypeVar("T")

# ---- the client's side ----


class Room(Generic[T]):
    """Where a structure comes as answer, or the text of an error."""

    value: T
    more: Array[u8, TEXT_SIZE]


def expect_text(letter: Letter) -> None:
    """The text of an error comes straight into the thread's error record."""
    letter.set_buffer(record.text[:])


def expect(letter: Letter, buffer: Slice[u8]) -> None:
    """The answer comes into the caller's buffer, as far as an answer can be long."""
    letter.set_buffer(buffer[0 : min(u64(len(buffer)), MAX_SEGMENT)])


@noinline
def invoke(letter: Letter, gate: u64, number: u64, takes_handle: bool) -> u64:
    """Make a call; 0 or the code of the error that came back. Raises OutcomeUnknown."""
    letter.words[0] = number
    status = letter.attempt(Call.CALL, gate, NO_TIMEOUT)
    if status != Status.OK:
        if was_lost(status):
            raise OutcomeUnknown("the receiver died at work on this call")
        refuse(status, letter.words[0])
    return result_code(letter, takes_handle)


@noinline
def invoke_again(letter: Letter, gate: u64, number: u64, takes_handle: bool) -> u64:
    """The same for an idempotent method: if the receiver dies, its successor is asked."""
    a, b, c = letter.words[1], letter.words[2], letter.words[3]
    size = letter.transfer.send_size
    for _ in range(MAX_TRIES):
        letter.set_words(number, a, b, c)
        letter.transfer.send_size = size
        status = letter.attempt(Call.CALL, gate, NO_TIMEOUT)
        if status == Status.OK:
            return result_code(letter, takes_handle)
        if not was_lost(status):
            refuse(status, letter.words[0])
    raise OutcomeUnknown("every receiver died at work on this call")


def was_lost(status: u64) -> bool:
    """Whether the call may have been done although no answer came."""
    return status == Status.PEER_DIED or status == Status.REPLY_DROPPED


def result_code(letter: Letter, takes_handle: bool) -> u64:
    """Word 0 of a reply; a handle that comes uninvited is given up."""
    code = letter.words[0]
    if letter.handle != NO_HANDLE and (code != 0 or not takes_handle):
        close(letter.handle)
    return code


def received_text(letter: Letter) -> Text:
    """The text of the error that came back."""
    return text_at(letter.transfer.buffer_address, min(letter.size, TEXT_SIZE))


def raise_unknown(code: u64) -> NoReturn:
    """An answer that says nothing in this interface."""
    if code == BAD_REQUEST:
        raise ServiceError("the service does not understand the request")
    if code == UNREACHABLE:
        raise Unreachable("the service's node has not got the call")
    if code == NOT_TRANSFERABLE:
        raise NotTransferable("a handle of that kind cannot cross the wire")
    raise ServiceError(f"the service answers with the unknown error {code:#x}")


def check_answer(is_good: bool) -> None:
    """Refuse an answer that is not as the interface says."""
    if not is_good:
        raise ServiceError("the service's answer is not what its interface says")


# ---- the server's side ----


def begin_call(letter: Letter) -> None:
    """A call is about to be done."""
    call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply


def end_call(letter: Letter) -> None:
    """The method has returned: with a postponed answer there is nothing to reply now."""
    letter.reply = call.reply


def is_postponed() -> bool:
    """Whether the method has taken the reply handle."""
    return call.reply == NO_HANDLE


def is_text(data: Bytes) -> bool:
    """Whether bytes received can be a Text."""
    return is_utf8(data)


def reject(letter: Letter) -> None:
    """Answer that the request makes no sense; what came with it is given up."""
    if letter.handle != NO_HANDLE:
        close(letter.handle)
    letter.set_words(BAD_REQUEST)


def answer_error(letter: Letter, code: u64) -> None:
    """Answer with the error that was just caught: the thread's error record still holds it."""
    call.reply = letter.reply
    letter.set_words(code, record.words[0], record.words[1], record.words[2])
    letter.enclose(record.text[0 : record.text_length])


def reply_later(letter: Letter, reply: u64) -> None:
    """Give a postponed answer; if nobody waits for it any more, it is dropped."""
    given = letter.transfer.handle
    status = letter.attempt(Call.REPLY, reply, NO_TIMEOUT)
    if status != Status.OK:
        take_back(letter, reply, given, status)


def take_back(letter: Letter, reply: u64, given: u64, status: u64) -> None:
    """An answer was refused: what was given with it is still ours. Raises KernelError if that was our own mistake."""
    if given != NO_HANDLE:
        close(given)
    match status:
        case Status.CALLER_GONE:
            return
        case Status.TOO_LONG | Status.NO_PEER_MEMORY:  # the caller has less room than the answer takes
            if letter.words[0] == 0:
                letter.set_words(BAD_REQUEST)
            letter.attempt(Call.REPLY, reply, NO_TIMEOUT)  # (an error goes without its text)
        case _:
            refuse(status, letter.words[0])


def kept(text: Text) -> Bytes:
    """As much of an error's text as is kept."""
    data = text.encode()
    return data[0 : kept_length(data)]


# ---- several arguments in one segment: each its length (u64) and its bytes, filled up to 8 ----


class Packer:
    """Packs a request."""

    data: Array[u8, MAX_PACKED]
    used: u64

    def put(self, part: Bytes) -> None:
        """Add an argument. Raises ValueError."""
        size = u64(len(part))
        if size > MAX_PACKED or self.used + 8 + padded(size) > MAX_PACKED:
            raise ValueError("the arguments of this call are too long together")
        head = Length()
        head.value = size
        copy_memory(address_of(self.data) + self.used, address_of(head), 8)
        copy_memory(address_of(self.data) + self.used + 8, address_of(part), size)
        self.used += 8 + padded(size)


class Unpacker:
    """Takes a request apart."""

    data: Slice[u8]
    used: u64
    is_bad: bool

    def take(self) -> Slice[u8]:
        """The next argument; nothing, and `is_bad` from then on, if the request is too short."""
        left = u64(len(self.data)) - self.used
        head = Length()
        if left >= 8:
            copy_memory(address_of(head), address_of(self.data) + self.used, 8)
        if left < 8 or head.value > left - 8 or padded(head.value) > left - 8:
            self.is_bad = True
            return self.data[0:0]
        start = self.used + 8
        self.used = start + padded(head.value)
        return self.data[start : start + head.value]

    def is_whole(self) -> bool:
        """Whether the request was as long as its arguments, no shorter and no longer."""
        return not self.is_bad and self.used == len(self.data)


class Length:
    """A number in memory, for bytes that may lie anywhere."""

    value: u64


def padded(size: u64) -> u64:
    """The next multiple of 8."""
    return (size + 7) // 8 * 8
