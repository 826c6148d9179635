"""where: prints the number of the node that it runs on.

usage: where
"""

from atoll.abi.types import i64
from atoll.userland.library.nodes import own_number
from atoll.userland.library.programs import node_of


def main() -> i64:
    """It is born where it runs."""
    print(f"{node_of(own_number(0))}")
    return 0
