"""echo: write the arguments with blanks between them.

usage: echo [-n] [TEXT ...]
  -n  no line feed at the end
"""

from atoll.abi.types import u64
from atoll.userland.library.output import flush, put
from atoll.userland.runtime.startup import argument, argument_count


def main() -> None:
    """Everything but a first -n is text."""
    is_bare = argument_count() > 0 and argument(0) == "-n"
    first: u64 = 1 if is_bare else 0
    for index in range(first, argument_count()):
        if index > first:
            put(" ")
        put(argument(index))
    if not is_bare:
        put("\n")
    flush()
