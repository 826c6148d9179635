"""Policies that ask nobody: at home, anywhere, or by what is known already."""

from atoll.servers.load.interface import Candidate
from atoll.servers.load.policies.view import NOBODY, Choice, View, pressure


class Home:
    """No load sharing: every program runs where it was started."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """It stays."""
        choice.stay(view, "no load sharing")


class Random:
    """A busy node sends programs anywhere, without a look at who gets them."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """Any other node."""
        if not view.is_busy():
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")
            return
        node = view.draw_other(candidate)
        if node == NOBODY:
            choice.stay(view, "there is no other node")
        else:
            choice.go(node, f"load {view.own.load} is too much here; drawn")


class Local:
    """A busy node sends programs to who had least when it was last heard of: cheap, and sometimes out of date."""

    def decide(self, view: View, candidate: Candidate, choice: Choice) -> None:
        """The threshold is for this node's own load only."""
        if not view.is_busy():
            choice.stay(view, f"load {view.own.load} is below {view.settings.busy_above}")
            return
        other = view.least_loaded(candidate, only_asked=False)
        if other is None:
            choice.stay(view, "no other node is known")
        elif pressure(other) >= pressure(view.own):
            choice.stay(view, f"nobody is known to have less than {view.own.load}")
        else:
            choice.go(other.node, f"load {view.own.load} here, {other.load} there when it was last heard of")
