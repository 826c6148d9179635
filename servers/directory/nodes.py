"""`/nodes`: a mount of each node's names while that node is up, kept by a thread that watches the network server.

What it learns of the nodes it leaves in `seen`, and notifies the server's thread, which says when it has read that. All
of it can be made again: after the network server's death, naming's, or ours.
"""

from atoll.abi.calls import NO_TIMEOUT, Message
from atoll.abi.raw import address_of, at
from atoll.abi.startup import NAMING, SUPERVISOR
from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.directory.callers import NAME, NETWORK
from atoll.servers.directory.gates import close_quietly, duplicate_of
from atoll.servers.directory.peers import MOST_PEERS
from atoll.servers.naming.interface import RECORD_SIZE, NameRecord, Naming, NoSuchName
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.servers.supervisor.interface import INFO_SIZE, ServiceInfo, ServiceState, Supervisor
from atoll.userland.runtime.interface import OutcomeUnknown, ServiceError
from atoll.userland.runtime.kernel_errors import KernelError, TimedOut
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.threads import start_thread

CLUSTER = "/cluster"
NODES = "/nodes"
STACK_SIZE = 32 << 10  # bytes
PRIORITY = 10
AT_ONCE = 8
TRIES = 3
PAUSE = 100_000_000  # nanoseconds until what has failed is tried again
WATCH = 1  # badge of the gate that the network server notifies; the other's is 0

# ---- notification bits ----
CHANGED = 1  # from the network server
TAKEN = 2  # from the server's thread: it has read what was seen


class Seen:
    """A node, as the network server told of it."""

    number: u64
    incarnation: u64
    is_up: bool
    since: u64  # when it came up, as the network server says: another time if either server has died meanwhile
    mounted: u64  # that time of the node whose names are mounted; 0: none
    name_length: u64
    name: Array[u8, 32]

    def text(self) -> Text:
        """Its name."""
        return str(self.name[0 : self.name_length], "utf-8")


class Watcher:
    """The thread and what it knows."""

    nodes: Array[Seen, MOST_PEERS]
    count: u64
    is_new_network: bool  # it has died since we saw the nodes: gates that came through it may be dead
    own_name: Text
    done: Gate
    bit: u64
    port: Port
    gate: Gate  # to it
    network: Network
    is_watching: bool
    is_taken: bool
    is_changed: bool
    answer: Array[u8, AT_ONCE * MEMBER_SIZE]
    names: Array[u8, AT_ONCE * RECORD_SIZE]
    stack: Array[u8, STACK_SIZE]


watcher: Watcher = Watcher()


def start(process: Process, own_name: Text, done: Gate, bit: u64) -> None:
    """Make the thread; `done` is notified with `bit` each time that it has seen something."""
    watcher.own_name, watcher.done, watcher.bit = own_name, done, bit
    watcher.port = create_port()
    watcher.gate = watcher.port.mint(0)
    start_thread(process, run, 0, watcher.stack[:], PRIORITY)


def run(_: u64) -> None:
    """Watch for ever."""
    naming = Naming(given(NAMING))
    cluster = naming.wait_for(NAME)
    mount(CLUSTER, cluster)
    mount(f"{NODES}/{watcher.own_name}", naming_gate())
    if not has_network():
        tell()  # that there is nobody else
    watcher.network = Network(naming.wait_for(NETWORK).handle)  # for ever, in a machine without
    while True:
        try:
            watcher.is_changed = False
            look()
            tell()
            wait_for_change()
        except (ServiceError, KernelError):
            receive(PAUSE)


def naming_gate() -> Gate:
    """Our node's own names."""
    return Gate(given(NAMING))


