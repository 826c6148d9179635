"""Executes a script of messages: what the property test in test_model.py has drawn, command by command.

Four actors, each a process, wait for orders. After each command the test waits until all of them wait, and prints what
has ended: step, actor, status, first word, kind, badge, and whether a handle and a reply handle came along. Commands
are six 64-bit numbers: operation, actor, four arguments.
"""

from harness import begin, end, run
from peers import Child, give, prepare
from world import SHORT, boot_info, given, status_of, this_process

from atoll.abi.boot import HANDLE_INITRD
from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE, Info, Right, ThreadState
from atoll.abi.raw import at, view
from atoll.abi.riscv import ecall
from atoll.abi.types import Array, Bytes, u64
from atoll.userland.runtime.image.initrd import find_file
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Memory, create_memory, read_info

ARCHIVE = 0x2000_0000
BOARD = 0x3000_0000  # a page shared by all: an ActorPage for each
ACTOR_PAGE = 1024  # bytes from one to the next
ACTORS = 4
NOTHING = 99  # no slot
COMMAND = 48  # bytes
# ---- operations (test_model.py knows them by the same numbers); a to d: the arguments ----
CREATE = 1  # slot a
MINT = 2  # port a, badge b, tell c, slot d
CALL = 3  # gate a, word b, give c, slot d % 100 for a handle, d // 100: how to wait
SEND = 4  # the same
RECEIVE = 5  # port a, slot b for the reply, slot c for a handle, d: how to wait
REPLY = 6  # reply a, word b, give c
REPLY_RECEIVE = 7  # reply a, word b, port c, slots d % 100 for the reply, d // 100 for a handle
CLOSE = 8  # slot a
REVOKE = 9  # port a, badge b
NOTIFY = 10  # gate a, bits b
DUPLICATE = 11  # slot a, slot d
KILL = 12
MOVE = 13  # slot a, to actor b, slot c
CANCEL = 14
PASS = 15  # time: who waits with a time-out waits no more
# ---- how to wait: 0 for not at all, 1 for ever, 2 until time passes ----
TIMEOUTS: Array[u64, 3] = Array((0, NO_TIMEOUT, 1_000_000_000))  # nanoseconds, longer than a whole script takes


class ActorPage:
    """What an actor and the test say to each other."""

    operation: u64
    actor: u64
    a: u64
    b: u64
    c: u64
    d: u64
    done: u64
    status: u64
    word: u64
    kind: u64
    badge: u64
    handle: u64
    reply: u64
    slots: Array[u64, 16]


actors: Array[Child, ACTORS] = Array()
orders: Array[Gate, ACTORS] = Array((Gate(0), Gate(0), Gate(0), Gate(0)))
busy: Array[bool, ACTORS] = Array()
alive: Array[bool, ACTORS] = Array()


def page_of(number: u64) -> ActorPage:
    """What actor and test share."""
    return at(ActorPage, BOARD + ACTOR_PAGE * number)


# ---- an actor ----


def act(number: u64) -> None:
    """Wait for orders, and carry them out."""
    page = page_of(number)
    control = Port(given.handles[0])
    order = Letter()
    while True:
        control.receive(order)
        execute(page)
        page.done = 1


def execute(page: ActorPage) -> None:
    """One operation."""
    match page.operation:
        case 1:
            make(page, Call.PORT_CREATE, page.a, 0, 0, 0)
        case 2:
            make(page, Call.GATE_MINT, page.d, page.slots[page.a], page.b, page.c)
        case 3 | 4:
            send(page)
        case 5:
            receive(page)
        case 6 | 7:
            reply(page)
        case 8:
            page.status = status_of(Call.HANDLE_CLOSE, page.slots[page.a])
        case 9:
            page.status = status_of(Call.GATE_REVOKE, page.slots[page.a], page.b)
        case 10:
            page.status = status_of(Call.NOTIFY, page.slots[page.a], page.b)
        case 11:
            rights = Right.DUPLICATE | Right.MOVE | Right.SEND
            make(page, Call.HANDLE_DUPLICATE, page.d, page.slots[page.a], rights, 0)


def make(page: ActorPage, number: u64, slot: u64, a: u64, b: u64, c: u64) -> None:
    """A call whose result is a handle."""
    page.status, value = ecall(a, b, c, 0, 0, 0, 0, number)
    if page.status == Status.OK:
        page.slots[slot] = value


