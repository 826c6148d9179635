"""The runner: a suite is the first process of its image, and names its tests in `main`. After each test it counts what
there is in the machine, to see whether all that the test made is gone again.
"""

from collections.abc import Callable

from peers import code, constants, constants_start, data_start, image_end, image_start, shared_copy, trace
from world import PLACE, PRIORITY, SHORT, boot_info, given, machine, this_process

from atoll.abi.board import TEST_FAIL, TEST_PASS
from atoll.abi.boot import HANDLE_MACHINE, HANDLE_SELF, HANDLE_THREAD
from atoll.abi.objects import NO_HANDLE, Info, Right, Statistics
from atoll.abi.raw import store32
from atoll.abi.types import Array, Bytes, Text, u64
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.errors import ErrorRecord, record
from atoll.userland.runtime.kernel_calls import read_statistics, sleep
from atoll.userland.runtime.messages import create_set
from atoll.userland.runtime.objects import Thread, close, create_memory, read_info
from atoll.userland.runtime.system import be_first
from atoll.userland.runtime.traceback import own_table, own_trace_start, print_error

TEST_DEVICE = 0x7100_0000  # where the harness maps it
FIGURES = 11
MANY = 300  # handles: more than a page of the table holds


class Tally:
    """How the tests went."""

    failures: u64


tally: Tally = Tally()


# ---- running tests ----


def begin() -> None:
    """Set up; before the first test."""
    be_first(write, report)
    given.machine = boot_info().handles[HANDLE_MACHINE]
    Thread(boot_info().handles[HANDLE_THREAD]).set_priority(PRIORITY)
    registers = machine().device_memory(boot_info().test_device, 1)
    this_process().map(registers, 0, TEST_DEVICE, 1, Right.READ | Right.WRITE)
    registers.close()
    code.handle = shared_copy(image_start(), constants_start()).handle
    constants.handle = shared_copy(constants_start(), data_start()).handle
    trace.handle = shared_copy(own_trace_start(), image_end()).handle
    grow_tables()


def grow_tables() -> None:
    """The tables of handles and pages keep their size once they have grown: that shall not look like a leak."""
    sets: Array[u64, MANY] = Array()
    for number in range(u64(MANY)):
        sets[number] = create_set().handle
    for handle in sets:
        close(handle)
    memory = create_memory(1)
    this_process().map(memory, 0, PLACE, 1, Right.READ)
    this_process().unmap(PLACE, 1)
    memory.close()


def end() -> None:
    """The last test has run: the machine ends, with the number of tests that failed as its status."""
    failures = tally.failures
    print(f"{failures} failures")
    store32(TEST_DEVICE, TEST_PASS if failures == 0 else failures << 16 | TEST_FAIL)


def write(data: Bytes) -> None:
    """Where print goes, in the suite and in its children."""
    if given.machine != NO_HANDLE:
        Machine(given.machine).debug_write(data)


def report(error: ErrorRecord) -> None:
    """An error that nobody caught, in the suite or in a child."""
    print_error(own_table(), error)


def run(name: Text, test: Callable[[], None]) -> None:
    """Run one test, and see whether all that it made is gone again.

    What stays after a first run may be tables that have grown; it is a leak if it stays after a second one too.
    """
    before: Array[u64, FIGURES] = Array()
    after: Array[u64, FIGURES] = Array()
    for attempt in range(2):
        count(before)
        given.count = 0
        try:
            test()
        except Exception:
            print_error(own_table(), record)
            print(f"{name}: failed")
            this_process().unmap(PLACE, 16)
            tally.failures += 1
            return
        settle()
        count(after)
        if leaks(before, after, attempt == 1) == 0:
            print(f"{name}: ok")
            return
    print(f"{name}: failed")
    tally.failures += 1


def leaks(before: Array[u64, FIGURES], after: Array[u64, FIGURES], is_told: bool) -> u64:
    """How many figures have changed."""
    total: u64 = 0
    for number in range(u64(FIGURES)):
        if before[number] != after[number]:
            total += 1
            if is_told:
                print(f"  leak: {figure_name(number)} {before[number]} -> {after[number]}")
    return total


def settle() -> None:
    """Let threads that are about to end do so."""
    sleep(5 * SHORT)


def count(into: Array[u64, FIGURES]) -> None:
    """What there is in the machine of everything that can leak."""
    figures = Statistics()
    read_statistics(figures)
    into[0], into[1], into[2] = figures.processes, figures.threads, figures.ports
    into[3], into[4], into[5] = figures.gates, figures.sets, figures.memories
    into[6], into[7], into[8] = figures.mappings, figures.interrupts, figures.handles
    into[9] = figures.used_pages - figures.slab_pages
    into[10] = quota_used()


def figure_name(number: u64) -> Text:
    """What is counted there."""
    match number:
        case 0:
            return "processes"
        case 1:
            return "threads"
        case 2:
            return "ports"
        case 3:
            return "gates"
        case 4:
            return "sets"
        case 5:
            return "memory objects"
        case 6:
            return "mappings"
        case 7:
            return "interrupts"
        case 8:
            return "handles"
        case 9:
            return "pages"
    return "quota used"


def quota_used() -> u64:
    """Bytes that this process is charged with."""
    info = Info()
    read_info(boot_info().handles[HANDLE_SELF], info)
    return info.words[2]
