"""Programs that run and had better run elsewhere: which one, where to, whether that pays, and who has just moved."""

from atoll.abi.types import Array, u64
from atoll.servers.load.interface import Candidate, Move, ProgramLoad
from atoll.servers.load.log import log
from atoll.servers.load.policies.migration import LEAST_GAIN, Estimate, estimate, worth
from atoll.servers.load.policies.view import View, pressure
from atoll.servers.load.sampling import Sampler

MOST_RESTING = 32
MEGABITS = 100  # of the way to other nodes, until a move has shown it
TELLING = 64 << 10  # bytes of a move that shows it
BITS_PER_MICROSECOND = 8000  # in a byte per nanosecond
CONSIDER_AGAIN = 500_000_000  # nanoseconds
SERIAL = 0xFFFF_FFFF  # of a pid


class Resting:
    """A program that has moved."""

    pid: u64  # 0: this place is free
    since: u64
    cost: u64


class Movement:
    """What is known of moves."""

    resting: Array[Resting, MOST_RESTING]
    next: u64
    megabits: u64  # as moves have shown; 0: none has
    considered: u64  # when
    told: u64  # the pid of which the log says already that it stays

    def is_due(self, view: View, now: u64) -> bool:
        """Whether this node has so much more to do than others that it is time to look for one who should go."""
        is_wanted = view.settings.moves == 1 and view.count > 0 and now - self.considered >= CONSIDER_AGAIN
        return is_wanted and (pressure(view.own) >= LEAST_GAIN or view.own.page_outs > 0)

    def choose(self, view: View, sampler: Sampler, now: u64) -> Move:
        """Who goes, and where to; pid 0: nobody. What was thought of it is in the log."""
        self.considered = now
        made = Move()
        index = self.select(sampler)
        target = view.least_loaded(Candidate(), only_asked=False)
        if index == sampler.count or target is None:
            return made
        load = sampler.tracked[index].load
        load.pages = sampler.pages_of(load)
        found = Estimate()
        moved_before, cost_before = self.last_move(load.pid, now)
        megabits = self.megabits if self.megabits > 0 else u64(MEGABITS)
        estimate(view, load, target.node, megabits, moved_before, cost_before, found)
        if found.pays:
            made.pid, made.node, made.cost = load.pid, target.node, found.cost
        self.tell(load, target.node, found)
        return made

    def select(self, sampler: Sampler) -> u64:
        """Of those who run, the one whose pages buy most remaining time; one that rests only if there is no other.
        The count of all if nobody runs.
        """
        best = sampler.count
        for index in range(sampler.count):
            load = sampler.tracked[index].load
            if load.active == 1 and (best == sampler.count or self.is_better(load, sampler.tracked[best].load)):
                best = index
        return best

    def is_better(self, load: ProgramLoad, than: ProgramLoad) -> bool:
        """Which of two."""
        rests, other_rests = self.place_of(load.pid) < MOST_RESTING, self.place_of(than.pid) < MOST_RESTING
        return other_rests if rests != other_rests else worth(load) > worth(than)

    def tell(self, load: ProgramLoad, node: u64, found: Estimate) -> None:
        """The decision, for the log; that the same program stays only once."""
        if not found.pays and self.told == load.pid:
            return
        self.told = 0 if found.pays else load.pid
        reason = str(found.reason[0 : found.reason_length], "utf-8")
        says = "moves" if found.pays else "is not moved"
        log.note(f"program {load.pid & SERIAL} {says} to node {node}: {reason}")

    # ---- who has moved ----

    def moved(self, move: Move) -> None:
        """One has gone: that shows how fast the way is."""
        if move.bytes >= TELLING:
            self.megabits = max(move.bytes * BITS_PER_MICROSECOND // max(move.cost, 1), 1)

    def arrived(self, pid: u64, cost: u64, now: u64) -> None:
        """One has come, and rests; instead of who came first, if too many do."""
        place = self.place_of(pid)
        if place == MOST_RESTING:
            place = self.next % MOST_RESTING
            self.next += 1
        item = self.resting[place]
        item.pid, item.since, item.cost = pid, now, max(cost, 1)

    def last_move(self, pid: u64, now: u64) -> tuple[u64, u64]:
        """How long ago a program has come here, and what that had cost; 0, 0: it has not."""
        place = self.place_of(pid)
        if place == MOST_RESTING:
            return 0, 0
        return now - self.resting[place].since, self.resting[place].cost

    def place_of(self, pid: u64) -> u64:
        """Where it stands; MOST_RESTING: nowhere."""
        for place in range(u64(MOST_RESTING)):
            if self.resting[place].pid == pid:
                return place
        return MOST_RESTING
