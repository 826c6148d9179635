"""A service at a node as the host's clients see it: the transport that `client(Interface, transport)` calls through."""

from typing import Protocol

from atoll.abi.wire import Way
from atoll.net.envelope import NO_GATE, NO_WORDS, RemoteGate, Words
from atoll.net.station import EffectUnknown, Reply


class Caller(Protocol):
    """Who carries a call to a node and lets time pass until its reply is there."""

    def call(
        self, service: str, words: Words, segment: bytes, room: int, gate: RemoteGate = NO_GATE, way: Way = Way.CALL
    ) -> Reply:
        """The reply; raises CallError."""


class Remote:
    """One service by its name, or what a gate from there leads to."""

    def __init__(self, caller: Caller, service: str, gate: RemoteGate = NO_GATE) -> None:
        self.caller = caller
        self.service = service
        self.gate = gate
        self._received = NO_GATE

    def call(self, words: Words, segment: bytes, buffer_size: int) -> tuple[Words, bytes]:
        """One call; raises OutcomeUnknown if nobody knows what came of it, and CallError if it was not carried out."""
        from atoll.userland.runtime.interface import OutcomeUnknown

        try:
            reply = self.caller.call(self.service, words, segment, buffer_size, self.gate)
        except EffectUnknown as error:
            raise OutcomeUnknown(str(error)) from error
        self._received = reply.gate
        return reply.words, reply.segment

    def take_port(self) -> "Remote":
        """The port that came with the last reply."""
        return Remote(self.caller, f"a port of {self.service}", self._received)

    def release(self) -> None:
        """The gate is not needed any more."""
        self.caller.call(self.service, (1, *NO_WORDS[1:]), b"", 0, self.gate, Way.RELEASE)
