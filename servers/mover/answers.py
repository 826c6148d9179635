"""Answers to calls that a thread made before it moved: a helper waits in its place at the source, and passes on what
comes: to the destination's mover, or to the thread itself if it stays after all.
"""

from atoll.abi.calls import NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE, Registers, Right
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.mover.counterpart import close_quietly
from atoll.servers.mover.interface import Mover
from atoll.servers.mover.parcel import WORD, Parcel
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import WORDS, Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, Thread, close, duplicate
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

HELPERS = 6
NOBODY = HELPERS
STACK = 16384
PRIORITY = 10  # above those who wait for them to have begun
HEAD = (1 + WORDS) * WORD  # bytes of an answer in front of its segment
LARGEST = 65536 - HEAD
A0 = 10
A1 = 11

# ---- what a helper does ----
IDLE = 0
WAITING = 1  # for the answer
ANSWERED = 2
MISSED = 3  # the thread does not wait for an answer any more

# ---- what becomes of the answer ----
UNDECIDED = 0
ELSEWHERE = 1
HERE = 2


class Helper:
    """One, and the call that it has taken over."""

    port: Port
    gate: Gate
    state: SharedNumber
    decision: SharedNumber
    thread: u64  # a handle of our own
    number: u64  # of the thread in its process
    id: u64  # of the migration
    timeout: u64
    buffer_size: u64
    peer: Mover
    reply: u64  # of the thread itself, if it stays
    status: u64
    letter: Letter
    buffer: Array[u8, 65536]
    parcel: Parcel
    stack: Array[u8, STACK]

    def run(self) -> None:
        """Take the call, wait for its answer and for what is to become of it."""
        self.letter.set_buffer(self.buffer[0 : self.buffer_size])
        self.status = Thread(self.thread).take_call(self.letter, self.timeout)
        if self.status == Status.NOT_WAITING or self.status == Status.NOT_STOPPED:
            close(self.thread)
            self.state.write(MISSED)
            return
        self.state.write(ANSWERED)
        told = Letter()
        while self.decision.read() == UNDECIDED:
            self.port.receive(told)
        if self.decision.read() == HERE:
            self.answer_here()
        else:
            self.answer_there()
            close(self.peer.handle)
        close(self.thread)
        self.state.write(IDLE)

    def answer_here(self) -> None:
        """To the thread, which waits again."""
        letter = self.letter
        if self.status == Status.OK:
            letter.give(letter.handle)
            letter.enclose(self.buffer[0 : letter.size])
            letter.attempt(Call.REPLY, self.reply, NO_TIMEOUT)
        else:
            finish_call(Thread(self.thread), self.reply, self.status, letter.words[0])

    def answer_there(self) -> None:
        """To the mover of the node where the thread is now. If that is gone, so is the thread."""
        self.parcel.clear()
        self.parcel.add(self.status)
        for word in self.letter.words:
            self.parcel.add(word)
        if self.status == Status.OK:
            size = min(self.letter.size, LARGEST)
            self.parcel.data[HEAD : HEAD + size] = self.buffer[0:size]
            self.parcel.size = HEAD + size
        try:
            if self.status == Status.OK and self.letter.handle != NO_HANDLE:
                self.peer.deliver_with(self.id, self.number, self.parcel.contents(), Gate(self.letter.handle))
            else:
                self.peer.deliver(self.id, self.number, self.parcel.contents())
        except (ServiceError, KernelError) as error:
            print(f"mover: an answer could not be sent on: {error}")
            close_quietly(self.letter.handle)


class Helpers:
    """All of them."""

    items: Array[Helper, HELPERS]

    def take(self, thread: Thread, number: u64, id: u64, buffer_size: u64, timeout: u64) -> u64:
        """Have a stopped thread's call taken over: by whom; NOBODY if all are busy, or it does not wait any more."""
        for index in range(u64(HELPERS)):
            item = self.items[index]
            state = item.state.read()
            if state == IDLE or state == MISSED:
                item.thread = duplicate(thread.handle, Right.MANAGE)
                item.number, item.id, item.buffer_size, item.timeout = number, id, buffer_size, timeout
                item.decision.write(UNDECIDED)
                item.state.write(WAITING)
                item.gate.notify(1)
                return index if item.state.read() != MISSED else NOBODY
        return NOBODY

    def start(self) -> None:
        """Their threads: of the first thread, whose priority is above theirs."""
        for index in range(u64(HELPERS)):
            item = self.items[index]
            item.port = create_port()
            item.gate = item.port.mint(0)
            start_thread(Process(own_process()), serve, index, item.stack[:], PRIORITY)

    def has(self, id: u64) -> bool:
        """Whether an answer to a call of that migration's process is awaited, or on its way."""
        for item in self.items:
            state = item.state.read()
            if item.id == id and (state == WAITING or state == ANSWERED):
                return True
        return False

    def are_busy(self) -> bool:
        """Whether any answer is."""
        for item in self.items:
            state = item.state.read()
            if state == WAITING or state == ANSWERED:
                return True
        return False

    def give_on(self, index: u64, peer: Mover) -> None:
        """The thread has moved: its answer goes to that mover, when it comes."""
        item = self.items[index]
        item.peer.handle = duplicate(peer.handle, Right.SEND | Right.DUPLICATE | Right.MOVE)
        item.decision.write(ELSEWHERE)
        item.gate.notify(1)

    def give_back(self, index: u64, reply: u64) -> None:
        """The thread has stayed: that is its reply handle."""
        item = self.items[index]
        item.reply = reply
        item.decision.write(HERE)
        item.gate.notify(1)


helpers: Helpers = Helpers()


def serve(index: u64) -> None:
    """A helper's thread."""
    item = helpers.items[index]
    told = Letter()
    while True:
        item.port.receive(told)
        if item.state.read() == WAITING:
            item.run()


def finish_call(thread: Thread, reply: u64, status: u64, word: u64) -> None:
    """End the call in which a thread was made to wait with a status that is no answer."""
    try:
        thread.stop()
        close(reply)
        registers = Registers()
        thread.read_registers(registers)
        registers.x[A0], registers.x[A1] = status, word
        thread.write_registers(registers)
        thread.resume()
    except KernelError:
        return  # it has ended


def answer_call(thread: Thread, reply: u64, parcel: Parcel, handle: u64) -> None:
    """The same with what came from the source's helper."""
    letter = Letter()
    status = parcel.next()
    for number in range(u64(WORDS)):
        letter.words[number] = parcel.next()
    if status != Status.OK:
        finish_call(thread, reply, status, letter.words[0])
        return
    data: Bytes = parcel.rest()
    letter.enclose(data)
    letter.give(handle)
    if letter.attempt(Call.REPLY, reply, NO_TIMEOUT) != Status.OK and handle != NO_HANDLE:
        close(handle)
