"""migrate: move a running program to another node; a PID is node.number.

usage: migrate [--memory M] [--delivery D] PID NODE
  M copy (the default): memory goes while it stands still; precopy: while it
    runs; reference: when it is touched
  D prevent (the default): who sends it messages is told; recover: finds out;
    redirect: its old node sends them on
"""

from atoll.abi.types import Text, i64, u64
from atoll.abi.wire import Delivery
from atoll.servers.migration.interface import Migration
from atoll.servers.mover.interface import MemoryStrategy, Order, Report
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import ProgramState
from atoll.userland.library.errors import fail, misuse, set_usage
from atoll.userland.library.nodes import Nodes, NoNode, name_of
from atoll.userland.library.programs import ProgramList, open_programs, parse_pid
from atoll.userland.library.services import find_service
from atoll.userland.runtime.interface import OutcomeUnknown
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import argument, argument_count

USAGE = "migrate [--memory M] [--delivery D] PID NODE"
MICROSECOND = 1000  # nanoseconds

programs: ProgramList = ProgramList()
nodes: Nodes = Nodes()
order: Order = Order()


class NotThere(Exception):
    """No node has the program."""


def memory_strategy(name: Text) -> u64:
    """By its name."""
    match name:
        case "copy":
            return MemoryStrategy.COPY
        case "precopy":
            return MemoryStrategy.PRECOPY
        case "reference":
            return MemoryStrategy.REFERENCE
    misuse(f"there is no strategy {name}: copy, precopy or reference")


def delivery_strategy(name: Text) -> u64:
    """By its name."""
    match name:
        case "redirect":
            return Delivery.REDIRECT
        case "prevent":
            return Delivery.PREVENT
        case "recover":
            return Delivery.RECOVER
    misuse(f"there is no strategy {name}: redirect, prevent or recover")


def find_program(node: u64, number: u64) -> Member:
    """The node where a program runs now; its pid is in the order. Raises NotThere."""
    for member in nodes.items:
        if member.is_up == 0:
            continue
        try:
            manager = open_programs(member.number)
        except NoNode:
            continue  # it has just gone: what is there cannot be moved
        try:
            programs.read_from(manager)
        finally:
            close(manager.handle)
        for info in programs.items:
            if info.pid % (1 << 32) != number or info.pid >> 48 != node:
                continue
            match info.state:
                case ProgramState.RUNNING:
                    order.pid = info.pid
                    return member
                case ProgramState.FROZEN:
                    raise NotThere("it is moving just now")
                case ProgramState.IN_DOUBT:
                    raise NotThere("in doubt: it was moving when the other node fell silent, and waits for that")
                case _:
                    pass  # not started yet, over, or elsewhere
    raise NotThere("no such program")


def migrate(pid: Text, to: Text) -> None:
    """Find both, and ask the starter of where it is."""
    nodes.read()
    destination = nodes.find(to)
    if destination is None:
        fail(to, "there is no such node")
    order.node = destination.number
    node, number = parse_pid(pid)
    source = find_program(node, number)
    starter = Migration(find_service(f"/nodes/{name_of(source)}/services/migration"))
    try:
        show(starter.migrate(order), name_of(source))
    finally:
        close(starter.handle)


def is_option(text: Text) -> bool:
    """Whether an argument is one."""
    return len(text) > 2 and text[0:2] == "--"


def value_of(index: u64) -> Text:
    """What follows an option."""
    if index + 1 >= argument_count():
        misuse(f"{argument(index)} needs a value")
    return argument(index + 1)


def show(report: Report, source: Text) -> None:
    """What it has cost, and what it needs of the node where it was."""
    if report.messages == 0:  # of a mover that has died on the way, whose successor has ended it
        print(f"moved in {report.total // MICROSECOND} us; its mover has died on the way, and all else that it knew")
        return
    print(f"frozen {report.freeze // MICROSECOND} us of {report.total // MICROSECOND} us;", end=" ")
    print(f"{report.pages} pages, {report.bytes} bytes, {report.messages} messages, {report.links} links", end="")
    if report.rounds > 0:
        print(f", {report.rounds} rounds", end="")
    if report.left > 0:
        print(f"; {report.left} pages left behind", end="")
    if report.ports + report.calls > 0:
        print(f"; depends on {source}: {report.ports} ports, {report.calls} calls", end="")
    print("")


def main() -> i64:
    """Options, then the two operands."""
    set_usage(USAGE)
    order.delivery = Delivery.PREVENT
    index: u64 = 0
    while index < argument_count() and is_option(argument(index)):
        option = argument(index)
        match option:
            case "--memory":
                order.memory = memory_strategy(value_of(index))
            case "--delivery":
                order.delivery = delivery_strategy(value_of(index))
            case _:
                misuse(f"there is no option {option}")
        index += 2
    if argument_count() != index + 2:
        misuse("a program and a node")
    try:
        migrate(argument(index), argument(index + 1))
    except OutcomeUnknown:
        fail(argument(index), "nobody knows what came of it: the starter has died; `ps` shows where it is")
    except Exception as error:
        fail(argument(index), f"{error}")
    return 0
