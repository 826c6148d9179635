"""The load server: it looks at this node, keeps what it hears of the others, and lets a policy decide.

It waits for nobody on another node: who has to be asked is asked by the caller, or by the herald, a thread of its own.
"""

from atoll.abi import startup
from atoll.abi.objects import NO_HANDLE, Info, Right
from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import Slice, Text, u8, u64
from atoll.servers.load import herald, usher
from atoll.servers.load.interface import (
    HUNDRED,
    NODE_SIZE,
    POLICIES,
    PROGRAM_SIZE,
    BadSettings,
    Candidate,
    Decision,
    Index,
    Load,
    Move,
    NodeFigures,
    NoWay,
    Overhead,
    Policy,
    Registrar,
    Settings,
    Verdict,
)
from atoll.servers.load.known import Known
from atoll.servers.load.log import log
from atoll.servers.load.moving import Movement
from atoll.servers.load.owner import Owner, is_guest
from atoll.servers.load.policies import selection
from atoll.servers.load.policies.view import Choice, View
from atoll.servers.load.registrar import Book
from atoll.servers.load.sampling import Sampler
from atoll.servers.load.statistics import Mood
from atoll.userland.runtime.containers import Ring
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import duplicate, read_info
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter
from atoll.userland.runtime.system import own_process

STATE_VERSION = 2
CPU_TIME = 5  # word of an Info of a process
MOST_WAITING = 32  # placements
WATCH_AGAIN = 1_000_000_000  # nanoseconds
ASKING_PERIODS = 2  # of samples between two times that an idle node asks for work
PROGRAMS = 1  # notification bit: a program has started or ended
FOR_CALLERS = Right.SEND | Right.DUPLICATE | Right.MOVE
EVERY_NODE = 0xFFFF_FFFF_FFFF_FFFF
MOST_LOAD = 10_000  # hundredths; more makes no sense as a threshold


