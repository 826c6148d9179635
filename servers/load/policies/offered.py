"""Policies in which those with time to spare come forward: they ask for work, announce themselves, or have themselves
listed by the registrar.
"""

from atoll.abi.types import u64
from atoll.servers.load.interface import MOST_NODES, Candidate
from atoll.servers.load.policies.view import Choice, View, pressure


class Receiver:
    """Idle nodes ask others for work. A busy node asks nobody: it lets programs wait until it has room, or until an
    idle node asks and gets the one that has waited longest. So what moves is never running.
    """

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """Now, or later."""
        if view.is_busy() and view.count > 0:
            choice.wait(view, f"load {view.own.load} is too much here")
        else:
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")


class Announced:
    """A busy node takes from its pool of servers the one with least: nodes that have said that they are idle."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """Of several that are alike, any."""
        if not view.is_busy():
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")
            return
        start = view.draw(view.count) if view.count > 0 else u64(0)
        best: u64 = MOST_NODES
        for step in range(view.count):
            index = (start + step) % view.count
            other = view.others[index]
            is_server = other.idle == 1 and view.would_do(index, candidate)
            if is_server and (best == MOST_NODES or pressure(other) < pressure(view.others[best])):
                best = index
        if best == MOST_NODES:
            choice.stay(view, "nobody has announced itself")
        elif pressure(view.others[best]) >= pressure(view.own):
            choice.stay(view, "the pool of servers has as much to do as this node")
        else:
            choice.go(view.others[best].node, f"load {view.own.load} here, and that node has announced itself")


class Registered:
    """A busy node asks the registrar of idle stations."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """It knows, or nobody does."""
        if not view.is_busy():
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")
        elif view.count == 0:
            choice.stay(view, "there is no other node")
        else:
            choice.ask_registrar(view.registrar, f"load {view.own.load} is too much here")
