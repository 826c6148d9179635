"""kill: end programs of any node by number (see `ps`), or services by name.

usage: kill [-s STATUS] PID|SERVICE ...
  a PID is node.number, or the number alone for a program of this node
  -s  the exit status that it shall have, else 137; services are started again
"""

from atoll.abi.types import Text, i64, u64
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count, option_number
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.programs import find_program, open_programs, parse_pid
from atoll.userland.library.services import service
from atoll.userland.library.text import digit_of
from atoll.userland.runtime.objects import close

ANY = 0xFFFF_FFFF_FFFF_FFFF
KILLED = 137


def end_program(text: Text, status: u64) -> None:
    """End a program, by its number."""
    born, number = parse_pid(text)
    node, pid = find_program(born, number)
    manager = open_programs(node)
    try:
        manager.kill(pid, status)
    finally:
        close(manager.handle)


def main() -> i64:
    """Each operand."""
    begin("kill [-s STATUS] PID|SERVICE ...", "s:")
    expect_operands(1, ANY)
    status = option_number("s", KILLED)
    for index in range(operand_count()):
        try:
            if digit_of(operand(index).encode()[0]) < 10:
                end_program(operand(index), status)
            else:
                Supervisor(service("supervisor")).kill(operand(index))
        except Exception as error:
            complain(operand(index), f"{error}")
    return exit_status()
