"""cluster_target: a service for programs of other nodes; registers itself in this node's names, and never ends."""

from node_support import busy
from target import NAME, Target

from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Message
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.messages import Letter, create_port
from atoll.userland.runtime.startup import given


class TargetServer(Target):
    """It."""

    def nothing(self) -> None:
        pass

    def take(self, data: Bytes) -> u64:
        return u64(len(data))

    def busy(self) -> u64:
        return busy()


class Room:
    """Of messages."""

    request: Array[u8, MAX_SEGMENT]
    reply: Array[u8, MAX_SEGMENT]


room: Room = Room()


def main() -> None:
    """Serve."""
    port = create_port()
    Naming(given(NAMING)).replace(NAME, port.mint(0))
    server = TargetServer()
    letter = Letter()
    letter.set_buffer(room.request[:])
    while True:
        port.receive(letter)
        if letter.kind == Message.CALL:
            call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
            server.dispatch(letter, room.request[0 : letter.size], room.reply[:])
            letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)  # who does not wait any more is passed over
