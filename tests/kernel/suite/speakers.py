"""Those who speak with each other in tests of messages: a port with a gate to it, servers that echo, callers that leave
what came of their call.
"""

from peers import leave
from world import given

from atoll.abi.address_space import USER_END
from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u8, u64
from atoll.userland.runtime.kernel_calls import let_others_run
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.shared import SharedNumber

MILLISECOND = 1_000_000
STOP = 99  # word 0 that ends an echo server
BAD = 0x1000  # an address where nothing is
NOT_OURS: Array[u64, 6] = Array((0, BAD, 0x8020_0000, 0xFFFF_FFC0_8020_0000, 0xFFFF_FFFF_FFFF_FFF8, USER_END - 4))
outgoing: Array[u8, 65600] = Array()
incoming: Array[u8, 65600] = Array()
served: Array[u8, 65600] = Array()
seen: Array[SharedNumber, 8] = Array()
gate: Gate = Gate(NO_HANDLE)
port: Port = Port(NO_HANDLE)


def open_port() -> None:
    """A port and a gate of badge 7 for the next test."""
    port.handle = create_port(3).handle
    gate.handle = port.mint(7).handle
    for number in range(u64(len(seen))):
        seen[number].write(0)


def shut_port() -> None:
    gate.close()
    port.close()


# ---- other threads and processes ----


def echo(at: u64) -> None:
    """Answer each call with its words, each larger by one, and with its bytes; `at` is the port."""
    letter = Letter()
    letter.set_buffer(served[:])
    own = Port(at)
    while True:
        own.receive(letter)
        if letter.words[0] == STOP:
            letter.answer()
            return
        letter.enclose(served[0 : letter.size])
        letter.set_words(letter.words[0] + 1, letter.words[1] + 1, letter.words[2] + 1, letter.words[3] + letter.badge)
        if letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT) == Status.TOO_LONG:
            close(letter.reply)


def echo_given(_: u64) -> None:
    """The same in another process, at the port that it is given."""
    echo(given.handles[0])


def stop_echo() -> None:
    letter = Letter()
    letter.set_words(STOP)
    gate.call(letter)


def call_once(at: u64) -> None:
    """Call a gate; leave the status in seen[0] and the first word in seen[1]."""
    letter = Letter()
    letter.set_words(10, 20, 30, 40)
    status = letter.attempt(Call.CALL, at, NO_TIMEOUT)
    seen[1].write(letter.words[0])
    seen[0].write(status + 1000)


def call_and_leave(_: u64) -> None:
    """In another process: call the gate given; the exit status is the call's, or the first word if that is OK."""
    letter = Letter()
    letter.set_words(10, 20, 30, 40)
    status = letter.attempt(Call.CALL, given.handles[0], NO_TIMEOUT)
    leave(letter.words[0] if status == Status.OK else status)


def send_numbered(number: u64) -> None:
    """Send one word through the gate."""
    letter = Letter()
    letter.set_words(number)
    gate.send(letter)


def receive_once(at: u64) -> None:
    """Receive; leave status and first word in `seen`."""
    letter = Letter()
    status = letter.attempt(Call.RECEIVE, at, NO_TIMEOUT)
    seen[1].write(letter.words[0])
    seen[0].write(status + 1000)


def wait_until_seen() -> u64:
    """Until a worker has left its status; that."""
    while seen[0].read() == 0:
        let_others_run()
    return seen[0].read() - 1000
