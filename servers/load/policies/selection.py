"""All policies by number, the one place that knows them all. One more is a class, a `Policy`, and two lines here."""

from atoll.servers.load.interface import Candidate, Policy
from atoll.servers.load.policies.asking import Global, Probing, Shortest
from atoll.servers.load.policies.aware import Memory, Talking
from atoll.servers.load.policies.offered import Announced, Receiver, Registered
from atoll.servers.load.policies.simple import Home, Local, Random
from atoll.servers.load.policies.view import Choice, View


def decide(view: View, candidate: Candidate, choice: Choice) -> None:
    """Ask the policy that is set."""
    match view.settings.policy:
        case Policy.RANDOM:
            Random().decide(view, candidate, choice)
        case Policy.LOCAL:
            Local().decide(view, candidate, choice)
        case Policy.GLOBAL:
            Global().decide(view, candidate, choice)
        case Policy.PROBING:
            Probing().decide(view, candidate, choice)
        case Policy.SHORTEST:
            Shortest().decide(view, candidate, choice)
        case Policy.RECEIVER:
            Receiver().decide(view, candidate, choice)
        case Policy.ANNOUNCED:
            Announced().decide(view, candidate, choice)
        case Policy.REGISTRAR:
            Registered().decide(view, candidate, choice)
        case Policy.TALKING:
            Talking().decide(view, candidate, choice)
        case Policy.MEMORY:
            Memory().decide(view, candidate, choice)
        case _:
            Home().decide(view, candidate, choice)
