"""hog MIB ROUNDS: write to each page of so much memory, in several rounds."""

from atoll.abi.types import Array, i64, low8, u8, u64
from atoll.userland.library.arguments import begin, expect_operands, number, operand

PAGE = 4096
MEBIBYTE = 1 << 20
MOST = 80  # MiB

memory: Array[u8, MOST * MEBIBYTE] = Array()


def main() -> i64:
    """So often."""
    begin("hog MIB ROUNDS", "")
    expect_operands(2, 2)
    size = min(number(operand(0)), MOST) * MEBIBYTE
    found: u64 = 0
    for turn in range(number(operand(1))):
        for page in range(size // PAGE):
            found += memory[page * PAGE]
            memory[page * PAGE] = low8(turn + 1)
    print(found)  # what was read: the loops cannot be left out
    return 0
