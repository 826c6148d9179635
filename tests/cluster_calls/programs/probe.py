"""The probe: a service that calls the same service of another node in all ways that there are."""

from probing import Probe, Refused

from atoll.abi.calls import Call, Message, Status
from atoll.abi.objects import NO_HANDLE, Right, Statistics
from atoll.abi.startup import NAMING, SUPERVISOR
from atoll.abi.types import Array, Bytes, Slice, low8, u8, u64
from atoll.servers.naming.interface import Naming
from atoll.servers.network.interface import Network
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.runtime.interface import Handle, NotTransferable, OutcomeUnknown, ServiceError, Unreachable, call
from atoll.userland.runtime.kernel_calls import clock, read_statistics
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Memory, close, create_memory, duplicate
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop, serve
from atoll.userland.runtime.startup import given

SIZE = 1 << 16
MORE_LABEL = FIRST_FREE_LABEL  # of the port that moves
WAIT = 0x7004  # number of `wait`
RELAY = 0x700C  # number of `relay`
# ---- errors as numbers ----
UNKNOWN = 1
UNREACHABLE = 2
NOT_TRANSFERABLE = 3
SERVICE = 4
KERNEL = 5

IMAGE_PAGES = 512
KILL = 1
SWAP = 2
WATCH_BIT: u64 = 1 << 40


