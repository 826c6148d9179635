"""tee: write the input to the output and to files.

usage: tee [-a] [FILE ...]
  -a  add to the files instead of replacing them
"""

from atoll.abi.startup import INPUT
from atoll.abi.types import i64
from atoll.servers.stream.interface import Stream
from atoll.userland.library.arguments import begin, operand, operand_count, option
from atoll.userland.library.errors import complain, exit_status, misuse
from atoll.userland.library.files import APPENDING, WRITING, open_file
from atoll.userland.library.output import flush, put_bytes
from atoll.userland.library.streams import Reader, write_all
from atoll.userland.library.vector import Vector
from atoll.userland.runtime.startup import given

MAX_FILES = 16

reader: Reader = Reader()
targets: Vector[Stream, MAX_FILES] = Vector()


def open_targets() -> None:
    """All files that the operands name."""
    if operand_count() > MAX_FILES:
        misuse(f"at most {MAX_FILES} files")
    for index in range(operand_count()):
        try:
            file = open_file(operand(index), APPENDING if option("a") else WRITING)
            targets.append(Stream(file.handle))
        except Exception as error:
            complain(operand(index), f"{error}")


def main() -> i64:
    """Everything that comes, to everybody."""
    begin("tee [-a] [FILE ...]", "a")
    open_targets()
    reader.open(given(INPUT))
    part = reader.read_part()
    while len(part) > 0:
        put_bytes(part)
        flush()
        for target in targets:
            try:
                write_all(target, part)
            except Exception as error:
                complain("", f"{error}")
        part = reader.read_part()
    return exit_status()
