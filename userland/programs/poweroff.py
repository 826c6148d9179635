"""poweroff: end the machine, once everything that was written is on the disk.

usage: poweroff [STATUS]
"""

from atoll.abi.types import i64, u64
from atoll.servers.supervisor.interface import Supervisor
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.services import expect_service


def main() -> i64:
    """Ask the supervisor; it does not answer if all goes well."""
    begin("poweroff [STATUS]", "")
    expect_operands(0, 1)
    status: u64 = number(operand(0)) if operand_count() > 0 else 0
    try:
        Supervisor(expect_service("supervisor")).switch_off(status)
    except Exception as error:
        complain("supervisor", f"{error}")
    return exit_status()
