"""cat: write files one after another to the output.

usage: cat [FILE ...]
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin
from atoll.userland.library.errors import exit_status
from atoll.userland.library.inputs import for_each_input
from atoll.userland.library.output import flush, put_bytes
from atoll.userland.library.streams import Reader


def write_out(reader: Reader, _: Text) -> None:
    """One input, each part as soon as it comes: it may be the console."""
    while True:
        part = reader.read_part()
        if len(part) == 0:
            return
        put_bytes(part)
        flush()


def main() -> i64:
    """The inputs in order."""
    begin("cat [FILE ...]", "")
    for_each_input(write_out)
    return exit_status()
