"""kill: end programs, by the numbers that `ps` shows. A service that is killed is started again.

usage: kill [-s STATUS] PID ...
  -s  the exit status that it shall have, else 137
"""

from atoll.abi.startup import PROGRAMS
from atoll.abi.types import i64, u64
from atoll.servers.programs.interface import Programs
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count, option_number
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.programs import NOBODY, ProgramList, name_of
from atoll.userland.library.services import service
from atoll.userland.runtime.startup import given

ANY = 0xFFFF_FFFF_FFFF_FFFF
KILLED = 137

programs: ProgramList = ProgramList()


def end(place: i64, status: u64) -> None:
    """End a program; a service (it has a generation) through the supervisor."""
    info = programs.items[place]
    if info.generation > 0:
        Supervisor(service("supervisor")).kill(name_of(info))
    else:
        Programs(given(PROGRAMS)).kill(info.pid, status)


def main() -> i64:
    """Each operand."""
    begin("kill [-s STATUS] PID ...", "s:")
    expect_operands(1, ANY)
    status = option_number("s", KILLED)
    for index in range(operand_count()):
        wanted = number(operand(index))
        try:
            programs.read()
            place = programs.find(wanted)
            if place == NOBODY:
                complain(operand(index), "no such program")
            else:
                end(place, status)
        except Exception as error:
            complain(operand(index), f"{error}")
    return exit_status()
