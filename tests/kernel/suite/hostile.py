"""Two hostile programs: one makes random system calls with random arguments, the other executes random bytes. Beside
them a bystander computes: its result is the same as when it is alone.

How many calls and runs, and the seed, are words of the kernel's command line.
"""

from harness import begin, end, run
from peers import Child, discard, give, leave, prepare, spawn
from world import PRIORITY, boot_info, given, status_of, this_process

from atoll.abi.address_space import PAGE_SIZE, USER_END
from atoll.abi.calls import Call, Message, Status
from atoll.abi.objects import NO_HANDLE, Right, Transfer
from atoll.abi.raw import address_of, at, load64, store64, view
from atoll.abi.types import Array, Bytes, Text, u8, u64, wrapping_add, wrapping_mul, wrapping_shl
from atoll.userland.runtime.kernel_calls import CallRegisters, call_with_registers
from atoll.userland.runtime.messages import Letter, create_port
from atoll.userland.runtime.objects import Memory, create_memory, create_process, duplicate

PLACE = 0x3000_0000  # a page that the hostile program shares with the test: how many calls it has made
CODE = 0x4000_0000  # random bytes
PATIENCE = 1_000_000  # nanoseconds without a call after which a program is taken to wait for ever
KNOWN = 32  # handles that the hostile program remembers
CORE = 6  # of which these are those that it began with
ROUNDS = 60  # of the bystander
READ_WRITE = Right.READ | Right.WRITE
DEFAULT_CALLS = 20_000
DEFAULT_RUNS = 200


class Random:
    """Xorshift, 64 bits. Source: Marsaglia, "Xorshift RNGs", 2003."""

    state: u64

    def next(self) -> u64:
        """64 bits."""
        x = self.state
        x = x ^ wrapping_shl(x, 13)
        x = x ^ (x >> 7)
        x = x ^ wrapping_shl(x, 17)
        self.state = x
        return x

    def below(self, limit: u64) -> u64:
        """A number from 0 to limit - 1."""
        return self.next() % limit


random: Random = Random()
known: Array[u64, KNOWN] = Array()
playground: Array[u8, 16384] = Array()
numbers: Array[u64, 1024] = Array()
# First numbers of the ranges of calls.
RANGES: Array[u64, 8] = Array((0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70))
PLACES: Array[u64, 8] = Array(
    (0, 0x1000, PLACE, 0x8020_0000, 0xFFFF_FFC0_8020_0000, USER_END - 8, 0xFFFF_FFFF_FFFF_FFF0, 0x7FE0_0000)
)


# ---- the bystander ----


def compute(_: u64) -> None:
    """Something that goes wrong if any register or page is lost."""
    for place in range(u64(len(numbers))):
        numbers[place] = place
    total: u64 = 1
    for turn in range(u64(ROUNDS)):
        for place in range(u64(len(numbers))):
            total = wrapping_add(wrapping_mul(total, 6364136223846793005), numbers[place] ^ turn)
            numbers[place] = total >> 7
    leave(total % 1_000_003)


# ---- the caller ----


def call_on(seed: u64) -> None:
    """Random calls, without end."""
    random.state = seed
    for number in range(u64(KNOWN)):
        known[number] = given.handles[number % CORE]
    registers = CallRegisters()
    while True:
        choose(registers)
        number = registers.a[7]
        call_with_registers(address_of(registers))
        if registers.a[0] == Status.OK and registers.a[1] != 0 and number >= 0x20:
            known[CORE + random.below(KNOWN - CORE)] = registers.a[1]
        if registers.a[0] == Status.OK:
            store64(PLACE + 8, load64(PLACE + 8) + 1)
        store64(PLACE, load64(PLACE) + 1)


def choose(registers: CallRegisters) -> None:
    """Number and arguments of the next call."""
    number = RANGES[random.below(8)] + random.below(9)
    if random.below(50) == 0:
        number = random.next()
    if (number in (Call.PROCESS_EXIT, Call.THREAD_EXIT)) and random.below(100) > 0:
        number = Call.CLOCK
    registers.a[7] = number
    for place in range(u64(7)):
        registers.a[place] = argument()
    if random.below(10) > 0:
        registers.a[0] = known[random.below(KNOWN)]
    if number in (Call.HANDLE_CLOSE, Call.HANDLE_INSTALL, Call.MEMORY_DESTROY) and is_core(registers):
        registers.a[7] = Call.INFO  # or most calls would soon be refused
    if number == Call.SLEEP:
        registers.a[0] = random.below(1000)
    if 0x10 <= number < 0x20 and random.below(64) > 0:
        registers.a[5] = transfer()


def is_core(registers: CallRegisters) -> bool:
    """Whether a call would give away one of the handles that it began with. (One in 64 does.)"""
    given_up = registers.a[1] if registers.a[7] == Call.HANDLE_INSTALL else registers.a[0]
    return given_up in known[0:CORE] and random.below(64) > 0


def argument() -> u64:
    """A number that could be taken for something."""
    match random.below(6):
        case 0:
            return known[random.below(KNOWN)]
        case 1:
            return random.below(70)
        case 2:
            return address()
        case 3:
            return wrapping_shl(1, random.below(64))
        case 4:
            return PAGE_SIZE * random.below(0x3_0000)
    return random.next()


