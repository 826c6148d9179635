"""nodes: the nodes of the cluster, as this one knows them.

usage: nodes
  how long each has been up or down (in seconds), how often it was switched on,
  its clock, its memory, and how much of that was free when it was heard last
"""

from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, i64, u8, u64
from atoll.servers.network.interface import MEMBER_SIZE, Member, Network
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.errors import exit_status, fail
from atoll.userland.library.services import expect_service
from atoll.userland.library.sizes import human
from atoll.userland.runtime.kernel_calls import clock

AT_ONCE = 8
SECOND = 1_000_000_000  # nanoseconds
MHZ = 1_000_000


def show(member: Member) -> None:
    """A line."""
    state = "up" if member.is_up != 0 else "down"
    seconds = (max(clock(), member.since) - member.since) // SECOND
    name = str(member.name[0 : member.name_length], "utf-8")
    print(f"{member.number:>6} {state:<5} {seconds:>9} {member.incarnation:>6}", end=" ")
    speed = f"{member.speed // MHZ} MHz"
    print(f"{speed if member.speed > 0 else '?':>9}", end=" ")
    print(f"{human(member.memory).text:>7} {human(member.free).text:>7}  {name}")


def show_all() -> None:
    """Ask for some at a time."""
    network = Network(expect_service("network"))
    answer: Array[u8, AT_ONCE * MEMBER_SIZE] = Array()
    shown: u64 = 0
    print("number state     since starts     clock  memory    free  name")
    while True:
        count = network.members(shown, answer[:]) // MEMBER_SIZE
        if count == 0:
            return
        for index in range(count):
            show(at(Member, address_of(answer) + index * MEMBER_SIZE))
        shown += count


def main() -> i64:
    """All nodes that were ever heard of."""
    begin("nodes", "")
    expect_operands(0, 0)
    try:
        show_all()
    except Exception as error:
        fail("", f"{error}")
    return exit_status()
