"""Asks the time and the entropy service, lets both die, and asks their successors."""

from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.entropy.interface import Entropy
from atoll.servers.naming.interface import Naming
from atoll.servers.supervisor.interface import Supervisor
from atoll.servers.time.interface import Time
from atoll.userland.runtime.kernel_calls import clock, sleep
from atoll.userland.runtime.startup import given

EPOCH = 1_700_000_000_000_000_000  # as on the command line
SLEEP = 5_000_000  # nanoseconds
FORWARD = 3_600_000_000_000
SLACK = 1_000_000  # nanoseconds that a call may take

data: Array[u8, 5000] = Array()
naming: Naming = Naming(0)
supervisor: Supervisor = Supervisor(0)


def near(value: u64, wanted: u64) -> bool:
    """Whether it is that time or a little later."""
    return wanted <= value <= wanted + SLACK


def counts_from_epoch(time: Time) -> bool:
    """Whether the time of day is the command line's epoch and the time since power-on."""
    before = clock()
    now = time.now()
    return EPOCH + before <= now <= EPOCH + clock()


def ask_time() -> None:
    """The clock runs, can be set, and is the command line's again after a crash."""
    time = Time(naming.wait_for("/services/time").handle)
    print("starts at the epoch:", counts_from_epoch(time))
    before = time.now()
    sleep(SLEEP)
    print("runs:", near(time.now(), before + SLEEP))
    wanted = time.now() + FORWARD
    time.set(wanted)
    print("was set:", near(time.now(), wanted))
    supervisor.kill("time")
    print("starts again:", counts_from_epoch(time))


def total(part: Bytes) -> u64:
    """The sum of bytes."""
    result: u64 = 0
    for byte in part:
        result += byte
    return result


def ask_entropy() -> None:
    """Some bytes, many bytes, none; and again from a driver that found the device at work."""
    entropy = Entropy(naming.wait_for("/services/entropy").handle)
    print("filled:", entropy.fill(data[0:7]), entropy.fill(data[0:0]), entropy.fill(data[0:4096]))
    print("looks random:", 4096 * 120 < total(data[0:4096]) < 4096 * 135, "and no more:", total(data[4096:5000]))
    supervisor.kill("entropy")
    print("filled again:", entropy.fill(data[4096:4196]), total(data[4096:4196]) > 0)
    print("first bytes:", total(data[0:64]))


def main() -> None:
    """Both."""
    naming.handle = given("naming")
    supervisor.handle = given("supervisor")
    ask_time()
    ask_entropy()
    supervisor.switch_off(7)
