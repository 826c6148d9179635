"""env: the environment that programs get.

usage: env
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands
from atoll.userland.library.output import flush, put_line
from atoll.userland.runtime.startup import environment_count, environment_entry


def main() -> i64:
    """Each entry."""
    begin("env", "")
    expect_operands(0, 0)
    for index in range(environment_count()):
        put_line(environment_entry(index))
    flush()
    return 0
