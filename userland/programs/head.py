"""head: the first lines of files, 10 unless another number is said.

usage: head [-n COUNT] [FILE ...]
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, operand_count, option_number
from atoll.userland.library.errors import exit_status
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.output import flush, put, put_line
from atoll.userland.library.streams import Reader


def show(reader: Reader, name: Text) -> None:
    """The beginning of one input."""
    if operand_count() > 1:
        put(f"==> {name} <==\n")
    for _ in range(option_number("n", 10)):
        line = reader.read_line()
        if line is None:
            break
        put_line(line)
    flush()


def main() -> i64:
    """Each input."""
    begin("head [-n COUNT] [FILE ...]", "n:")
    for_each_input(show)
    return exit_status()
