"""Policies of a sender that asks: all the others, or a few of them (Eager, Lazowska, Zahorjan 1986: "threshold" and
"shortest").
"""

from atoll.abi.types import u64
from atoll.servers.load.interface import Candidate
from atoll.servers.load.policies.view import NOBODY, ONE, Choice, View, asked_count, pressure


class Global:
    """Everybody is asked; a node sends programs away when it has more than the mean and its share of the threshold."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """The threshold counts from the mean of all."""
        if view.own.load == 0:
            choice.stay(view, "this node is idle")
            return
        node = view.draw_other(candidate)
        if node != NOBODY:
            choice.ask(node, "all are asked")
            return
        mean = mean_pressure(view)
        best = view.least_loaded(candidate, only_asked=True)
        if best is None or pressure(view.own) + ONE <= mean + view.settings.busy_above:
            choice.stay(view, f"load {view.own.load} is not far above the mean, {mean}")
        elif pressure(best) >= pressure(view.own):
            choice.stay(view, f"nobody has less than {view.own.load}")
        else:
            choice.go(best.node, f"load {view.own.load} here, {best.load} there, mean {mean}")


class Probing:
    """A busy node asks a few others, drawn, and takes the first that is below the threshold."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """One after another."""
        if not view.is_busy():
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")
            return
        best = view.least_loaded(candidate, only_asked=True)
        if best is not None and pressure(best) < view.settings.busy_above:
            choice.go(best.node, f"load {view.own.load} here, {best.load} there")
            return
        ask_another(view, candidate, choice, "none of those asked is below the threshold")


class Shortest:
    """A busy node asks a few others, drawn, and takes the one with least, if that is less than its own."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """First all are asked, then compared; an idle one is taken at once."""
        if not view.is_busy():
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")
            return
        best = view.least_loaded(candidate, only_asked=True)
        if best is not None and best.load == 0:
            choice.go(best.node, f"load {view.own.load} here, none there")
        elif asked_count(candidate) < view.settings.probes and asked_count(candidate) < view.count:
            ask_another(view, candidate, choice, "nobody is left to ask")
        elif best is None or pressure(best) >= pressure(view.own):
            choice.stay(view, f"none of those asked has less than {view.own.load}")
        else:
            choice.go(best.node, f"load {view.own.load} here, {best.load} there, the least of {asked_count(candidate)}")


def ask_another(view: View, candidate: Candidate, choice: Choice, otherwise: str) -> None:
    """Ask one more, if that is allowed and there is one; otherwise the candidate stays."""
    node = view.draw_other(candidate) if asked_count(candidate) < view.settings.probes else u64(NOBODY)
    if node == NOBODY:
        choice.stay(view, otherwise)
    else:
        choice.ask(node, f"load {view.own.load} is too much here")


def mean_pressure(view: View) -> u64:
    """The mean load of all nodes, this one included."""
    total = pressure(view.own)
    for index in range(view.count):
        total += pressure(view.others[index])
    return total // (view.count + 1)