def address() -> u64:
    """An address, more often than not one where something is."""
    if random.below(3) == 0:
        return PLACES[random.below(8)]
    return address_of(playground) + 8 * random.below(u64(len(playground)) // 8) + random.below(8) // 7


def transfer() -> u64:
    """The address of a Transfer that does not wait for long."""
    place = (address_of(playground) + 7) // 8 * 8 + 64 * random.below(128)
    made = at(Transfer, place)
    made.send_address = address()
    made.send_size = random.below(9000) if random.below(3) == 0 else 0
    made.buffer_address = address()
    made.buffer_size = random.below(9000) if random.below(3) > 0 else 0
    made.handle = known[CORE + random.below(KNOWN - CORE)] if random.below(3) == 0 else NO_HANDLE
    made.timeout = random.below(2000)
    return place


def start_caller(seed: u64) -> Child:
    """The hostile program, with some of everything."""
    port = create_port()
    other = create_port()
    give(port.mint(3, True).handle)
    give(other.mint(4).handle)
    give(port.handle)
    give(other.handle)
    give(create_memory(4).handle)
    child = prepare(call_on, seed, 300, None, PRIORITY + 1, can_print=False)
    itself = child.process.install(duplicate(child.process.handle, Right.MANAGE | Right.DUPLICATE | Right.MOVE))
    numbers[0] = itself
    child.process.write(address_of(given.handles) + 40, view(address_of(numbers), 8))
    return child


def random_calls() -> None:
    """So many calls, by as many incarnations of the program as it takes."""
    wanted = word("calls", DEFAULT_CALLS)
    seed = word("seed", 1)
    alone = spawn(compute, 0, PRIORITY + 1)
    result = alone.finish()
    bystander = spawn(compute, 0, PRIORITY + 1)
    shared = create_memory(1)
    this_process().map(shared, 0, PLACE, 1, READ_WRITE)
    total: u64 = 0
    incarnations: u64 = 0
    while total < wanted:
        incarnations += 1
        child = start_caller(seed * 1_000_003 + incarnations)
        child.process.map(shared, 0, PLACE, 1, READ_WRITE)
        store64(PLACE, 0)
        child.thread.resume()
        watch(child, wanted - total)
        total += load64(PLACE)
        if bystander.has_ended():
            assert bystander.finish() == result, "the bystander computed something else"
            bystander = spawn(compute, 0, PRIORITY + 1)
    assert bystander.finish() == result, "the bystander computed something else"
    print(f"  seed {seed}: {total} calls by {incarnations} incarnations, {load64(PLACE + 8)} not refused")
    this_process().unmap(PLACE, 1)
    shared.close()


def watch(child: Child, wanted: u64) -> None:
    """Until it has ended, has made so many calls, or cannot be woken any more; then it is no more."""
    letter = Letter()
    before: u64 = 0
    patience: u64 = 3
    while load64(PLACE) < wanted and patience > 0:
        status = letter.attempt(Call.RECEIVE, child.heir.handle, PATIENCE)
        if status == Status.OK:
            discard(letter)
        if status == Status.OK and letter.kind == Message.DEATH and letter.words[0] == child.serial:
            child.free()
            return
        if load64(PLACE) == before:
            patience -= 1
            wake(child)
        else:
            patience = 3
        before = load64(PLACE)
    child.kill()


def wake(child: Child) -> None:
    """It waits for ever, or has stopped itself. (Or has destroyed itself: then this has no effect.)"""
    if status_of(Call.CANCEL, child.thread.handle) != Status.OK:
        status_of(Call.THREAD_RESUME, child.thread.handle)


# ---- the runner ----


def random_bytes() -> None:
    """Programs that are nothing but random bytes, one after another."""
    runs = word("runs", DEFAULT_RUNS)
    random.state = word("seed", 1) * 77_777
    alone = spawn(compute, 0, PRIORITY + 1)
    result = alone.finish()
    bystander = spawn(compute, 0, PRIORITY + 1)
    stack = create_memory(1)
    for _ in range(runs):
        code = create_memory(1)
        for place in range(u64(512)):
            numbers[place] = random.next()
        code.write(0, view(address_of(numbers), PAGE_SIZE))
        run_bytes(code, stack)
        code.destroy()
    stack.close()
    assert bystander.finish() == result, "the bystander computed something else"


def run_bytes(code: Memory, stack: Memory) -> None:
    """One of them; it is ended when it takes too long."""
    heir = create_port()
    fate = heir.mint(1)
    process = create_process(16, None, fate)
    fate.close()
    process.map(code, 0, CODE, 1, Right.READ | Right.EXECUTE)
    process.map(stack, 0, PLACE, 1, READ_WRITE)
    thread = process.create_thread(CODE, PLACE + PAGE_SIZE, PLACE, PLACE + 64, PRIORITY + 1)
    thread.resume()
    letter = Letter()
    if letter.attempt(Call.RECEIVE, heir.handle, PATIENCE) == Status.TIMED_OUT:
        process.destroy(1)
        heir.receive(letter)
    thread.close()
    process.close()
    heir.close()


# ---- the kernel's command line ----


def word(name: Text, otherwise: u64) -> u64:
    """The number behind `name=`; `otherwise` if it is not there."""
    info = boot_info()
    line = view(address_of(info.command_line), info.command_line_size)
    for start in range(u64(len(line))):
        rest = line[start : u64(len(line))]
        if u64(len(rest)) > u64(len(name)) and rest[0 : len(name)] == name.encode():
            return number_in(rest[u64(len(name)) + 1 : u64(len(rest))])
    return otherwise


def number_in(digits: Bytes) -> u64:
    """The digits up to the first other character."""
    value: u64 = 0
    for digit in digits:
        if digit < ord("0") or digit > ord("9"):
            break
        value = value * 10 + u64(digit - ord("0"))
    return value


def main() -> None:
    begin()
    run("random calls", random_calls)
    run("random bytes", random_bytes)
    end()
