"""names: the names that services have registered, with their versions.

usage: names [DIRECTORY]
"""

from atoll.abi.raw import address_of, at
from atoll.abi.startup import NAMING
from atoll.abi.types import Array, Text, i64, u8, u64
from atoll.servers.naming.interface import RECORD_SIZE, NameRecord, Naming
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.runtime.startup import given

AT_ONCE = 8


def show_all(directory: Text) -> None:
    """Ask for some at a time."""
    answer: Array[u8, AT_ONCE * RECORD_SIZE] = Array()
    naming = Naming(given(NAMING))
    shown: u64 = 0
    while True:
        size = naming.list(directory, shown, answer[:])
        if size < RECORD_SIZE:
            return
        for index in range(size // RECORD_SIZE):
            record = at(NameRecord, address_of(answer) + index * RECORD_SIZE)
            print(f"{record.version:>4}  {str(record.name[0 : record.length], 'utf-8')}")
            shown += 1


def main() -> i64:
    """All below a directory, or all."""
    begin("names [DIRECTORY]", "")
    expect_operands(0, 1)
    directory = operand(0) if operand_count() > 0 else "/"
    try:
        show_all(directory)
    except Exception as error:
        complain(directory, f"{error}")
    return exit_status()
