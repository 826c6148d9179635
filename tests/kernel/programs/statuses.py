"""A program whose exit status is its argument."""

from atoll.abi.types import i64
from atoll.userland.runtime.system import argument


def main() -> i64:
    """Read the digits."""
    status = 0
    for digit in argument(0):
        status = status * 10 + ord(digit) - ord("0")
    return status
