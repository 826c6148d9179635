"""spin: uses the CPU until it is ended.

usage: spin
"""

from atoll.abi.types import i64, u64


def main() -> i64:
    """It never ends by itself."""
    turns: u64 = 0
    while True:
        turns = (turns + 1) % 1_000_000
