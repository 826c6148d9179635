"""The standard output through a buffer, for programs that write much: `put`, `put_line`, and `flush` at the end.

If nobody reads any more (the end of a pipe), the program ends quietly; other errors end it with a message. Text that is
written a line at a time, as it comes, is better printed.
"""

from atoll.abi.startup import OUTPUT
from atoll.abi.types import Bytes, Text, u64
from atoll.servers.console.interface import Console
from atoll.servers.stream.interface import BrokenPipe
from atoll.userland.library.errors import FAILED, fail
from atoll.userland.library.streams import Writer
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.system import exit_program

output: Writer = Writer()


def width() -> u64:
    """Columns of the terminal that the output goes to; 0 if it goes elsewhere, or nobody sits there."""
    try:
        return Console(given(OUTPUT)).width()
    except Exception:
        return 0


def put(text: Text) -> None:
    """Text."""
    put_bytes(text.encode())


def put_line(text: Text) -> None:
    """A line."""
    put_bytes(text.encode())
    put_bytes(b"\n")


def put_bytes(data: Bytes) -> None:
    """Bytes as they are."""
    try:
        output.stream.handle = given(OUTPUT)
        output.put_bytes(data)
    except BrokenPipe:
        exit_program(FAILED)
    except Exception as error:
        fail("output", f"{error}")


def flush() -> None:
    """Write out what has been put."""
    try:
        output.stream.handle = given(OUTPUT)
        output.flush()
    except BrokenPipe:
        exit_program(FAILED)
    except Exception as error:
        fail("output", f"{error}")
