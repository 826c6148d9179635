"""Messages: gates to send through, ports to receive at, and the letter that a message travels in.

A server's loop: `port.receive(letter)`, look at `letter.kind`, do what is asked, `letter.answer()`. All that waits
raises TimedOut, Cancelled, and what its call may raise besides (kernel_errors.py).
"""

from dataclasses import dataclass

from atoll.abi.calls import KIND_SHIFT, NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE, Transfer
from atoll.abi.raw import address_of
from atoll.abi.types import Array, Bytes, Slice, low32, u8, u64
from atoll.userland.runtime.kernel_calls import call_with_registers, system_call
from atoll.userland.runtime.kernel_errors import refuse

WORDS = 4


class Letter:
    """One message on its way out, or one that has come in. Its first fields are the registers of the call."""

    status: u64  # a0: first whom the call is for
    words: Array[u64, WORDS]  # a1 to a4
    handle: u64  # a5: the handle received, NO_HANDLE if none; it is ours now
    arrival: u64  # a6: bytes and kind
    number: u64  # a7
    badge: u64  # t0: of the gate that it came through
    reply: u64  # t1: whom to answer, NO_HANDLE if nobody waits for an answer
    label: u64  # t2: of the port that it came to

    transfer: Transfer

    @property
    def kind(self) -> u64:
        """A `Message` of abi/calls.py: what has been received."""
        return self.arrival >> KIND_SHIFT

    @property
    def size(self) -> u64:
        """Bytes received in the buffer."""
        return u64(low32(self.arrival))

    def set_words(self, first: u64, second: u64 = 0, third: u64 = 0, fourth: u64 = 0) -> None:
        """What the next message says."""
        self.words[0], self.words[1], self.words[2], self.words[3] = first, second, third, fourth

    def enclose(self, data: Bytes) -> None:
        """Send these bytes with the next message. They must stay where they are until then."""
        self.transfer.send_address = address_of(data)
        self.transfer.send_size = u64(len(data))

    def give(self, handle: u64) -> None:
        """Move this handle with the next message."""
        self.transfer.handle = handle

    def set_buffer(self, buffer: Slice[u8]) -> None:
        """Where bytes that come go, in this and in later messages. The buffer must live as long as the letter."""
        self.transfer.buffer_address = address_of(buffer)
        self.transfer.buffer_size = u64(len(buffer))

    def answer(self) -> None:
        """Reply to the message received: the words as they are now, what is enclosed and given. Raises CallerGone."""
        self.go(Call.REPLY, self.reply, NO_TIMEOUT)

    def go(self, number: u64, target: u64, timeout: u64) -> None:
        """Any of the calls with messages. What was enclosed and given is used up."""
        status = self.attempt(number, target, timeout)
        if status != Status.OK:
            refuse(status, self.words[0])

    def attempt(self, number: u64, target: u64, timeout: u64) -> u64:
        """As `go`; the status is the result, and nothing is raised."""
        transfer = self.transfer
        transfer.timeout = timeout
        is_plain = transfer.send_size == 0 and transfer.buffer_size == 0 and transfer.handle == NO_HANDLE
        self.status = target
        self.number = number
        self.handle = 0 if is_plain and timeout == NO_TIMEOUT else address_of(transfer)
        call_with_registers(address_of(self))
        transfer.send_size = 0
        transfer.handle = NO_HANDLE
        return self.status


@dataclass
class Gate:
    """The right to send to a port. Whoever receives there sees the gate's badge with each message."""

    handle: u64

    def call(self, letter: Letter, timeout: u64 = NO_TIMEOUT) -> None:
        """Send, and wait for the reply, which the letter then holds. Nanoseconds for both together."""
        letter.go(Call.CALL, self.handle, timeout)

    def mint(self, badge: u64, flags: u64 = 0) -> "Gate":
        """Another gate of its port (MintFlag); this one needs Right.MANAGE."""
        return Gate(system_call(Call.GATE_MINT, self.handle, badge, flags))

    def send(self, letter: Letter, timeout: u64 = NO_TIMEOUT) -> None:
        """Send, and wait until it has been received."""
        letter.go(Call.SEND, self.handle, timeout)

    def notify(self, bits: u64) -> None:
        """Add bits to those that the port has pending; never waits."""
        system_call(Call.NOTIFY, self.handle, bits)

    def close(self) -> None:
        """Give the gate up."""
        system_call(Call.HANDLE_CLOSE, self.handle)


@dataclass
class Port:
    """The right to receive."""

    handle: u64

    def receive(self, letter: Letter, timeout: u64 = NO_TIMEOUT) -> None:
        """Wait for the next message."""
        letter.go(Call.RECEIVE, self.handle, timeout)

    def answer_and_receive(self, letter: Letter, timeout: u64 = NO_TIMEOUT) -> None:
        """Reply to the message that the letter holds and wait for the next, in one call. Raises CallerGone."""
        letter.arrival = letter.reply
        letter.go(Call.REPLY_RECEIVE, self.handle, timeout)

    def mint(self, badge: u64, tell_when_last: bool = False) -> Gate:
        """A new gate to this port. If asked, a LAST_HANDLE message comes when nobody holds it any more."""
        return Gate(system_call(Call.GATE_MINT, self.handle, badge, 1 if tell_when_last else 0))

    def revoke(self, badge: u64) -> None:
        """All gates of that badge are dead at once, whoever holds them."""
        system_call(Call.GATE_REVOKE, self.handle, badge)

    def set_label(self, label: u64) -> None:
        """The number that tells this port's messages from those of others in a set."""
        system_call(Call.PORT_LABEL, self.handle, label)

    def close(self) -> None:
        """Destroy the port: whoever waits at it gets PeerDied."""
        system_call(Call.HANDLE_CLOSE, self.handle)


@dataclass
class PortSet:
    """Several ports received at together."""

    handle: u64

    def add(self, port: Port) -> None:
        """From now on this port's messages come to the set."""
        system_call(Call.SET_ADD, self.handle, port.handle)

    def remove(self, port: Port) -> None:
        """The port stands for itself again."""
        system_call(Call.SET_REMOVE, self.handle, port.handle)

    def receive(self, letter: Letter, timeout: u64 = NO_TIMEOUT) -> None:
        """Wait for the next message at any of the ports; the letter's label says at which."""
        letter.go(Call.RECEIVE, self.handle, timeout)

    def close(self) -> None:
        """Give the set up; its ports stay."""
        system_call(Call.HANDLE_CLOSE, self.handle)


def create_port(label: u64 = 0) -> Port:
    """A new port with nobody who could send to it."""
    return Port(system_call(Call.PORT_CREATE, label))


def create_set() -> PortSet:
    """A new set without ports."""
    return PortSet(system_call(Call.SET_CREATE))
