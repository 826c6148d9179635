"""spin: use so much CPU time, at once or with pauses: work to measure others by.

usage: spin [-b] [-n TIMES] [-p PAUSE] [-t TALKS] MICROSECONDS
  -b  in the background: other programs go first
  -n  so often, else once
  -p  microseconds between two times, in which it sleeps
  -t  messages to its home (look-ups of a name) that it sends meanwhile
"""

from atoll.abi.objects import Info
from atoll.abi.startup import NAMING
from atoll.abi.types import i64, u64, wrapping_mul
from atoll.servers.naming.interface import Naming, NoSuchName
from atoll.userland.library.arguments import begin, expect_operands, number, operand, option, option_number
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.objects import Process, read_info
from atoll.userland.runtime.startup import given
from atoll.userland.runtime.system import own_process
from atoll.userland.runtime.threads import DEFAULT_PRIORITY

MICROSECOND = 1000
BACKGROUND = DEFAULT_PRIORITY + 1
CPU_TIME = 5  # word of an Info of a process
CHUNK = 1000  # rounds between two looks at the CPU time, each of which is a call of the kernel: some 50 us
ODD = 6364136223846793005


def talk() -> None:
    """A message to the home, and its answer."""
    try:
        Naming(given(NAMING)).lookup("/services/time").close()
    except NoSuchName:
        return


class Result:
    """What is computed, kept so that it must be."""

    value: u64


result: Result = Result()


def cpu_time() -> u64:
    """This program's, nanoseconds."""
    info = Info()
    read_info(own_process(), info)
    return info.words[CPU_TIME]


def stir(value: u64) -> u64:
    """Work that no compiler can shorten: each step needs the whole of what the one before has made."""
    for _ in range(CHUNK):
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
        value = wrapping_mul(value ^ value >> 29, ODD)
        value = wrapping_mul(value ^ value >> 31, ODD)
    return value


def use(nanoseconds: u64, talks: u64) -> None:
    """Compute until so much CPU time is used; messages are spread over that time."""
    last = cpu_time()
    used: u64 = 0
    talked: u64 = 0
    while True:
        now = cpu_time()
        used += now - last if now >= last else now  # on another node the count begins anew
        last = now
        if used >= nanoseconds:
            return
        while talked < talks * used // nanoseconds:
            talk()
            talked += 1
        result.value = stir(result.value)


def main() -> i64:
    """As often as wanted."""
    begin("spin [-b] [-n TIMES] [-p PAUSE] [-t TALKS] MICROSECONDS", "bn:p:t:")
    expect_operands(1, 1)
    if option("b"):
        Process(own_process()).next_thread(0).set_priority(BACKGROUND)
    times = option_number("n", 1)
    for turn in range(times):
        use(number(operand(0)) * MICROSECOND, option_number("t", 0))
        if turn + 1 < times:
            sleep(option_number("p", 0) * MICROSECOND)
    return 0
