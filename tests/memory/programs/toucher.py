"""A program that uses its memory as it is told: its first argument says how, its second how much."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Call
from atoll.abi.objects import Right
from atoll.abi.raw import address_of, load64, store32
from atoll.abi.riscv import a0, ecall, jr
from atoll.abi.types import Array, Text, assembly, export, i64, noinline, u8, u64, wrapping_mul
from atoll.userland.runtime.messages import Gate, Letter
from atoll.userland.runtime.startup import argument, given
from atoll.userland.runtime.system import own_process

PAGES = 160
FACTOR = 0x9E37_79B9_7F4A_7C15  # makes each page's contents its own
WORDS = PAGE_SIZE // 8

zeros: Array[u64, PAGES * WORDS] = Array()
initial: Array[u64, 4] = Array((11, 22, 33, 44))
code: Array[u64, 2] = Array((0x0000_8067_0000_0013, 0))  # nop, ret
large: Array[u8, 6 * PAGE_SIZE] = Array()


def main() -> i64:
    """What the first argument says; the status tells how it went."""
    return i64(run(argument(0), number(argument(1))))


def run(what: Text, amount: u64) -> u64:
    """0: as it should be."""
    match what:
        case "nothing":
            return 0
        case "touch":
            return touch(amount, 1)
        case "twice":
            return touch(amount, 3)
        case "data":
            return change_data(amount)
        case "stay":
            return stay(amount)
        case "read first":
            return read_first(amount)
        case "recurse":
            return depth_below(0)
        case "write code":
            store32(address_of(touch), 0)
        case "unprotect code":
            return unprotect(address_of(touch))
        case "execute data":
            jump_to(address_of(code))
        case "wild":
            return load64(0x5000_0000)
        case "bad call":
            return status_of(Call.STATISTICS, 0x5000_0000)
        case "good call":
            return status_of(Call.STATISTICS, address_of(large) + 2 * PAGE_SIZE - 8)
    return 99


def number(text: Text) -> u64:
    """Decimal digits."""
    value: u64 = 0
    for digit in text.encode():
        value = value * 10 + u64(digit) - 48
    return value


def touch(pages: u64, rounds: u64) -> u64:
    """Write pages, and see in several rounds that each still holds what was written; each is changed then."""
    for page in range(pages):
        if zeros[page * WORDS + 7] != 0:
            return 1
        zeros[page * WORDS] = wrapping_mul(page + 1, FACTOR)
    for turn in range(rounds):
        for page in range(pages):
            if zeros[page * WORDS] != wrapping_mul(page + 1, FACTOR) or zeros[page * WORDS + 9] != turn:
                return 2
            zeros[page * WORDS + 9] = turn + 1
    return 0


def change_data(value: u64) -> u64:
    """Change what the file says of our data; nobody else's changes are seen, before and after."""
    for turn in range(u64(4)):
        expected: u64 = 11 if turn == 0 else value + turn - 1
        if initial[0] != expected or initial[3] != 44:
            return 1
        initial[0] = value + turn
        meet()
    return 0


def stay(pages: u64) -> u64:
    """Touch some pages, wait for whoever started us, and see that they are as they were."""
    for page in range(pages):
        zeros[page * WORDS + 100] = page + 5
    initial[1] = 77
    meet()
    for page in range(pages):
        if zeros[page * WORDS + 100] != page + 5 or zeros[page * WORDS + 101] != 0:
            return 1
    return 0 if initial[1] == 77 and initial[2] == 33 else 2


def read_first(pages: u64) -> u64:
    """Read some pages, wait, write to them, wait, and see that they are as they were written."""
    for page in range(pages):
        if zeros[page * WORDS] != 0:
            return 1
    meet()
    for page in range(pages):
        if zeros[page * WORDS] != 0:
            return 2
        zeros[page * WORDS] = page + 1
    meet()
    for page in range(pages):
        if zeros[page * WORDS] != page + 1 or zeros[page * WORDS + 1] != 0:
            return 3
    return 0


def meet() -> None:
    """Say that we are there, and wait for leave to go on."""
    Gate(given("meeting")).call(Letter())


def depth_below(level: u64) -> u64:
    """Recursion without end."""
    return depth_below(level + 1) + 1


@noinline
def unprotect(address: u64) -> u64:
    """Try to become able to write to our own code: the status of the call."""
    page = address // PAGE_SIZE * PAGE_SIZE
    return status_of(Call.PROTECT, own_process(), page, 1, Right.READ | Right.WRITE)


def status_of(number: u64, a: u64 = 0, b: u64 = 0, c: u64 = 0, d: u64 = 0) -> u64:
    """How a call ends."""
    status, _ = ecall(a, b, c, d, 0, 0, 0, number)
    return status


@assembly
@export("jump_to")
def jump_to(address: u64) -> None:
    """Go there."""
    jr(a0)
