"""What a load server knows of the others: the latest figures of each."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, u64
from atoll.servers.load.interface import HUNDRED, MOST_NODES, NodeFigures
from atoll.servers.load.log import log
from atoll.servers.load.policies.view import View
from atoll.userland.runtime.objects import close

UNDERWAY = 20_000_000  # nanoseconds from a decision until the program runs where it was sent


class Known:
    """Changes a View. (Its state is all there, so that policies and a successor find it in one place.)"""

    heard: u64  # records that were entered
    sent: Array[u64, MOST_NODES]  # programs sent there lately, at those places
    sent_at: Array[u64, MOST_NODES]  # when the last of them was
    ways: Array[u64, MOST_NODES]  # gates to their load servers, at the places of the view's others; NO_HANDLE: not yet

    def enter(self, view: View, figures: NodeFigures, now: u64) -> None:
        """What a node has said of itself; what it said before, in an earlier life too, is forgotten."""
        if figures.node == view.own.node or figures.node == 0:
            return
        self.heard += 1
        place = self.place_of(view, figures.node)
        if place == view.count:
            if view.count == MOST_NODES:
                return
            self.ways[place], self.sent[place], self.sent_at[place] = NO_HANDLE, 0, 0
            view.count += 1
            log.note(f"node {figures.node} is there: {mood_of(figures)}, load {figures.load}")
        elif view.others[place].incarnation > figures.incarnation:
            return
        elif view.others[place].idle != figures.idle:
            log.note(f"node {figures.node} is {mood_of(figures)} now, load {figures.load}")
        view.others[place] = figures
        view.others[place].heard = now
        if self.sent[place] > 0 and now - self.sent_at[place] < UNDERWAY:
            view.others[place].load += self.sent[place] * HUNDRED  # it does not know of them yet
        else:
            self.sent[place] = 0

    def send(self, view: View, node: u64, now: u64) -> None:
        """A program is on its way to a node: it counts there from now on."""
        place = self.place_of(view, node)
        if place < view.count:
            view.others[place].load += HUNDRED
            self.sent[place] = 1 if now - self.sent_at[place] >= UNDERWAY else self.sent[place] + 1
            self.sent_at[place] = now

    def meet(self, view: View, node: u64, way: u64) -> None:
        """A node is up, and this is the way to its load server; its figures come later."""
        if self.place_of(view, node) == view.count:
            figures = NodeFigures()
            figures.node = node
            self.enter(view, figures, 0)
        place = self.place_of(view, node)
        if place < view.count:
            if self.ways[place] != NO_HANDLE:
                close(self.ways[place])
            self.ways[place] = way

    def forget(self, view: View, node: u64) -> None:
        """It is down."""
        place = self.place_of(view, node)
        if place < view.count:
            if self.ways[place] != NO_HANDLE:
                close(self.ways[place])
            for index in range(place, view.count - 1):
                view.others[index] = view.others[index + 1]
                self.ways[index] = self.ways[index + 1]
                self.sent[index], self.sent_at[index] = self.sent[index + 1], self.sent_at[index + 1]
            view.count -= 1
            log.note(f"node {node} is gone")

    def place_of(self, view: View, node: u64) -> u64:
        """Where a node stands; behind the last if nowhere."""
        for index in range(view.count):
            if view.others[index].node == node:
                return index
        return view.count


def mood_of(figures: NodeFigures) -> str:
    """In a word."""
    return "idle" if figures.idle == 1 else "busy"
