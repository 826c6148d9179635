"""ps: the programs of this node, and whom each waits for.

usage: ps
  number, parent, generation (how often a service was started), priority (0 is
  the highest), state, CPU time, memory, the program that it waits for, name
"""

from atoll.abi.types import i64, u64
from atoll.servers.programs.interface import ProgramInfo
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.calendar import duration
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.programs import NOBODY, SERIAL, ProgramList, name_of, state_of
from atoll.userland.library.sizes import human

PAGE_SIZE = 4096

programs: ProgramList = ProgramList()


def show(info: ProgramInfo) -> None:
    """One line."""
    print(f"{info.pid % SERIAL:>5} {info.parent % SERIAL:>5} {info.generation:>3} {info.priority:>3}", end=" ")
    print(f"{state_of(info):<9} {duration(info.cpu_time).text:>9} {human(info.pages * PAGE_SIZE).text:>6}", end=" ")
    show_waiting(info.waits_for)
    print(name_of(info))


def show_waiting(serial: u64) -> None:
    """Whom it waits for."""
    index = programs.find(serial) if serial != 0 else NOBODY
    if index != NOBODY:
        print(f"{name_of(programs.items[index]):<12}", end=" ")
    elif serial != 0:
        print(f"{serial:<12}", end=" ")
    else:
        print(f"{'-':<12}", end=" ")


def main() -> i64:
    """All of them."""
    begin("ps", "")
    expect_operands(0, 0)
    try:
        programs.read()
    except Exception as error:
        complain("programs", f"{error}")
    print("  pid  from gen pri state      cpu time memory waits for    name")
    for info in programs.items:
        show(info)
    return exit_status()
