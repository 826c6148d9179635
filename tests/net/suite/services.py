"""Services that tests call over the wire: each is a thread with a port, and answers in its own way."""

from atoll.abi.calls import MAX_SEGMENT, NO_TIMEOUT, Call, Status
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Array, Text, u8, u64
from atoll.userland.runtime.kernel_calls import sleep
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, duplicate
from atoll.userland.runtime.threads import start_thread

ECHO = 0  # words plus one, the segment backwards
SLEEP = 1  # the same after word 1 nanoseconds
DROP = 2  # no answer at all
HANDLE = 3  # a handle
COUNT = 4  # word 0: how many calls there have been
SHELL = 5  # prints the line; its status is the line's last digit
PORTS = 6  # a gate to ECHO
SERVICES = 7

STACK_SIZE = 16 << 10
RUN = 0x1000  # of the interface Shell
NO_METHOD = 1


class Service:
    port: Port
    gate: Gate
    calls: u64
    stack: Array[u8, STACK_SIZE]
    segment: Array[u8, MAX_SEGMENT]


services: Array[Service, SERVICES] = Array()


def start_services(process: Process) -> None:
    """All of them."""
    for number in range(u64(SERVICES)):
        service = services[number]
        service.port = create_port()
        service.gate = service.port.mint(0)
        start_thread(process, serve, number, service.stack[:])


def find(name: Text) -> u64:
    """A gate to a service."""
    for number in range(u64(SERVICES)):
        if name == name_of(number):
            return duplicate(services[number].gate.handle, Right.SEND | Right.MOVE)
    return NO_HANDLE


def name_of(number: u64) -> Text:
    match number:
        case 0:
            return "/services/echo"
        case 1:
            return "/services/sleep"
        case 2:
            return "/services/drop"
        case 3:
            return "/services/handle"
        case 4:
            return "/services/count"
        case 5:
            return "/services/shell"
    return "/services/ports"


def serve(number: u64) -> None:
    """The loop of one."""
    service = services[number]
    letter = Letter()
    letter.set_buffer(service.segment[:])
    while True:
        if letter.attempt(Call.RECEIVE, service.port.handle, NO_TIMEOUT) != Status.OK:
            continue
        service.calls += 1
        if number == DROP:
            close(letter.reply)
            continue
        if number == SLEEP:
            sleep(letter.words[1])
        answer(number, letter)


def answer(number: u64, letter: Letter) -> None:
    """Make and give the answer."""
    service = services[number]
    if number == HANDLE:
        letter.give(create_port().handle)
    elif number == PORTS:
        letter.give(duplicate(services[ECHO].gate.handle, Right.SEND | Right.MOVE))
    elif number == SHELL:
        run_line(letter, str(service.segment[0 : letter.size], "utf-8"))
    elif number == COUNT:
        letter.set_words(service.calls, services[ECHO].calls, services[SLEEP].calls, services[DROP].calls)
    else:
        for index in range(u64(4)):
            letter.words[index] = letter.words[index] + 1
        backwards(service, letter.size)
        letter.enclose(service.segment[0 : letter.size])
    letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)


def run_line(letter: Letter, line: Text) -> None:
    """Print the line; `wait` waits for ever."""
    if letter.words[0] != RUN or len(line) == 0:
        letter.set_words(NO_METHOD)
        return
    print(line)
    if line == "wait":
        sleep(NO_TIMEOUT >> 1)
    letter.set_words(0, u64(line.encode()[len(line) - 1]) % 16)


def backwards(service: Service, size: u64) -> None:
    for index in range(size // 2):
        other = size - 1 - index
        service.segment[index], service.segment[other] = service.segment[other], service.segment[index]