def has_network() -> bool:
    """Whether there is a network server, now or soon."""
    infos: Array[u8, AT_ONCE * INFO_SIZE] = Array()
    first: u64 = 0
    while True:
        size = Supervisor(given(SUPERVISOR)).list(first, infos[:])
        if size < INFO_SIZE:
            return False
        for index in range(size // INFO_SIZE):
            info = at(ServiceInfo, address_of(infos) + index * INFO_SIZE)
            if info.name[0 : info.name_length] == b"network":
                return info.state != ServiceState.ABSENT and info.state != ServiceState.GIVEN_UP
        first += size // INFO_SIZE


# ---- what the network server knows ----


def look() -> None:
    """See all nodes, and let `/nodes` be as they are."""
    if not watcher.is_watching:
        watcher.network.watch(watcher.port.mint(WATCH, True), CHANGED)
        watcher.is_watching = True
    for place in range(watcher.count):
        watcher.nodes[place].is_up = False  # the network server may be new and never have heard of it
    first: u64 = 0
    while True:
        size = watcher.network.members(first, watcher.answer[:])
        if size < MEMBER_SIZE:
            break
        for index in range(size // MEMBER_SIZE):
            see(at(Member, address_of(watcher.answer) + index * MEMBER_SIZE))
        first += size // MEMBER_SIZE
    remove_mounts()
    for place in range(watcher.count):
        mount_node(watcher.nodes[place])


def see(member: Member) -> None:
    """One node."""
    place: u64 = 0
    while place < watcher.count and watcher.nodes[place].number != member.number:
        place += 1
    if place == MOST_PEERS:
        return
    watcher.count = max(watcher.count, place + 1)
    seen = watcher.nodes[place]
    seen.number, seen.incarnation, seen.is_up = member.number, member.incarnation, member.is_up != 0
    seen.since, seen.name_length, seen.name = member.since, member.name_length, member.name


def mount_node(seen: Seen) -> None:
    """Its names, if it is up and they are not there yet. (A gate that came through a server that died is dead.)"""
    if seen.is_up and seen.mounted != seen.since:
        mount(f"{NODES}/{seen.text()}", watcher.network.naming(seen.number))
        seen.mounted = seen.since
    elif not seen.is_up:
        seen.mounted = 0


def remove_mounts() -> None:
    """Of all nodes that are not up: also of those that went while nobody was here to see it."""
    naming = Naming(given(NAMING))
    first: u64 = 0
    while True:
        size = naming.list(NODES, first, watcher.names[:])
        if size < RECORD_SIZE:
            return
        for index in range(size // RECORD_SIZE):
            record = at(NameRecord, address_of(watcher.names) + index * RECORD_SIZE)
            name = str(record.name[0 : record.length], "utf-8")
            first += 1
            if record.is_mount != 0 and not is_up(name[len(NODES) + 1 : len(name)]):
                unmount(name)
                first -= 1


def is_up(name: Text) -> bool:
    """Whether the node of that name is there; we are."""
    for place in range(watcher.count):
        if watcher.nodes[place].is_up and watcher.nodes[place].text() == name:
            return True
    return name == watcher.own_name


def unmount(name: Text) -> None:
    """It is there no more."""
    try:
        Naming(given(NAMING)).remove(name)
    except NoSuchName:
        return


def mount(name: Text, gate: Gate) -> None:
    """Again, if naming dies at it. Raises what calls raise."""
    try:
        for _ in range(TRIES):
            try:
                Naming(given(NAMING)).mount(name, Gate(duplicate_of(gate.handle)))
                return
            except OutcomeUnknown:
                continue
        raise ServiceError("the naming service dies again and again")
    finally:
        if gate.handle != given(NAMING):
            close_quietly(gate.handle)


# ---- waiting ----


def tell() -> None:
    """The server's thread is to read what was seen; nothing is changed until it has."""
    watcher.is_taken = False
    watcher.done.notify(watcher.bit)
    while not watcher.is_taken:
        receive(NO_TIMEOUT)


def wait_for_change() -> None:
    """Until there is something to see."""
    while not watcher.is_changed:
        receive(NO_TIMEOUT)


def receive(timeout: u64) -> None:
    """One message, if one comes."""
    letter = Letter()
    try:
        watcher.port.receive(letter, timeout)
    except TimedOut:
        return
    if letter.kind == Message.LAST_HANDLE:  # nobody would tell us any more: the network server has died
        watcher.is_watching, watcher.is_changed, watcher.is_new_network = False, True, True
        for place in range(watcher.count):
            watcher.nodes[place].mounted = 0
    elif letter.kind == Message.NOTIFICATION:
        watcher.is_taken = watcher.is_taken or letter.words[0] & TAKEN != 0
        watcher.is_changed = watcher.is_changed or letter.words[0] & CHANGED != 0
