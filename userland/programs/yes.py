"""yes: write a line again and again, until nobody reads any more.

usage: yes [TEXT]
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.output import put_line


def main() -> i64:
    """Ends when the output does."""
    begin("yes [TEXT]", "")
    expect_operands(0, 1)
    text = operand(0) if operand_count() > 0 else "y"
    while True:
        put_line(text)
