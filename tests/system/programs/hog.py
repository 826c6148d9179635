"""hog: touches more memory than the machine gives to programs, and finds everything there again.

usage: hog MIB [WAIT]    (MIB at most 48; WAIT milliseconds between writing and reading)
"""

from atoll.abi.types import Array, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, number, operand, operand_count
from atoll.userland.runtime.kernel_calls import sleep

PAGE = 512  # words
MIB = 256  # pages
MOST = 48

words: Array[u64, MOST * MIB * PAGE] = Array()


def main() -> i64:
    begin("hog MIB [WAIT]", "")
    expect_operands(1, 2)
    pages = number(operand(0)) * MIB
    for page in range(pages):
        words[page * PAGE] = page * 7 + 1
    print(f"wrote {pages} pages")
    if operand_count() == 2:
        sleep(number(operand(1)) * 1_000_000)
    for page in range(pages):
        if words[page * PAGE] != page * 7 + 1:
            print(f"page {page} has {words[page * PAGE]}")
            return 1
    print(f"read {pages} pages")
    return 0
