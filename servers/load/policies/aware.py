"""Policies that weigh more than the CPU: communication and the state of the network, or memory."""

from atoll.abi.types import u64
from atoll.servers.load.interface import MOST_NODES, Candidate, NodeFigures
from atoll.servers.load.policies.view import ONE, Choice, View, pressure

# A call to another node takes some 100 us of CPU on both sides together: so a hundred messages in a second cost one
# hundredth of a CPU.
MESSAGES_PER_HUNDREDTH = 100
SPARE_PAGES = 256  # that a node is to keep free: 1 MiB


class Talking:
    """Programs that talk much belong together: every node's load is raised by what talking from there would cost, and
    by the calls that wait for its network already.
    """

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """The least sum; at home if others are no better."""
        best = view.own
        least = self.cost(view.own, candidate)
        for index in range(view.count):
            cost = self.cost(view.others[index], candidate)
            if view.would_do(index, candidate) and cost + ONE <= least:
                best, least = view.others[index], cost
        if best.node == view.own.node:
            choice.stay(view, f"load and talking cost {least} here, nowhere a program less")
        else:
            here = self.cost(view.own, candidate)
            choice.go(best.node, f"load and talking cost {here} here, {least} there, with node {candidate.peer}")

    def cost(self, node: NodeFigures, candidate: Candidate) -> u64:
        """Load, talking, and a network with a queue, in hundredths."""
        if candidate.peer == 0 or node.node == candidate.peer:
            return pressure(node)
        talking = candidate.traffic // MESSAGES_PER_HUNDREDTH
        return pressure(node) + talking + node.waiting_frames


class Memory:
    """A node short of memory slows everything: programs go where they fit, and only then to where the load is least."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """At home if there is room and time."""
        has_room = fits(view.own, candidate)
        if has_room and not view.is_busy():
            choice.stay(view, f"load {view.own.load}, {view.own.free_pages} pages free")
            return
        best: u64 = MOST_NODES
        for index in range(view.count):
            other = view.others[index]
            would_fit = view.would_do(index, candidate) and fits(other, candidate)
            if would_fit and (best == MOST_NODES or pressure(other) < pressure(view.others[best])):
                best = index
        if best == MOST_NODES:
            choice.stay(view, "no other node is known to have the memory")
        elif has_room and pressure(view.others[best]) >= pressure(view.own):
            choice.stay(view, f"nobody with the memory has less than {view.own.load}")
        else:
            pages = view.others[best].free_pages
            choice.go(view.others[best].node, f"{view.own.free_pages} pages free here, {pages} there")


def fits(node: NodeFigures, candidate: Candidate) -> bool:
    """Whether a node has the memory, and is not writing out pages for lack of it."""
    return node.page_outs == 0 and node.free_pages >= candidate.memory + SPARE_PAGES
