"""false: do nothing, without success.

usage: false
"""

from atoll.abi.types import i64


def main() -> i64:
    """Fail."""
    return 1
