"""The list of a node's programs, for `ps`, `top` and `kill`, copied at once; and pids as people write them: `2.17` is
program 17 of node 2, `17` alone one of our own node.
"""

from atoll.abi.objects import STOPPED, ThreadState
from atoll.abi.raw import address_of, at
from atoll.abi.startup import PROGRAMS
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.programs.interface import INFO_SIZE, Child, ProgramInfo, Programs, ProgramState
from atoll.userland.library.nodes import NoNode, nodes, own_node, programs_of
from atoll.userland.library.nodes import name_of as name_of_node
from atoll.userland.library.processes import copy_of
from atoll.userland.library.text import StringBuilder, cut, parse_unsigned
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

MAX_PROGRAMS = 128
AT_ONCE = 16  # that are asked for in one call
SERIAL = 1 << 32  # the lower half of a pid is the number that people use
NODE_SHIFT = 48  # of pids
NOBODY = -1
DOT = 0x2E


class ProgramList:
    """Programs, services included."""

    items: Vector[ProgramInfo, MAX_PROGRAMS]
    answer: Array[u8, AT_ONCE * INFO_SIZE]

    def read(self) -> None:
        """Ask our own program manager; MAX_PROGRAMS at most."""
        self.read_from(Programs(given(PROGRAMS)))

    def read_from(self, programs: Programs) -> None:
        """Ask a program manager."""
        self.items.clear()
        while True:
            size = programs.list(u64(len(self.items)), self.answer[:])
            if size < INFO_SIZE:
                return
            for index in range(size // INFO_SIZE):
                if self.items.full:
                    return
                self.items.append(at(ProgramInfo, address_of(self.answer) + index * INFO_SIZE))

    def find(self, number: u64) -> i64:
        """Where a program is, by its pid or the number that people use; NOBODY if nowhere."""
        for index in range(len(self.items)):
            if self.items[index].pid == number or self.items[index].pid % SERIAL == number:
                return index
        return NOBODY

    def born(self, node: u64, number: u64) -> u64:
        """The pid of the program of that number which was born on that node; 0 if it is not there."""
        for info in self.items:
            if node_of(info.pid) == node and info.pid % SERIAL == number:
                return info.pid
        return 0


class NoProgram(Exception):
    """No node knows the program."""


known: ProgramList = ProgramList()


def node_of(pid: u64) -> u64:
    """The number of the node where a program was born."""
    return pid >> NODE_SHIFT


def pid_text(pid: u64) -> StringBuilder[24]:
    """A pid as people write it; `-` for none."""
    text: StringBuilder[24] = StringBuilder()
    text.set(f"{node_of(pid)}.{pid % SERIAL}" if pid != 0 else "-")
    return text


def parse_pid(text: Text) -> tuple[u64, u64]:
    """The node, and the number there. Raises ValueError."""
    node, number = cut(text, DOT)
    if len(number) == 0:
        return own_node(), parse_unsigned(node)
    return parse_unsigned(node), parse_unsigned(number)


def open_programs(node: u64) -> Programs:
    """The program manager of a node, by its number; to be closed. Raises NoNode, ServiceError, KernelError."""
    if node == own_node():
        return Programs(copy_of(given(PROGRAMS)).handle)
    nodes.read()
    member = nodes.numbered(node)
    if member is None:
        raise NoNode(f"there is no node {node}")
    if member.is_up == 0:
        raise NoNode(f"{name_of_node(member)} is down")
    try:
        return programs_of(member)
    except NoNode:
        raise NoNode(f"{name_of_node(member)} has fallen silent") from None


def find_program(born: u64, number: u64) -> tuple[u64, u64]:
    """The node to be asked about a program, and its pid: the node where it was born, which knows where it has gone;
    if that has gone itself, the one where it is. Raises NoProgram, NoNode, ServiceError, KernelError.
    """
    try:
        pid = pid_at(born, born, number)
        if pid != 0:
            return born, pid
    except NoNode:
        node, pid = find_guest(born, number)
        if pid == 0:
            raise
        return node, pid
    node, pid = find_guest(born, number)  # its node was switched on again since
    if pid == 0:
        raise NoProgram("no such program")
    return node, pid


def find_guest(born: u64, number: u64) -> tuple[u64, u64]:
    """The node that has a program which was born on another one, and its pid; 0 if none has."""
    nodes.read()
    index: u64 = 0
    while index < u64(len(nodes.items)):
        node, is_up = nodes.items[index].number, nodes.items[index].is_up != 0
        index += 1
        if not is_up or node == born:
            continue
        try:
            pid = pid_at(node, born, number)
        except (NoNode, ServiceError, KernelError):
            continue  # it has just gone
        if pid != 0:
            return node, pid
    return 0, 0


def pid_at(node: u64, born: u64, number: u64) -> u64:
    """The pid of a program that a node knows; 0 if it does not. Raises NoNode, ServiceError, KernelError."""
    manager = open_programs(node)
    try:
        known.read_from(manager)
    finally:
        close(manager.handle)
    return known.born(born, number)


def open_program(node: u64, pid: u64) -> Child:
    """A gate to a program, from the node that is to be asked about it. Raises NoNode, ServiceError, KernelError."""
    manager = open_programs(node)
    try:
        return manager.open(pid)
    finally:
        close(manager.handle)


def name_of(info: ProgramInfo) -> Text:
    """A program's name."""
    return str(info.name[0 : info.name_length], "utf-8")


def state_of(info: ProgramInfo) -> Text:
    """What it does, in one word."""
    if info.state == ProgramState.PREPARED:
        return "prepared"
    if info.state == ProgramState.ENDED:
        return "ended"
    if info.state == ProgramState.MOVED:
        return "moved"
    if info.state == ProgramState.FROZEN:
        return "frozen"
    if info.state == ProgramState.IN_DOUBT:
        return "in doubt"
    if info.thread_state >= STOPPED:
        return "stopped"
    match info.thread_state:
        case ThreadState.READY:
            return "ready"
        case ThreadState.SENDING:
            return "sending"
        case ThreadState.REPLY:
            return "calling"
        case ThreadState.RECEIVING:
            return "receiving"
        case ThreadState.FAULTED:
            return "paging"
        case ThreadState.SLEEPING:
            return "sleeping"
    return "dead"
