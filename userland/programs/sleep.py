"""sleep: wait so many seconds of the node's time, such as 2 or 0.5.

usage: sleep SECONDS
"""

from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, number, operand
from atoll.userland.library.errors import misuse
from atoll.userland.library.text import cut
from atoll.userland.runtime.kernel_calls import sleep

SECOND = 1_000_000_000  # nanoseconds
DOT = 0x2E
MOST = 1_000_000_000  # seconds


def part_of(digits: Text) -> u64:
    """What stands behind the point, in nanoseconds."""
    if len(digits) > 9:
        misuse("at most 9 digits behind the point")
    value = number(digits)
    for _ in range(9 - len(digits)):
        value = value * 10
    return value


def main() -> i64:
    """Wait."""
    begin("sleep SECONDS", "")
    expect_operands(1, 1)
    whole, part = cut(operand(0), DOT)
    seconds: u64 = number(whole) if len(whole) > 0 else 0
    if seconds > MOST:
        misuse(f"at most {MOST} seconds")
    sleep(seconds * SECOND + (part_of(part) if len(part) > 0 else 0))
    return 0
