"""crash: misbehave on purpose, to see a traceback.

usage: crash [WAY]
  ways: index none overflow division assert error stack pointer privileged
"""

from __future__ import annotations

from atoll.abi.raw import load64
from atoll.abi.riscv import csr_read
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.errors import misuse

SSTATUS = 0x100  # a register of supervisor mode
NOTHING = 8  # nothing is ever mapped there


class Broken(Exception):
    """What `crash error` raises."""


class Node:
    """For `crash none`."""

    value: u64
    next: Node | None


def add_up(table: Array[u64, 8], count: u64) -> u64:
    """Goes too far if it is told to."""
    total: u64 = 0
    for index in range(count):
        total += table[index]
    return total


def descend(depth: u64) -> u64:
    """Until the stack is used up."""
    room: Array[u8, 512] = Array()
    room[depth % 512] = 1
    return descend(depth + 1) + u64(room[0])


def crash(how: Text) -> None:
    """Each way once."""
    table: Array[u64, 8] = Array()
    node = Node()
    match how:
        case "index":
            print(add_up(table, 9))
        case "none":
            print(node.next.value)  # type: ignore[union-attr]  # on purpose
        case "overflow":
            print(table[0] - 1)
        case "division":
            print(1 // table[0])
        case "assert":
            assert table[0] == 1, "the table is empty"
        case "error":
            raise Broken("on purpose")
        case "stack":
            print(descend(0))
        case "pointer":
            print(load64(NOTHING))
        case "privileged":
            print(csr_read(SSTATUS))
        case _:
            misuse(f"{how}: no such way to crash")


def main() -> i64:
    """It should not come back."""
    begin("crash [WAY]", "")
    expect_operands(0, 1)
    crash(operand(0) if operand_count() > 0 else "index")
    print("crash: nothing happened")
    return 1
