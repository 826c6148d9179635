"""What a filter reads: the files that its operands name, one after another, or the standard input (also `-`).

    for_each_input(count)      # calls count(reader, name) for each; name is empty for the standard input

A file that cannot be read is complained of, and the next one is taken.
"""

from collections.abc import Callable

from atoll.abi.startup import INPUT
from atoll.abi.types import Text, u64
from atoll.servers.files.interface import OpenFlag
from atoll.userland.library.arguments import operand, operand_count
from atoll.userland.library.errors import complain
from atoll.userland.library.files import open_file
from atoll.userland.library.streams import Reader
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

reader: Reader = Reader()


def for_each_input(work: Callable[[Reader, Text], None], first: u64 = 0) -> None:
    """Call `work` with each input; operands before number `first` name none."""
    if operand_count() <= first:
        read_standard_input(work)
    for index in range(first, operand_count()):
        if operand(index) == "-":
            read_standard_input(work)
        else:
            read_file(operand(index), work)


def read_standard_input(work: Callable[[Reader, Text], None]) -> None:
    """Call `work` with the standard input."""
    reader.open(given(INPUT))
    try:
        work(reader, "")
    except Exception as error:
        complain("input", f"{error}")


def read_file(path: Text, work: Callable[[Reader, Text], None]) -> None:
    """Call `work` with a file."""
    try:
        handle = open_file(path, OpenFlag.READ).handle
    except Exception as error:
        complain(path, f"{error}")
        return
    try:
        reader.open(handle)
        work(reader, path)
    except Exception as error:
        complain(path, f"{error}")
    finally:
        close(handle)
