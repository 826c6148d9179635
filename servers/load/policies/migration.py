"""Whether it pays to move a program that runs already, and where to: what it costs, what it brings, and not too often.

How long a program will still run is not known. Of the lifetimes of processes it was found that one which has used t of
CPU time will use another t or more with a probability of a half (Harchol-Balter and Downey 1997): so the time that it
has had is taken for the time that it will need.
"""

from atoll.abi.types import Array, Text, u8, u64
from atoll.servers.load.interface import REASON_SIZE, NodeFigures, ProgramLoad
from atoll.servers.load.policies.view import View, pressure

PAGE_BITS = 4096 * 8
MEGABIT = 1_000_000
SECOND = 1_000_000_000  # nanoseconds
MILLISECOND = 1_000_000
FIXED_COST = 2 * MILLISECOND  # of a migration of nothing: negotiation, state, links
ORDER = 10  # the remaining time must be an order of magnitude over the cost
REST = 10  # a program that was moved stays for at least so many times what that had cost
LEAST_GAIN = 200  # hundredths: the other node must have so much less, or the two only change places


class Estimate:
    """What moving a program costs and brings, in nanoseconds, and what follows."""

    cost: u64
    remaining: u64  # CPU time that it will still need
    pays: bool
    reason_length: u64
    reason: Array[u8, REASON_SIZE]

    def conclude(self, pays: bool, reason: Text) -> None:
        """That is what follows."""
        self.pays = pays
        self.reason_length = min(u64(len(reason)), REASON_SIZE)
        self.reason[0 : self.reason_length] = reason.encode()[0 : self.reason_length]


def cost_of(pages: u64, megabits: u64, waiting_frames: u64) -> u64:
    """Nanoseconds to move so many pages over a line of so many Mb/s; calls that wait for it already (hundredths)
    slow it down.
    """
    wire = pages * PAGE_BITS * (SECOND // MEGABIT) // max(megabits, 1)
    return FIXED_COST + wire + wire * waiting_frames // 100


def estimate(
    view: View, program: ProgramLoad, target: u64, megabits: u64, moved_before: u64, cost_before: u64, into: Estimate
) -> None:
    """Whether that program of this node had better go on at another: `moved_before` nanoseconds ago it was moved
    here, at a cost of `cost_before` (0: never).
    """
    other = view.find(target)
    into.remaining = program.cpu_time
    if other is None:
        into.conclude(False, f"node {target} is not there")
        return
    into.cost = cost_of(program.pages, megabits, other.waiting_frames)
    if cost_before > 0 and moved_before < cost_before * REST:
        into.conclude(False, f"it was moved {moved_before // MILLISECOND} ms ago: it rests")
    elif into.remaining < into.cost * ORDER:
        into.conclude(False, f"{in_ms(into.remaining)} ms left, it would cost {in_ms(into.cost)} ms")
    elif pressure(view.own) < pressure(other) + LEAST_GAIN and not is_short(view.own, other):
        into.conclude(False, f"load {view.own.load} here, {other.load} there: it would gain nothing")
    else:
        into.conclude(True, f"{in_ms(into.remaining)} ms left, cost {in_ms(into.cost)} ms; load {other.load} there")


def is_short(own: NodeFigures, other: NodeFigures) -> bool:
    """Whether this node writes out pages for lack of memory, and the other does not."""
    return own.page_outs > 0 and other.page_outs == 0


def in_ms(nanoseconds: u64) -> u64:
    """For people."""
    return nanoseconds // MILLISECOND


def worth(program: ProgramLoad) -> u64:
    """How much remaining time a moved page buys."""
    return program.cpu_time // (program.pages + 1)
