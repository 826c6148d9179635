"""holder: prepares a program on another node, and never starts it.

usage: holder NODE
"""

from atoll.abi.types import i64
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams, pack_environment, prepare
from atoll.userland.library.text import StringBuilder
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.startup import argument

FOR_LONG = 1_000_000_000_000  # nanoseconds

own: StringBuilder[ENVIRONMENT_SIZE] = StringBuilder()


def main() -> i64:
    """Hold its Child gate."""
    streams = Streams()
    streams.inherit()
    pack_environment(own)
    prepare("/bin/sleep", b"1000\0", own.text.encode(), streams, argument(0))
    print("prepared")
    sleep(FOR_LONG)
    return 0