class ProbeServer(Probe):
    """Its state."""

    data: Array[u8, SIZE]
    size: u64
    far: u64  # gate to the other
    held: u64  # the kept gate
    caller: u64  # a right to reply
    more: Port  # the one that moves
    added: u64
    waited: u64
    waiting: u64  # reply handle
    until: u64
    dropped: u64
    lost: u64  # badges
    numbers: u64
    changes: u64
    watching: bool
    result: u64
    image: Memory
    plan: u64  # what is to be done a moment later
    size_of_image: u64
    outcome: u64
    buffer: Array[u8, SIZE]

    # ---- here ----

    def add(self, a: u64, b: u64) -> u64:
        self.added += 1
        return a + b + (call.badge << 32)

    def reverse(self, data: Bytes) -> u64:
        self.size = u64(len(data))
        for index in range(self.size):
            self.data[index] = data[self.size - 1 - index]
        return self.size

    def kept(self, into: Slice[u8]) -> u64:
        into[0 : self.size] = self.data[0 : self.size]
        return self.size

    def refuse(self, first: u64, second: u64) -> None:
        raise Refused(first, second)

    def wait(self, nanoseconds: u64) -> u64:
        self.waited += 1
        if nanoseconds != 0:
            self.waiting = call.postpone()
            self.until = clock() + nanoseconds
        return self.waited

    def timeout(self) -> u64:
        if self.plan != 0:
            return 1_000_000
        if self.waiting == NO_HANDLE:
            return ~u64(0)
        return max(self.until, clock()) - clock()

    def timed_out(self) -> None:
        if self.plan != 0:
            self.act()
        if self.waiting != NO_HANDLE and clock() >= self.until:
            Probe.reply_wait(self.waiting, self.waited)
            self.waiting = NO_HANDLE

    def drop(self) -> None:
        close(call.postpone())

    def calls(self) -> u64:
        return self.added

    # ---- handles ----

    def open(self, badge: u64) -> Gate:
        return loop.port.mint(badge, True)

    def use(self, gate: Gate, a: u64, b: u64) -> u64:
        result = Probe(gate.handle).add(a, b)
        gate.close()
        return result

    def keep(self, gate: Gate) -> None:
        self.forget()
        self.held = gate.handle

    def forget(self) -> None:
        if self.held != NO_HANDLE:
            close(self.held)
        self.held = NO_HANDLE

    def gone(self) -> u64:
        return self.lost

    def last_handle(self, badge: u64) -> None:
        self.lost += 1

    # ---- rights to reply ----

    def relay(self) -> Gate:
        Probe(self.far).take_caller(call.postpone())
        return Gate(NO_HANDLE)

    def take_caller(self, caller: Handle) -> None:
        self.caller = caller

    def give_caller(self) -> Handle:
        caller = self.caller
        self.caller = NO_HANDLE
        return caller

    def fetch_caller(self) -> None:
        self.caller = Probe(self.far).give_caller()

    def answer_caller(self, badge: u64) -> u64:
        letter = Letter()
        gate = loop.port.mint(badge, True)
        letter.give(gate.handle)
        status = letter.attempt(Call.REPLY, self.caller, ~u64(0))
        if status == Status.OK:
            return 0
        gate.close()
        return 1000 + status

    def drop_caller(self) -> None:
        close(self.caller)

    def far_relay(self, patience: u64) -> u64:
        letter = Letter()
        letter.set_words(RELAY)
        status = letter.attempt(Call.CALL, self.far, patience)
        if status != Status.OK or letter.words[0] != 0:
            return 1000 + status
        self.keep(Gate(letter.handle))
        return self.kept_add(1, 2)

    # ---- rights to receive ----

    def open_port(self, badge: u64) -> Gate:
        self.take_port(create_port())
        return self.more.mint(badge, True)

    def pause_port(self) -> None:
        loop.ports.remove(self.more)

    def take_port(self, port: Port) -> None:
        self.more.handle = port.handle
        loop.add(self.more, MORE_LABEL)

    def give_port(self) -> Port:
        return Port(self.more.handle)

    def far_take_port(self) -> u64:
        try:
            Probe(self.far).take_port(Port(self.more.handle))
        except OutcomeUnknown:
            return UNKNOWN
        except NotTransferable:
            return NOT_TRANSFERABLE
        return 0

    def leave(self, delivery: u64) -> None:
        network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
        network.leaving(self.more.mint(0), delivery)
        close(network.handle)

    def stay(self) -> None:
        network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
        network.staying(self.more.mint(0))
        close(network.handle)

    def fetch_port(self) -> None:
        self.take_port(Probe(self.far).give_port())

    def close_port(self) -> None:
        self.more.close()

    def kept_send(self, count: u64) -> None:
        letter = Letter()
        for number in range(count):
            letter.set_words(number + 1)
            letter.attempt(Call.SEND, self.held, ~u64(0))

    def far_open_port(self, badge: u64) -> None:
        self.keep(Probe(self.far).open_port(badge))

    # ---- there ----

    def connect(self, node: u64, helper: u64) -> u64:
        try:
            network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
            names = Naming(network.naming(node).handle)
            if self.far != NO_HANDLE:
                close(self.far)
            self.far = names.wait_for("/services/helper" if helper != 0 else "/services/probe").handle
            close(names.handle)
            close(network.handle)
            return 0
        except ServiceError as error:
            print(f"connect: {error}")
            return 1

    def far_add(self, a: u64, b: u64) -> u64:
        try:
            return Probe(self.far).add(a, b)
        except Exception as error:
            print(f"far_add: {error}")
            raise Refused(0, 0) from None

    def far_reverse(self, size: u64) -> u64:
        for index in range(size):
            self.buffer[index] = low8(index * 7 + index // 256)
        if Probe(self.far).reverse(self.buffer[0:size]) != size:
            return 0
        if Probe(self.far).kept(self.buffer[:]) != size:
            return 0
        good: u64 = 0
        for index in range(size):
            other = size - 1 - index
            good += u64(self.buffer[index] == low8(other * 7 + other // 256))
        return good

    def far_refuse(self, first: u64, second: u64) -> u64:
        try:
            Probe(self.far).refuse(first, second)
        except Refused as error:
            return error.first << 32 | error.second
        return 0

    def far_wait(self, nanoseconds: u64, patience: u64) -> u64:
        letter = Letter()
        self.result = 0
        letter.set_words(WAIT, nanoseconds)
        status = letter.attempt(Call.CALL, self.far, patience)
        self.result = 1000 + status if status != Status.OK else letter.words[1]
        return self.result

    def far_drop(self) -> u64:
        try:
            Probe(self.far).drop()
        except OutcomeUnknown:
            return UNKNOWN
        except Unreachable:
            return UNREACHABLE
        return 0

    def far_open(self, badge: u64, a: u64, b: u64) -> u64:
        self.keep(Probe(self.far).open(badge))
        return self.kept_add(a, b)

    def kept_add(self, a: u64, b: u64) -> u64:
        try:
            return Probe(self.held).add(a, b)
        except OutcomeUnknown:
            return 1000 + UNKNOWN
        except Unreachable:
            return 1000 + UNREACHABLE
        except ServiceError:
            return 1000 + SERVICE
        except KernelError:
            return 1000 + KERNEL

    def far_use(self, badge: u64, a: u64, b: u64) -> u64:
        helper = Probe(Naming(given(NAMING)).lookup("/services/helper").handle)
        gate = helper.open(badge)
        close(helper.handle)
        return Probe(self.far).use(gate, a, b)

    def far_use_kept(self, a: u64, b: u64) -> u64:
        gate = Gate(self.held)
        self.held = NO_HANDLE
        return Probe(self.far).use(gate, a, b)

    def far_try_kept(self) -> u64:
        try:
            return self.far_use_kept(0, 0)
        except NotTransferable:
            return NOT_TRANSFERABLE

    def fetch(self) -> Gate:
        return Gate(duplicate(self.held, Right.SEND | Right.MOVE | Right.DUPLICATE))

    def far_fetch(self) -> u64:
        self.keep(Probe(self.far).fetch())
        return self.kept_add(1, 2)

    def far_give_memory(self) -> u64:
        try:
            Probe(self.far).keep(Gate(create_memory(1).handle))
        except NotTransferable:
            return NOT_TRANSFERABLE
        return 0

    def far_send(self, count: u64) -> None:
        letter = Letter()
        for number in range(count):
            letter.set_words(number + 1)
            letter.attempt(Call.SEND, self.far, ~u64(0))
        Gate(self.far).notify(1)

    def sent(self) -> u64:
        return self.numbers

    def other_message(self, letter: Letter) -> None:
        if letter.kind == Message.SEND:
            self.numbers = self.numbers * 10 + letter.words[0]

    def notified(self, bits: u64, label: u64) -> None:
        if bits & 1 != 0:
            self.numbers += 1_000_000_000
        if bits & WATCH_BIT != 0:
            self.changes += 1

    def objects(self) -> u64:
        figures = Statistics()
        read_statistics(figures)
        return figures.ports << 32 | figures.gates << 16 | figures.handles

    def last(self) -> u64:
        return self.result

    def load(self, offset: u64, data: Bytes) -> None:
        if self.image.handle == NO_HANDLE:
            self.image = create_memory(IMAGE_PAGES)
        self.image.write(offset, data)

    def swap(self, size: u64) -> None:
        self.plan, self.size_of_image, self.outcome = SWAP, size, 0

    def kill(self) -> None:
        self.plan = KILL

    def swapped(self) -> u64:
        return self.outcome

    def act(self) -> None:
        """What was planned."""
        supervisor = Supervisor(given(SUPERVISOR))
        if self.plan == KILL:
            supervisor.kill("network")
        else:
            try:
                supervisor.swap("network", Memory(self.image.handle), self.size_of_image)
                self.outcome = 1
            except ServiceError as error:
                print(f"swap: {error}")
                self.outcome = 2
            self.image.handle = NO_HANDLE
        self.plan = 0

    def join(self) -> None:
        network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
        network.join("probes", loop.port.mint(7, True))
        close(network.handle)

    def ask_group(self, a: u64, b: u64) -> u64:
        network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
        self.keep(network.group("probes"))
        close(network.handle)
        return self.kept_add(a, b)

    def watch(self) -> u64:
        if not self.watching:
            network = Network(Naming(given(NAMING)).wait_for("/services/network").handle)
            network.watch(loop.port.mint(0), WATCH_BIT)
            self.watching = True
        return self.changes


server: ProbeServer = ProbeServer()


def main() -> None:
    """Serve for ever."""
    serve(server)
