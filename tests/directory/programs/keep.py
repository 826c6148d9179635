"""keep: registers names in the cluster, and keeps them as long as it runs.

usage: keep SECONDS NAME ...
  says `kept NAME` of each, or why not
"""

from atoll.abi.startup import NAMING
from atoll.abi.types import i64, u64
from atoll.servers.naming.interface import Naming
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count
from atoll.userland.library.errors import exit_status
from atoll.userland.library.services import find_service
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import create_port
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

SECOND = 1_000_000_000


def main() -> i64:
    """Register, look up, wait."""
    begin("keep SECONDS NAME ...", "")
    expect_operands(2, 100)
    port = create_port()
    cluster = Naming(Naming(given(NAMING)).lookup("/cluster").handle)
    for index in range(1, operand_count()):
        name = operand(index)
        try:
            version = cluster.register(name, port.mint(u64(index)))
            close(find_service(f"/cluster{name}"))
            print(f"kept {name} {'with' if version > 0 else 'without'} a version")
        except Exception as error:
            print(f"not kept {name}: {error}")
    sleep(number(operand(0)) * SECOND)
    return exit_status()
