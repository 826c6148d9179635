"""seq: write numbers, one a line.

usage: seq [FIRST [STEP]] LAST
"""

from atoll.abi.types import i64
from atoll.userland.library.arguments import expect_operands, operand, operand_count, options, signed_number
from atoll.userland.library.errors import misuse, set_usage
from atoll.userland.library.output import flush, put


def main() -> i64:
    """From the first to the last; a negative number is no option here."""
    set_usage("seq [FIRST [STEP]] LAST")
    options.first = 0
    expect_operands(1, 3)
    last = signed_number(operand(operand_count() - 1))
    first = signed_number(operand(0)) if operand_count() > 1 else 1
    step = signed_number(operand(1)) if operand_count() == 3 else 1
    if step == 0:
        misuse("a step of 0 leads nowhere")
    value = first
    while value <= last if step > 0 else value >= last:
        put(f"{value}\n")
        value += step
    flush()
    return 0
