"""A program that shows its arguments; the first is its exit status."""

from atoll.abi.types import i64
from atoll.userland.runtime.startup import argument, argument_count


def main() -> i64:
    """Read the digits of the first argument."""
    for index in range(argument_count()):
        print(f"argument {index}: [{argument(index)}]")
    status = 0
    for digit in argument(0):
        status = status * 10 + ord(digit) - ord("0")
    return status