def send(page: ActorPage) -> None:
    """CALL or SEND."""
    letter = Letter()
    letter.set_words(page.b)
    if page.c != NOTHING:
        letter.give(page.slots[page.c])
    number: u64 = Call.CALL if page.operation == CALL else Call.SEND
    page.status = letter.attempt(number, page.slots[page.a], TIMEOUTS[page.d // 100])
    if page.status != Status.OK:
        page.word = letter.words[0]
    elif page.operation == CALL:
        keep(page, letter, NOTHING, page.d % 100)


def receive(page: ActorPage) -> None:
    """RECEIVE."""
    letter = Letter()
    page.status = letter.attempt(Call.RECEIVE, page.slots[page.a], TIMEOUTS[page.d])
    if page.status == Status.OK:
        keep(page, letter, page.b, page.c)


def reply(page: ActorPage) -> None:
    """REPLY or REPLY_RECEIVE."""
    letter = Letter()
    letter.set_words(page.b)
    if page.operation == REPLY:
        if page.c != NOTHING:
            letter.give(page.slots[page.c])
        page.status = letter.attempt(Call.REPLY, page.slots[page.a], NO_TIMEOUT)
        return
    letter.arrival = page.slots[page.a]
    page.status = letter.attempt(Call.REPLY_RECEIVE, page.slots[page.c], NO_TIMEOUT)
    if page.status == Status.OK:
        keep(page, letter, page.d % 100, page.d // 100)


def keep(page: ActorPage, letter: Letter, for_reply: u64, for_handle: u64) -> None:
    """Note what was received."""
    page.word = letter.words[0]
    if for_reply != NOTHING:
        page.kind = letter.kind
        page.badge = letter.badge
        if letter.reply != NO_HANDLE:
            page.reply = 1
            page.slots[for_reply] = letter.reply
    if letter.handle != NO_HANDLE:
        page.handle = 1
        page.slots[for_handle] = letter.handle


# ---- the test ----


def perform(step: u64, command: Bytes) -> None:
    """One command, and what comes of it."""
    word = words_of(command)
    operation, actor = word[0], word[1]
    match operation:
        case 12:
            end_actor(actor)
        case 13:
            move(actor, word[2], word[3], word[4])
        case 14:
            actors[actor].thread.cancel()
        case 15:
            sleep(TIMEOUTS[2])
        case _:
            order(actor, word)
    while somebody_runs():
        sleep(SHORT)
    report(step)


def somebody_runs() -> bool:
    """Whether an actor is not waiting."""
    info = Info()
    for number in range(u64(ACTORS)):
        if alive[number]:
            read_info(actors[number].thread.handle, info)
            if info.words[1] == ThreadState.READY:
                return True
    return False


def words_of(command: Bytes) -> Array[u64, 6]:
    """The numbers of a command."""
    words: Array[u64, 6] = Array()
    for place in range(u64(6)):
        for byte in range(u64(8)):
            words[place] = words[place] | u64(command[place * 8 + byte]) << (8 * byte)
    return words


def order(actor: u64, word: Array[u64, 6]) -> None:
    """Let an actor do something."""
    page = page_of(actor)
    page.operation, page.a, page.b, page.c, page.d = word[0], word[2], word[3], word[4], word[5]
    page.done, page.status, page.word, page.kind, page.badge, page.handle, page.reply = 0, 0, 0, 0, 0, 0, 0
    busy[actor] = True
    orders[actor].notify(1)


def report(step: u64) -> None:
    """What has ended since the last step."""
    for number in range(u64(ACTORS)):
        page = page_of(number)
        if busy[number] and page.done == 1:
            busy[number] = False
            word = page.word if page.status == Status.OK else 0
            if page.status == Status.PEER_DIED:
                word = actor_of(page.word)
            print(f"{step} {number} {page.status} {word} {page.kind} {page.badge} {page.handle} {page.reply}")


def actor_of(serial: u64) -> u64:
    """Which actor has that serial number."""
    for number in range(u64(ACTORS)):
        if actors[number].serial == serial:
            return number
    return serial


def move(actor: u64, slot: u64, to: u64, to_slot: u64) -> None:
    """Take a handle from one actor and give it to another."""
    handle = actors[actor].process.take(page_of(actor).slots[slot])
    page_of(to).slots[to_slot] = actors[to].process.install(handle)


def start_actors(board: Memory) -> None:
    """The actors wait for orders."""
    for number in range(u64(ACTORS)):
        port = create_port()
        orders[number].handle = port.mint(0).handle
        give(port.handle)
        child = prepare(act, number, 64, None)
        child.process.map(board, 0, BOARD, 1, Right.READ | Right.WRITE)
        child.thread.resume()
        actors[number] = child
        busy[number] = False
        alive[number] = True


def end_actor(number: u64) -> None:
    """Kill an actor; the ports that it leaves are closed."""
    if alive[number]:
        alive[number] = False
        busy[number] = False
        actors[number].kill()


def interpret() -> None:
    """The whole script."""
    board = create_memory(1)
    this_process().map(board, 0, BOARD, 1, Right.READ | Right.WRITE)
    start_actors(board)
    commands = script()
    for step in range(u64(len(commands)) // COMMAND):
        perform(step, commands[step * COMMAND : (step + 1) * COMMAND])
    print("end")
    for number in range(u64(ACTORS)):
        end_actor(number)
        orders[number].close()
    this_process().unmap(BOARD, 1)
    board.close()


def script() -> Bytes:
    """The script, in the initial RAM disk."""
    info = boot_info()
    return find_file(view(ARCHIVE + info.initrd_offset, info.initrd_size), "script")


def main() -> None:
    begin()
    info = boot_info()
    pages = (info.initrd_offset + info.initrd_size + 4095) // 4096
    this_process().map(Memory(info.handles[HANDLE_INITRD]), 0, ARCHIVE, pages, Right.READ)
    run("script", interpret)
    end()
