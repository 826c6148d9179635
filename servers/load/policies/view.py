"""What a policy sees, and what it says. A policy is a class with one method, `decide(view, candidate, choice)`: it
looks at the figures of all nodes that are known and at a candidate, and says `stay`, `go`, `ask` or `ask_registrar`.
"""

from atoll.abi.types import Array, Text, u8, u64, wrapping_add, wrapping_mul
from atoll.servers.load.interface import MOST_NODES, REASON_SIZE, Candidate, NodeFigures, Settings, Verdict

REFERENCE_SPEED = 1000  # MHz: loads are compared as if all nodes had this speed
ONE = 100  # load of one program, hundredths
NOBODY = 0  # no node has this number
MULTIPLIER = 6364136223846793005  # of the sequence of random numbers: Knuth, MMIX
INCREMENT = 1442695040888963407
HIGH = 33  # its upper bits are the better ones


class View:
    """This node, the others, and what the administrator has set."""

    own: NodeFigures
    others: Array[NodeFigures, MOST_NODES]
    count: u64  # of others that are up
    settings: Settings
    registrar: u64  # number of the node whose load server keeps the list of idle stations
    random: u64  # state of the random numbers

    def draw(self, below: u64) -> u64:
        """A random number from 0 on."""
        self.random = next_random(self.random)
        return (self.random >> HIGH) % below

    def is_busy(self) -> bool:
        """Whether this node has more than it should: only then programs are sent away."""
        return pressure(self.own) >= self.settings.busy_above

    def is_asked(self, index: u64, candidate: Candidate) -> bool:
        """Whether a node has been asked for this candidate already."""
        return candidate.asked >> self.others[index].node & 1 == 1

    def would_do(self, index: u64, candidate: Candidate) -> bool:
        """Whether the candidate may run on that node at all."""
        if self.others[index].owner == 1:
            return False
        return candidate.only == 0 or candidate.only >> self.others[index].node & 1 == 1

    def find(self, node: u64) -> NodeFigures | None:
        """The figures of another node."""
        for index in range(self.count):
            if self.others[index].node == node:
                return self.others[index]
        return None

    def least_loaded(self, candidate: Candidate, only_asked: bool) -> NodeFigures | None:
        """The other node with the smallest load, the first of several; among those that were asked, if so wanted."""
        best: u64 = MOST_NODES
        for index in range(self.count):
            is_wanted = self.would_do(index, candidate) and (not only_asked or self.is_asked(index, candidate))
            if is_wanted and (best == MOST_NODES or pressure(self.others[index]) < pressure(self.others[best])):
                best = index
        return None if best == MOST_NODES else self.others[best]

    def draw_other(self, candidate: Candidate) -> u64:
        """The number of a random other node that has not been asked yet; NOBODY if there is none."""
        possible: u64 = 0
        for index in range(self.count):
            if self.would_do(index, candidate) and not self.is_asked(index, candidate):
                possible += 1
        if possible == 0:
            return NOBODY
        wanted = self.draw(possible)
        for index in range(self.count):
            if self.would_do(index, candidate) and not self.is_asked(index, candidate):
                if wanted == 0:
                    return self.others[index].node
                wanted -= 1
        return NOBODY


class Choice:
    """What a policy says."""

    node: u64
    verdict: u64
    reason: Array[u8, REASON_SIZE]
    reason_length: u64

    def say(self, verdict: u64, node: u64, reason: Text) -> None:
        """Any of those below."""
        self.verdict, self.node = verdict, node
        self.reason_length = min(u64(len(reason)), REASON_SIZE)
        self.reason[0 : self.reason_length] = reason.encode()[0 : self.reason_length]

    def text(self) -> Text:
        """The reason."""
        return str(self.reason[0 : self.reason_length], "utf-8")

    def stay(self, view: View, reason: Text) -> None:
        """The candidate runs here."""
        self.say(Verdict.RUN, view.own.node, reason)

    def go(self, node: u64, reason: Text) -> None:
        """It runs there."""
        self.say(Verdict.RUN, node, reason)

    def ask(self, node: u64, reason: Text) -> None:
        """That node is to be asked for its figures, then the policy is asked again."""
        self.say(Verdict.ASK, node, reason)

    def wait(self, view: View, reason: Text) -> None:
        """It is not started until there is room here, or somebody asks for work."""
        self.say(Verdict.WAIT, view.own.node, reason)

    def ask_registrar(self, node: u64, reason: Text) -> None:
        """The registrar on that node decides."""
        self.say(Verdict.REGISTRAR, node, reason)


def pressure(figures: NodeFigures) -> u64:
    """A node's load in proportion to its speed."""
    if figures.speed == 0 or figures.speed == REFERENCE_SPEED:
        return figures.load
    return figures.load * REFERENCE_SPEED // figures.speed


def next_random(state: u64) -> u64:
    """The next state of the random numbers."""
    return wrapping_add(wrapping_mul(state, u64(MULTIPLIER)), u64(INCREMENT))


def asked_count(candidate: Candidate) -> u64:
    """How many nodes have been asked for this candidate."""
    count: u64 = 0
    rest = candidate.asked
    while rest != 0:
        count += rest & 1
        rest = rest >> 1
    return count