class LoadServer(Load, Registrar):
    """One node's; and the registrar, if its node has the lowest number."""

    sampler: Sampler
    view: View
    known: Known
    mood: Mood
    waiting: Ring[u64, MOST_WAITING]  # reply handles of those whose programs wait until there is room
    book: Book
    owner: Owner
    movement: Movement
    watched: u64  # when the program manager was last asked to tell of starts and ends
    started: u64
    asked: u64
    told: u64
    decisions: u64
    sent_away: u64

    # ---- what is told ----

    def figures(self) -> NodeFigures:
        self.update(True)
        return self.view.own

    def nodes(self, first: u64, into: Slice[u8]) -> u64:
        self.update(True)
        used: u64 = 0
        if first == 0 and len(into) >= NODE_SIZE:
            into[0:NODE_SIZE] = view(address_of(self.view.own), NODE_SIZE)
            used = NODE_SIZE
        for index in range(max(first, 1) - 1, self.view.count):
            if used + NODE_SIZE <= len(into):
                into[used : used + NODE_SIZE] = view(address_of(self.view.others[index]), NODE_SIZE)
                used += NODE_SIZE
        return used

    def programs(self, first: u64, into: Slice[u8]) -> u64:
        self.update(True)
        used: u64 = 0
        for index in range(min(first, self.sampler.count), self.sampler.count):
            if used + PROGRAM_SIZE <= len(into):
                into[used : used + PROGRAM_SIZE] = view(address_of(self.sampler.tracked[index].load), PROGRAM_SIZE)
                used += PROGRAM_SIZE
        return used

    def overhead(self) -> Overhead:
        info = Info()
        read_info(own_process(), info)
        made = Overhead()
        made.samples, made.skipped = self.sampler.samples, self.sampler.skipped
        made.own_time, made.sampling_time = info.words[CPU_TIME], self.sampler.sampling_time
        made.since = clock() - self.started
        made.asked, made.told = self.asked + herald.herald.messages.read(), self.told
        made.decisions, made.sent_away = self.decisions, self.sent_away
        return made

    def log(self, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        return log.read(first, into)

    # ---- settings ----

    def settings(self) -> Settings:
        return self.view.settings

    def configure(self, settings: Settings) -> None:
        if settings.index > Index.CPU:
            raise BadSettings(f"there is no load index {settings.index}")
        if settings.policy >= POLICIES:
            raise BadSettings(f"there is no policy {settings.policy}")
        if settings.busy_above > MOST_LOAD or settings.idle_below > settings.busy_above:
            raise BadSettings("idle is to be below busy, and busy below 100 programs")
        if settings.policy != self.view.settings.policy:
            log.note(f"policy: {Policy(settings.policy).name}")
        if settings.index != self.view.settings.index:
            log.note(f"load index: {Index(settings.index).name}")
        self.view.settings = settings
        self.update(False)

    # ---- deciding ----

    def place(self, candidate: Candidate) -> Decision:
        self.update(True)
        choice = Choice()
        selection.decide(self.view, candidate, choice)
        if choice.verdict == Verdict.WAIT and self.waiting.full:
            choice.stay(self.view, "too many wait already")
        if choice.verdict == Verdict.WAIT:
            self.waiting.push(call.postpone())
            log.note(f"{self.policy_name()}: waits: {choice.text()}")
            return Decision()
        if choice.verdict == Verdict.ASK:
            self.asked += 2
        return self.decision_of(choice)

    def decision_of(self, choice: Choice) -> Decision:
        """What the policy has said, as the caller gets it; in the log if it is final."""
        made = Decision()
        made.node, made.verdict, made.reason_length = choice.node, choice.verdict, choice.reason_length
        made.reason[:] = choice.reason[:]
        if choice.verdict == Verdict.RUN:
            self.decisions += 1
            is_here = choice.node == self.view.own.node
            self.sent_away += u64(not is_here)
            log.note(f"{self.policy_name()}: {'stays' if is_here else 'goes'}, node {choice.node}: {choice.text()}")
        return made

    def policy_name(self) -> Text:
        """Of the policy that is set."""
        return Policy(self.view.settings.policy).name

    def placed(self, node: u64) -> None:
        self.known.send(self.view, node, clock())

    def release(self) -> None:
        """Those who wait because this node had too much: the first goes on if that is over. (One at a time: the next
        when that one has been seen to run.)
        """
        settings = self.view.settings
        is_meant = settings.policy == Policy.RECEIVER
        if self.waiting.empty or (is_meant and self.load_of_running() >= settings.busy_above):
            return
        choice = Choice()
        choice.stay(self.view, "there is room now")
        Load.reply_place(self.waiting.pop(), self.decision_of(choice))

    # ---- who is there ----

    def way(self, node: u64) -> Gate:
        place = self.known.place_of(self.view, node)
        if node == self.view.own.node:
            return loop.port.mint(0)
        if place == self.view.count or self.known.ways[place] == NO_HANDLE:
            raise NoWay(f"node {node} is down, or its load server has not been heard of yet")
        return Gate(duplicate(self.known.ways[place], FOR_CALLERS))

    def met(self, node: u64, way: Gate) -> None:
        self.known.meet(self.view, node, way.handle)

    def lost(self, node: u64) -> None:
        self.known.forget(self.view, node)
        self.book.forget(node)

    def registrar(self) -> u64:
        return self.view.registrar

    def settle(self) -> NodeFigures:
        self.update(True)
        own, settings = self.view.own, self.view.settings
        if self.mood.update(own.load, settings.busy_above, settings.idle_below):
            log.note(f"{'busy' if self.mood.is_busy else 'idle'}: load {own.load}")
        own.idle = 0 if self.mood.is_busy or self.owner.is_here else 1
        return self.view.own

    # ---- the owner ----

    def owner_back(self) -> None:
        self.update(True)
        if self.owner.typed(self.sampler, self.view.own.node, clock()):
            self.view.own.owner = 1
            self.tell_herald(herald.MOOD)
            usher.usher.gate.notify(usher.OWNER)

    def leaving(self, first: u64, into: Slice[u8]) -> u64:
        self.update(True)
        seen, used = u64(0), u64(0)
        for index in range(self.sampler.count):
            load = self.sampler.tracked[index].load
            if not self.owner.is_here or not is_guest(load, self.view.own.node):
                continue
            if seen >= first and used + PROGRAM_SIZE <= len(into):
                into[used : used + PROGRAM_SIZE] = view(address_of(load), PROGRAM_SIZE)
                used += PROGRAM_SIZE
            seen += 1
        return used

    def refuge(self, home: u64, failed: u64) -> u64:
        is_home_up = self.known.place_of(self.view, home) < self.view.count
        if is_home_up and failed >> home & 1 == 0:
            return home
        candidate = Candidate()
        candidate.only = EVERY_NODE & ~failed
        other = self.view.least_loaded(candidate, only_asked=False)
        if other is None:
            raise NoWay("no other node is known")
        return other.node

    # ---- programs that move ----

    def migrant(self) -> Move:
        self.update(True)
        return self.movement.choose(self.view, self.sampler, clock())

    def moved(self, move: Move) -> None:
        self.movement.moved(move)
        self.known.send(self.view, move.node, clock())

    def arrived(self, pid: u64, cost: u64) -> None:
        self.told += 1
        self.movement.arrived(pid, cost, clock())

    def note(self, line: Text) -> None:
        log.note(line)

    # ---- others ----

    def set_registrar(self, node: u64) -> None:
        self.view.registrar = node

    def set_speed(self, speed: u64) -> None:
        self.view.own.speed = speed

    # ---- from other nodes ----

    def heard(self, figures: NodeFigures) -> None:
        self.told += 1
        self.known.enter(self.view, figures, clock())

    def want_work(self, node: u64) -> bool:
        self.told += 1
        if self.waiting.empty:
            return False
        choice = Choice()
        choice.go(node, "it has asked for work")
        Load.reply_place(self.waiting.pop(), self.decision_of(choice))
        return True

    # ---- the registrar ----

    def register(self, figures: NodeFigures) -> None:
        self.told += 1
        self.book.register(figures)

    def request(self, memory: u64, speed: u64, asker: u64) -> tuple[u64, u64]:
        self.told += 1
        return self.book.request(memory, speed, asker)

    def step(self, ticket: u64, number: u64) -> None:
        self.book.step(ticket, number)

    def stations(self, first: u64, into: Slice[u8]) -> u64:
        used: u64 = 0
        for index in range(min(first, self.book.count), self.book.count):
            if used + NODE_SIZE <= len(into):
                into[used : used + NODE_SIZE] = view(address_of(self.book.stations[index]), NODE_SIZE)
                used += NODE_SIZE
        return used

    # ---- looking ----

    def update(self, fresh: bool) -> None:
        """Bring this node's figures up to date: from the last sample, or with a look at the programs now."""
        if fresh:
            self.sampler.look()
        own = self.view.own
        self.sampler.describe(own)
        own.index = self.view.settings.index
        own.load = self.load_of_running() + u64(len(self.waiting)) * HUNDRED
        settings = self.view.settings
        if self.mood.would_change(own.load, settings.busy_above, settings.idle_below):
            self.tell_herald(herald.MOOD)

    def load_of_running(self) -> u64:
        """The load by the index that is set, without programs that wait to be started."""
        own = self.view.own
        match own.index:
            case Index.PROGRAMS:
                return own.programs * HUNDRED
            case Index.ACTIVE:
                return own.active * HUNDRED
        return own.busy

    def tell_herald(self, bits: u64) -> None:
        """Something is to be said to other nodes; the herald reads what, when it comes to that."""
        if herald.herald.gate.handle != NO_HANDLE:
            herald.herald.gate.notify(bits)

    def notified(self, bits: u64, label: u64) -> None:
        if bits & PROGRAMS == 0:
            return
        self.sampler.rhythm.hurry()
        self.update(True)
        self.release()
        if self.view.settings.policy == Policy.RECEIVER and self.view.own.load == 0:
            self.tell_herald(herald.WORK)

    def timeout(self) -> u64:
        now = clock()
        due = self.sampler.rhythm.next_time()
        return due - now if due > now else 0

    def timed_out(self) -> None:
        self.sampler.network.handle = herald.herald.network.handle
        self.sampler.sample()
        self.update(False)
        self.release()
        if self.movement.is_due(self.view, clock()):
            usher.usher.gate.notify(usher.CONSIDER)
        if self.view.settings.policy == Policy.RECEIVER and self.view.own.load == 0:
            self.sampler.rhythm.hurry_to(ASKING_PERIODS)
            self.tell_herald(herald.WORK)
        if self.owner.look(clock()):
            self.view.own.owner = 0
            self.tell_herald(herald.MOOD)
        if clock() - self.watched > WATCH_AGAIN:
            self.watch_programs()

    def watch_programs(self) -> None:
        """Hear of starts and ends: from the program manager, which may be another than it was."""
        self.watched = clock()
        self.sampler.manager.watch(loop.port.mint(0), PROGRAMS)

    # ---- a swap: settings and figures of others go over; samples begin anew, and the threads ----

    def state_size(self) -> u64:
        return size_of(View) + size_of(Book) + 4096

    def export_state(self, writer: StateWriter) -> None:
        writer.number(STATE_VERSION)
        writer.data(view(address_of(self.view), size_of(View)))
        writer.data(view(address_of(self.book), size_of(Book)))
        writer.number(u64(len(self.waiting)))
        for place in range(len(self.waiting)):
            writer.moved(self.waiting[place])

    def import_state(self, reader: StateReader) -> None:
        if reader.number() != STATE_VERSION:
            raise StateRefused("figures of another version")
        reader.structure(address_of(self.view), size_of(View))
        reader.structure(address_of(self.book), size_of(Book))
        for _ in range(reader.number()):
            self.waiting.push(NO_HANDLE)
            reader.moved(address_of(self.waiting.items) + 8 * (u64(len(self.waiting)) - 1))

    def activated(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From here on we serve: hear of programs, and let others hear of us."""
        self.watch_programs()
        usher.start(given(startup.NAMING), loop.port.mint(0))
        herald.start(given(startup.NAMING), loop.port.mint(0), self.view.own.node)
