"""A service at a node as the host's clients see it: the transport that `client(Interface, transport)` calls through."""

from typing import Protocol

from atoll.net.frame import Words
from atoll.net.station import NO_PORT, EffectUnknown, Reply


class Caller(Protocol):
    """Who carries a call to a node and lets time pass until its reply is there."""

    def call(self, service: str, words: Words, segment: bytes, room: int, port: bytes = NO_PORT) -> Reply:
        """The reply; raises CallError."""


class Remote:
    """One service by its name, or one port by its network identity."""

    def __init__(self, caller: Caller, service: str, port: bytes = NO_PORT) -> None:
        self.caller = caller
        self.service = service
        self.port = port
        self._received = NO_PORT

    def call(self, words: Words, segment: bytes, buffer_size: int) -> tuple[Words, bytes]:
        """One call; raises OutcomeUnknown if nobody knows what came of it, and CallError if it was not carried out."""
        from atoll.userland.runtime.interface import OutcomeUnknown

        try:
            reply = self.caller.call(self.service, words, segment, buffer_size, self.port)
        except EffectUnknown as error:
            raise OutcomeUnknown(str(error)) from error
        self._received = reply.port
        return reply.words, reply.segment

    def take_port(self) -> "Remote":
        """The port that came with the last reply."""
        return Remote(self.caller, f"a port of {self.service}", self._received)
