"""Load sharing for programs: `best_node(candidate)` is where a program had better run, by the policy that is set.

The load server decides and never waits for another node; where its policy wants to know more, this side asks.
"""

from atoll.abi.types import Text, u64
from atoll.servers.load.interface import Candidate, Load, NoWay, Registrar, Verdict
from atoll.userland.library.nodes import nodes
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError

EVERY_NODE = 0xFFFF_FFFF_FFFF_FFFF


class Placement:
    """Where a program goes, and what the registrar has to be told afterwards."""

    node: u64
    is_here: bool
    registrar: u64  # node
    ticket: u64  # the registrar's; 0: it was not asked


def best_node(load: Load, candidate: Candidate, own: u64, into: Placement) -> None:
    """Ask the load server, and on its word others. `own` is this node's number."""
    into.ticket = 0
    while True:
        decision = load.place(candidate)
        if decision.verdict == Verdict.ASK:
            candidate.asked = candidate.asked | u64(1) << decision.node
            if not ask(load, decision.node):
                exclude(candidate, decision.node)
        elif decision.verdict == Verdict.REGISTRAR:
            into.registrar = decision.node
            ask_registrar(load, candidate, own, into)
            break
        else:
            into.node = decision.node
            break
    into.is_here = into.node == own
    if not into.is_here:
        load.placed(into.node)


def exclude(candidate: Candidate, node: u64) -> None:
    """Not there: it does not answer."""
    allowed = candidate.only if candidate.only != 0 else u64(EVERY_NODE)
    candidate.only = allowed & ~(u64(1) << node)


def ask(load: Load, node: u64) -> bool:
    """Ask another node for its figures and let our load server know them; whether it has answered."""
    try:
        way = load.way(node)
        try:
            load.heard(Load(way.handle).figures())
        finally:
            way.close()
        return True
    except (ServiceError, KernelError):
        return False


def ask_registrar(load: Load, candidate: Candidate, own: u64, into: Placement) -> None:
    """Have the registrar give us a station; without one the program runs here."""
    into.node = own
    try:
        way = load.way(into.registrar)
        try:
            into.node, into.ticket = Registrar(way.handle).request(candidate.memory, 0, own)
        finally:
            way.close()
    except (ServiceError, KernelError):  # Nobody among them
        return


def tell_step(load: Load, placement: Placement, number: u64) -> None:
    """One of the steps 6 to 10, for the registrar's log; the last gives the station back."""
    if placement.ticket == 0:
        return
    try:
        way = load.way(placement.registrar)
        try:
            Registrar(way.handle).step(placement.ticket, number)
        finally:
            way.close()
    except (ServiceError, KernelError):  # it is down: nobody keeps that list any more
        return


def node_name(number: u64) -> Text:
    """A node's name, as `spawn` takes it. Good until the next call. Raises NoWay."""
    nodes.read()
    member = nodes.numbered(number)
    if member is None:
        raise NoWay(f"there is no node {number}")
    return str(member.name[0 : member.name_length], "utf-8")

