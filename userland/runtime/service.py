"""A server's loop: receive, do, answer; and its obedience to the supervisor: park, hand the state over, take it.

`serve(NamingServer())` never returns. Messages come from the service port and from ports that the server adds with
`loop.add`; the control port is the supervisor's. A parked server receives from the control port only: its clients
wait in the kernel, and find the server that has the ports then.
"""

from typing import NoReturn, TypeVar

from atoll.abi.address_space import STATE_WINDOW
from atoll.abi.calls import MAX_SEGMENT, Call, Message, Status
from atoll.abi.control import Answer, Ask
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, load64, store64
from atoll.abi.startup import CONTROL, PORT
from atoll.abi.types import Array, Text, u8, u64
from atoll.userland.runtime.interface import Interface, call
from atoll.userland.runtime.kernel_errors import refuse as refuse_status
from atoll.userland.runtime.messages import Letter, Port, PortSet, create_set
from atoll.userland.runtime.objects import Memory, Process, close
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.stubs import take_back
from atoll.userland.runtime.system import own_process

# ---- labels of ports: those that a server adds have larger ones ----
SERVICE_LABEL = 1
CONTROL_LABEL = 2
FIRST_FREE_LABEL = 3

S = TypeVar("S", bound=Interface)


class Loop:
    """What the loop works with."""

    port: Port
    control: Port
    ports: PortSet
    parked: bool
    serving: bool  # it has its service port
    taken: u64  # ports and reply handles that came from a predecessor
    letter: Letter
    writer: StateWriter
    reader: StateReader
    request: Array[u8, MAX_SEGMENT]
    reply: Array[u8, MAX_SEGMENT]

    def add(self, port: Port, label: u64) -> None:
        """Receive at another port too; `notified` and `call.label` tell its label."""
        port.set_label(label)
        self.ports.add(port)


loop: Loop = Loop()


def serve(server: S) -> NoReturn:
    """Answer calls for ever."""
    start()
    letter = loop.letter
    letter.set_buffer(loop.request[:])
    while True:
        if not receive(server, letter):
            server.timed_out()
        elif letter.label == CONTROL_LABEL:
            obey(server, letter)
        elif letter.kind == Message.CALL:
            call.badge, call.label, call.reply = letter.badge, letter.label, letter.reply
            server.dispatch(letter, loop.request[0 : letter.size], loop.reply[:])
        elif letter.kind == Message.NOTIFICATION:
            server.notified(letter.words[0], letter.label)
        elif letter.kind == Message.LAST_HANDLE:
            server.last_handle(letter.badge)
        else:
            server.other_message(letter)


def start() -> None:
    """Receive at the control port, and at the service port if we have it already."""
    if loop.ports.handle == NO_HANDLE:
        loop.ports = create_set()
    loop.control.handle = given(CONTROL)
    if loop.control.handle != NO_HANDLE:
        loop.add(loop.control, CONTROL_LABEL)
    if given(PORT) != NO_HANDLE:
        take_service_port(given(PORT))


def take_service_port(handle: u64) -> None:
    """From now on we serve."""
    loop.port.handle = handle
    loop.add(loop.port, SERVICE_LABEL)
    loop.serving = True


def receive(server: S, letter: Letter) -> bool:
    """Answer what is to be answered, and wait for the next message; False if none comes within the time-out."""
    reply = letter.reply if letter.kind == Message.CALL else NO_HANDLE
    if reply != NO_HANDLE:
        given = letter.transfer.handle
        letter.arrival = reply
        status = letter.attempt(Call.REPLY_RECEIVE, source(), server.timeout())
        if status == Status.OK:
            return True
        if status in (Status.TIMED_OUT, Status.WOULD_BLOCK):
            letter.arrival = 0
            return False
        if status == Status.CALLER_GONE and loop.parked:
            abandon_park(server)
        elif status in (Status.CALLER_GONE, Status.TOO_LONG, Status.NO_PEER_MEMORY):
            take_back(letter, reply, given, status)
    status = letter.attempt(Call.RECEIVE, source(), server.timeout())
    if status == Status.OK:
        return True
    letter.arrival = 0
    if status not in (Status.TIMED_OUT, Status.WOULD_BLOCK):
        refuse_status(status, letter.words[0])
    return False


def source() -> u64:
    """Where the next message may come from."""
    return loop.control.handle if loop.parked else loop.ports.handle


# ---- the supervisor's orders ----


def obey(server: S, letter: Letter) -> None:
    """One order."""
    if letter.kind != Message.CALL:
        server.other_message(letter)
        return
    itself = Process(own_process())
    match letter.words[0]:
        case Ask.PARK:
            park(server, letter, itself)
        case Ask.RESUME:
            unpark()
            server.resumed()
            letter.set_words(Answer.DONE)
        case Ask.ADOPT:
            adopt(server, letter, itself)
        case Ask.ACTIVATE:
            activate(server, letter)
        case Ask.INHERIT:
            server.inherited(letter.handle, letter.words[1])
            letter.set_words(Answer.DONE)
        case Ask.QUIT:
            server.finish()
            letter.set_words(Answer.DONE)
        case _:
            letter.set_words(Answer.DONE)


def abandon_park(server: S) -> None:
    """Who told us to park has not waited for our state."""
    itself = Process(own_process())
    itself.map(loop.writer.memory, 0, STATE_WINDOW, loop.writer.pages, Right.READ)
    loop.writer.discard(itself)
    unpark()
    server.resumed()


def refuse(letter: Letter, why: Text) -> None:
    """The answer to an order that cannot be followed."""
    size = u64(len(why))
    letter.set_words(Answer.REFUSED)
    loop.reply[0:size] = why.encode()
    letter.enclose(loop.reply[0:size])


def park(server: S, letter: Letter, itself: Process) -> None:
    """Serve nobody from now on; the answer carries the state."""
    try:
        loop.writer.begin(itself, server.state_size())
    except Exception as error:
        refuse(letter, f"no memory for the state: {error}")
        return
    try:
        loop.writer.moved(loop.port.handle)
        server.export_state(loop.writer)
    except Exception as error:  # whatever it is: this server goes on
        loop.writer.discard(itself)
        server.resumed()
        refuse(letter, f"{error}")
        return
    size = loop.writer.finish(itself)
    loop.ports.remove(loop.control)
    loop.parked = True
    letter.set_words(Answer.DONE, size)
    letter.give(loop.writer.memory.handle)


def unpark() -> None:
    """Go on as before."""
    if loop.parked:
        loop.parked = False
        loop.ports.add(loop.control)


def adopt(server: S, letter: Letter, itself: Process) -> None:
    """Take a predecessor's state."""
    if loop.serving or letter.handle == NO_HANDLE:
        if letter.handle != NO_HANDLE:
            close(letter.handle)
        refuse(letter, "this server serves already")
        return
    try:
        loop.reader.begin(itself, Memory(letter.handle), letter.words[1])
        loop.reader.moved(address_of(loop.port))
        server.import_state(loop.reader)
    except StateRefused as error:
        refuse(letter, f"{error}")
        return
    loop.reader.finish(itself)
    letter.set_words(Answer.DONE)


def activate(server: S, letter: Letter) -> None:
    """The predecessor's ports and reply handles are ours."""
    for i in range(letter.size // 8):
        address = loop.reader.claims[i]
        if address != 0:
            store64(address, load64(address_of(loop.request) + 8 * i))
    loop.taken = letter.size // 8
    take_service_port(loop.port.handle)
    server.activated()
    letter.set_words(Answer.DONE)
