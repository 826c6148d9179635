"""services: what the supervisor has started: starts, swaps, memory quota, state.

usage: services
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.supervisor.interface import INFO_SIZE, ServiceInfo, ServiceState, Supervisor
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.services import expect_service

AT_ONCE = 8


def state_of(info: ServiceInfo) -> Text:
    """In a word or two."""
    match info.state:
        case ServiceState.STARTING:
            return "starting"
        case ServiceState.SERVING:
            return "serving"
        case ServiceState.WAITING:
            return "to be restarted"
        case ServiceState.SWAPPING:
            return "being swapped"
        case ServiceState.GIVEN_UP:
            return "given up"
    return "absent"


def show(info: ServiceInfo) -> None:
    """One line."""
    name = str(info.name[0 : info.name_length], "utf-8")
    quota = f"{info.quota * PAGE_SIZE >> 10}K"
    print(f"{info.pid:>5} {info.generation:>10} {info.version:>7} {quota:>7}  {state_of(info):<15}  {name}")


def show_all() -> None:
    """Ask for some at a time."""
    answer: Array[u8, AT_ONCE * INFO_SIZE] = Array()
    supervisor = Supervisor(expect_service("supervisor"))
    shown: u64 = 0
    while True:
        size = supervisor.list(shown, answer[:])
        if size < INFO_SIZE:
            return
        for index in range(size // INFO_SIZE):
            show(at(ServiceInfo, address_of(answer) + index * INFO_SIZE))
            shown += 1


def main() -> i64:
    """All of them."""
    begin("services", "")
    expect_operands(0, 0)
    print("  pid generation version   quota  state            name")
    try:
        show_all()
    except Exception as error:
        complain("supervisor", f"{error}")
    return exit_status()
