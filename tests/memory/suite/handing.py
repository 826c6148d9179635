"""How one server hands over to another, as the supervisor has them do it."""

from world import Server, free_server, start_server, wait_for_death

from atoll.abi.address_space import PAGE_SIZE, STATE_WINDOW
from atoll.abi.control import (
    MOST_MOVED,
    STATE_COPIED,
    STATE_COPIED_HANDLES,
    STATE_MOVED,
    STATE_MOVED_HANDLES,
    Answer,
    Ask,
)
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, load64, store64, view
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.root import machine
from atoll.userland.runtime.messages import Letter, Port
from atoll.userland.runtime.objects import Memory, move_rights

QUOTA = 400

answered: Letter = Letter()


def order(server: Server, what: u64, word: u64 = 0, handle: u64 = NO_HANDLE, data: Bytes = b"") -> None:
    """What a supervisor says to a server; the answer is in `answered`."""
    text: Array[u8, 128] = Array()
    answered.set_buffer(text[:])
    answered.set_words(what, word)
    answered.give(handle)
    answered.enclose(data)
    server.control.call(answered)
    assert answered.words[0] == Answer.DONE, str(text[0 : answered.size], "utf-8")


def swap(server: Server, successor: Server) -> u64:
    """The server hands over to a new process; how many handles were copied."""
    order(server, Ask.PARK)
    state, size = Memory(answered.handle), answered.words[1]
    start_server(successor, QUOTA, Port(NO_HANDLE), "swap")
    pages = (size + PAGE_SIZE - 1) // PAGE_SIZE
    machine.this_process().map(state, 0, STATE_WINDOW, pages, Right.READ | Right.WRITE)
    copied = load64(STATE_WINDOW + STATE_COPIED)
    old, new = server.program.process, successor.program.process
    for i in range(copied):
        place = STATE_WINDOW + STATE_COPIED_HANDLES + 8 * i
        store64(place, new.install(old.take(load64(place))))
    moved: Array[u64, MOST_MOVED] = Array()
    count = load64(STATE_WINDOW + STATE_MOVED)
    for i in range(count):
        moved[i] = load64(STATE_WINDOW + STATE_MOVED_HANDLES + 8 * i)
    machine.this_process().unmap(STATE_WINDOW, pages)
    order(successor, Ask.ADOPT, size, state.handle)
    move_rights(old, new, moved[0:count])
    order(successor, Ask.ACTIVATE, 0, NO_HANDLE, view(address_of(moved), 8 * count))
    old.destroy(0)
    wait_for_death(server.port)
    free_server(server)
    return copied
