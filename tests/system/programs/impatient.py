"""impatient: ask naming for a gate again and again, and give up while it works on that; says how often.

usage: impatient
"""

from atoll.abi.calls import Call, Status
from atoll.abi.objects import NO_HANDLE
from atoll.abi.startup import NAMING
from atoll.abi.types import u64
from atoll.userland.runtime.messages import Letter
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given

LOOKUP = 0x0200  # Naming.lookup
TIMES = 100
STEP = 100  # nanoseconds more each time


def main() -> None:
    """From hardly any time to more than enough."""
    letter = Letter()
    missed: u64 = 0
    for turn in range(u64(TIMES)):
        letter.set_words(LOOKUP)
        letter.enclose(b"/services/time")
        if letter.attempt(Call.CALL, given(NAMING), (turn + 1) * STEP) == Status.TIMED_OUT:
            missed += 1
        elif letter.handle != NO_HANDLE:
            close(letter.handle)
    print(f"missed {missed}")
