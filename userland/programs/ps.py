"""ps: the programs of all nodes, and whom each waits for.

usage: ps [-l | NODE ...]
  -l  only those of this node; or only those of the nodes named
  node, pid (node.number), starter, generation, priority (0 is the highest),
  state, CPU time, memory, whom it waits for, name; of one that has moved the
  nodes that it needs: h home, p pages are there, s what comes is sent on
"""

from atoll.abi.types import Text, i64, u64
from atoll.servers.network.interface import Member
from atoll.servers.programs.interface import ProgramInfo, ProgramState
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option
from atoll.userland.library.calendar import duration
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.nodes import Nodes, NoNode, own_node
from atoll.userland.library.nodes import name_of as node_name
from atoll.userland.library.programs import NOBODY, ProgramList, name_of, open_programs, pid_text, state_of
from atoll.userland.library.sizes import human
from atoll.userland.runtime.kernel_errors import Dead
from atoll.userland.runtime.objects import close

PAGE_SIZE = 4096
BITS = 64  # of a word: a node each

ANY = 0xFFFF_FFFF_FFFF_FFFF

programs: ProgramList = ProgramList()
members: Nodes = Nodes()


def show(info: ProgramInfo, node: Text) -> None:
    """One line."""
    print(f"{node:<8} {pid_text(info.pid).text:>8} {pid_text(info.parent).text:>8}", end=" ")
    print(f"{info.generation:>3} {info.priority:>3}", end=" ")
    print(f"{state_of(info):<9} {duration(info.cpu_time).text:>9} {human(info.pages * PAGE_SIZE).text:>6}", end=" ")
    show_waiting(info.waits_for)
    print(name_of(info), end="")
    show_needs(info)


def show_needs(info: ProgramInfo) -> None:
    """The nodes that a program which has come to a node would miss."""
    home = info.home if info.state != ProgramState.MOVED else 0
    separator = " (needs "
    for node in range(u64(BITS)):
        is_home = home != 0 and node == home
        has_pages, sends_on = info.pages_at >> node & 1 != 0, info.sent_on_by >> node & 1 != 0
        if is_home or has_pages or sends_on:
            print(f"{separator}{node}{'h' if is_home else ''}", end="")
            print(f"{'p' if has_pages else ''}{'s' if sends_on else ''}", end="")
            separator = ","
    print(")" if separator == "," else "")


def show_waiting(serial: u64) -> None:
    """Whom it waits for."""
    index = programs.find(serial) if serial != 0 else NOBODY
    if index != NOBODY:
        print(f"{name_of(programs.items[index]):<12}", end=" ")
    elif serial != 0:
        print(f"{serial:<12}", end=" ")
    else:
        print(f"{'-':<12}", end=" ")


def show_node(node: Member) -> None:
    """All programs of a node."""
    try:
        manager = open_programs(node.number)
        try:
            programs.read_from(manager)
        finally:
            close(manager.handle)
    except (NoNode, Dead):
        complain(node_name(node), "this node has fallen silent")
        return
    except Exception as error:
        complain(node_name(node), f"does not answer: {error}")
        return
    for info in programs.items:
        show(info, node_name(node))


def show_wanted(name: Text) -> None:
    """The programs of a node that was asked for."""
    node = members.find(name)
    if node is None:
        complain(name, "there is no such node")
    elif node.is_up == 0:
        complain(name, "this node is down")
    else:
        show_node(node)


def main() -> i64:
    """All that are wanted."""
    begin("ps [-l | NODE ...]", "l")
    expect_operands(0, ANY)
    try:
        members.read()
    except Exception as error:
        complain("network", f"{error}")
    if len(members.items) == 0:
        members.add_own()
    print("node          pid     from gen pri state      cpu time memory waits for    name")
    for index in range(operand_count()):
        show_wanted(operand(index))
    for node in members.items:
        is_own = node.number == own_node()
        if operand_count() == 0 and node.is_up != 0 and (is_own or not option("l")):
            show_node(node)
    return exit_status()
