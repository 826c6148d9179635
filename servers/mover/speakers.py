"""What is to be said to movers of other nodes, by threads of their own, one for each node that is spoken to: so a node
that does not answer holds up nobody else. It is said again until it has been heard, or that node has died.
"""

from enum import IntEnum

from atoll.abi.calls import NO_TIMEOUT, Status
from atoll.abi.raw import address_of, store64
from atoll.abi.types import Array, u8, u64
from atoll.servers.mover.answers import HEAD
from atoll.servers.mover.guest import Guest
from atoll.servers.mover.incoming import incoming
from atoll.servers.mover.interface import MOST_THREADS, Mover, NoSuchMigration, Phase
from atoll.servers.mover.peers import Nodes, open_peer
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import Moving
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close
from atoll.userland.runtime.shared import SharedNumber
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import start_thread

SPEAKERS = 3
MOST_SAID = 32
MOST_TRIES = 20
PRIORITY = 12
PAUSE = 250_000_000  # nanoseconds between two tries
SILENCE = 10_000_000_000  # so long a node that is down is waited for; it has missed us too, and concludes what it must
INCARNATION = 0xFFFF  # its bits in numbers of migrations and of programs

# ---- what a speaker does ----
IDLE = 0
BUSY = 1


class Errand(IntEnum):
    """What is said."""

    NONE = 0
    SETTLED = 1  # a process is on that node now
    ENDED = 2
    END = 3  # end it
    ABORT = 4  # a migration from here was given up
    ASK = 5  # how far a migration to here is


class Said:
    """One thing that is to be said."""

    claims: SharedNumber  # 0: the place is free; who finds that has it
    what: SharedNumber  # an Errand; written last
    is_taken: SharedNumber  # by a speaker
    node: u64
    incarnation: u64  # of that node, its lowest 16 bits
    pid: u64
    id: u64  # of the migration
    value: u64  # status; where it is: node << 32 | incarnation
    begun: u64
    due: u64
    tries: u64

    def say(self, own: Mover) -> None:
        """One try."""
        try:
            peer = open_peer(self.node)
            try:
                self.call(peer, own)
            finally:
                close(peer.handle)
            self.finish()
        except (ServiceError, KernelError) as error:
            self.tries += 1
            self.due = clock() + PAUSE
            if self.what.read() == Errand.ASK:
                self.finish()  # who asks will ask again
            elif self.tries == MOST_TRIES:
                print(f"mover: node {self.node} could not be told of process {self.pid % (1 << 32)}: {error}")
                self.finish()
        self.is_taken.write(0)

    def call(self, peer: Mover, own: Mover) -> None:
        """Say it."""
        match self.what.read():
            case Errand.SETTLED:
                peer.settled(self.pid, self.value >> 32, self.value % (1 << 32))
            case Errand.ENDED:
                peer.ended(self.pid, self.value)
            case Errand.END:
                peer.end(self.pid, self.value)
            case Errand.ABORT:
                peer.abort(self.id)
            case Errand.ASK:
                phase = peer.know(self.id)
                if phase == Phase.UNKNOWN or phase == Phase.GIVEN_UP:
                    be_forsaken(self.id, own)

    def finish(self) -> None:
        """It has been said, or nobody is there any more to hear it."""
        if self.what.read() == Errand.ENDED:
            Moving(incoming.programs.handle).release(self.pid)
        self.what.write(Errand.NONE)
        self.claims.write(0)

    def is_vain(self, is_known: bool, member: Member) -> bool:
        """Whether nobody is there who could hear it."""
        if is_known and self.incarnation != member.incarnation & INCARNATION:
            return True
        is_down = not is_known or member.is_up == 0
        return is_down and clock() - self.begun > SILENCE


class Speaker:
    """A thread that says one thing at a time."""

    port: Port
    gate: Gate
    state: SharedNumber
    item: u64
    stack: Array[u8, 16384]


class Speakers:
    """All of them, and all that is to be said."""

    own: Mover  # the first thread
    changed: Gate  # notified when there is something to say, or has been said
    nodes: Nodes
    items: Array[Said, MOST_SAID]
    speakers: Array[Speaker, SPEAKERS]
    lost: Array[u8, HEAD]  # the answer that nobody will give

    def start(self, own: Mover, changed: Gate) -> None:
        """Make the threads."""
        self.own, self.changed = Mover(own.handle), Gate(changed.handle)
        for index in range(u64(SPEAKERS)):
            speaker = self.speakers[index]
            speaker.port = create_port()
            speaker.gate = speaker.port.mint(0)
            start_thread(Process(own_process()), serve, index, speaker.stack[:], PRIORITY)

    def have_some(self) -> bool:
        """Whether anything is to be said still."""
        for item in self.items:
            if item.what.read() != Errand.NONE:
                return True
        return False

    def hand_out(self) -> u64:
        """Give what is due to those who have nothing to do; nanoseconds until there is more to do."""
        now = clock()
        wait: u64 = NO_TIMEOUT
        member = Member()
        for index in range(u64(MOST_SAID)):
            item = self.items[index]
            if item.what.read() == Errand.NONE or item.is_taken.read() != 0:
                continue
            if item.due <= now:
                is_known = self.nodes.find(item.node, member)
                if item.is_vain(is_known, member):
                    item.finish()
                    continue
                if is_known and member.is_up != 0 and self.give(index):
                    continue
                item.due = now + PAUSE
            wait = min(wait, item.due - now)
        return wait

    def give(self, index: u64) -> bool:
        """To a speaker; False if none is free, or another speaks to that node already."""
        free = u64(SPEAKERS)
        for number in range(u64(SPEAKERS)):
            speaker = self.speakers[number]
            if speaker.state.read() == IDLE:
                free = number
            elif self.items[speaker.item].node == self.items[index].node:
                return False
        if free == SPEAKERS:
            return False
        self.items[index].is_taken.write(1)
        self.speakers[free].item = index
        self.speakers[free].state.write(BUSY)
        self.speakers[free].gate.notify(1)
        return True


speakers: Speakers = Speakers()


def serve(index: u64) -> None:
    """A speaker's thread."""
    speaker = speakers.speakers[index]
    told = Letter()
    while True:
        speaker.port.receive(told)
        if speaker.state.read() == BUSY:
            speakers.items[speaker.item].say(speakers.own)
            speaker.state.write(IDLE)
            speakers.changed.notify(1)


def say(what: Errand, node: u64, incarnation: u64, pid: u64, id: u64, value: u64) -> None:
    """Have something said to an incarnation of a node."""
    for item in speakers.items:
        if item.claims.add(1) == 0:
            item.node, item.incarnation, item.pid, item.id, item.value = node, incarnation & INCARNATION, pid, id, value
            item.begun, item.due, item.tries = clock(), 0, 0
            item.what.write(what)
            speakers.changed.notify(1)
            return
    print("mover: too much is to be told to other nodes")


def be_forsaken(id: u64, own: Mover) -> None:
    """The source of a process that has come, or is to come, does nothing more for it: what does not run is dropped,
    what was to be passed is lost, answers to its calls do not come.
    """
    own.abort(id)
    try:
        own.run(id)
        guest = incoming.find(id)
    except NoSuchMigration:
        return
    answer_all(guest, own)


def answer_all(guest: Guest, own: Mover) -> None:
    """The calls that its threads made before it came have no answer: as if whom they called had died."""
    store64(address_of(speakers.lost), Status.PEER_DIED)
    for number in range(u64(MOST_THREADS)):
        if guest.awaits(number):
            own.deliver(guest.id, number, speakers.lost[:])
