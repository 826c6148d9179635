"""What happens to servers: their faults and errors, their end, what they leave, and when they are started again."""

from atoll.abi.calls import IN_CALL, NO_TIMEOUT, Call, Death, FaultReply, Message
from atoll.abi.objects import NO_HANDLE, Info, Kind
from atoll.abi.types import Text, u64
from atoll.servers.root.interface import Root
from atoll.servers.supervisor import worker
from atoll.servers.supervisor.instances import (
    FATE,
    NUMBER,
    image_of,
    open_devices,
    open_port,
    raise_quotas,
    start_instance,
    stop_instance,
)
from atoll.servers.supervisor.interface import ServiceState
from atoll.servers.supervisor.legacies import forget_ended, keep_process
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.services import NO_INSTANCE, Service, services
from atoll.userland.runtime.image import fault
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.start_page import StartPageFull
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Letter, Port
from atoll.userland.runtime.objects import Process, close, read_info
from atoll.userland.runtime.service import FIRST_FREE_LABEL, loop

CRASHED = 1  # the status of a server that made a fault
FIRST_DELAY = 1_000_000  # nanoseconds until the second restart in a row; doubled each time
MOST_FAILURES = 10  # in a row: then nobody believes in it any more
WILL_LABEL = FIRST_FREE_LABEL  # of the port where a supervisor is heir of its predecessor
WELL = 1_000_000_000  # nanoseconds: who has lived so long was well started

will: Port = Port(NO_HANDLE)


def start_service(number: u64) -> None:
    """A service's first start, or another after a death."""
    service = services.items[number]
    image = image_of(service)
    if len(image) == 0 or not open_devices(service):
        service.state = ServiceState.ABSENT
        return
    if service.gate.handle == NO_HANDLE:
        open_port(service)
    instance = services.free_instance()
    services.instances[instance].used = True
    services.instances[instance].service = number
    services.instances[instance].image = NO_HANDLE
    service.started = clock()
    forget_ended(service)
    try:
        start_instance(instance, image, True)
    except (BadImage, StartPageFull, KernelError) as error:
        stop_instance(instance)
        failed(service, f"{error}")
        return
    service.instance = instance
    service.state = ServiceState.SERVING
    worker.hand_over_legacy(number)


def failed(service: Service, why: Text) -> None:
    """It has ended, or could not be started: when it is tried again, and whether."""
    service.instance = NO_INSTANCE
    now = clock()
    if now - service.started > WELL:
        service.failures = 0
    service.failures += 1
    name = str(service.name, "utf-8")
    if service.failures > MOST_FAILURES or service.port.handle == NO_HANDLE:
        service.state = ServiceState.GIVEN_UP
        print(f"supervisor: {name}: {why}; it has failed {service.failures} times in a row: given up")
        if service.port.handle != NO_HANDLE:
            service.port.close()
            service.port.handle = NO_HANDLE
        return
    delay: u64 = 0 if service.failures == 1 else u64(FIRST_DELAY) << (service.failures - 2)
    service.state = ServiceState.WAITING
    service.restart_at = now + delay
    print(f"supervisor: {name}: {why}; restarting")


def next_restart() -> u64:
    """Nanoseconds until a service is to be restarted; NO_TIMEOUT if none is."""
    now = clock()
    soonest: u64 = NO_TIMEOUT
    for number in range(services.count):
        service = services.items[number]
        if service.state == ServiceState.WAITING:
            soonest = min(soonest, service.restart_at - min(now, service.restart_at))
    return soonest


def restart_due() -> None:
    """Start again what has waited long enough."""
    for number in range(services.count):
        service = services.items[number]
        if service.state == ServiceState.WAITING and service.restart_at <= clock():
            service.generation += 1
            start_service(number)
            if service.name == b"naming":
                worker.register_names()
    raise_quotas()


# ---- messages of the kernel ----


def kernel_message(letter: Letter) -> None:
    """What is no call."""
    number = letter.badge & NUMBER
    if letter.label == WILL_LABEL:
        take_will(letter)
    elif letter.badge & FATE == 0:
        discard(letter)
    elif letter.kind == Message.FAULT:
        handle_fault(number, letter)
    elif letter.kind == Message.INHERITED:
        inherit(number, letter)
    elif letter.kind == Message.DEATH:
        bury(number, letter.words[1], letter.words[2])
    else:
        discard(letter)


def take_will(letter: Letter) -> None:
    """What the supervisor left whose place we took: its servers are our children now, whose handles we have already.
    Behind the last of them is the news of its end, and root has what it did not use.
    """
    is_over = letter.kind == Message.DEATH
    discard(letter)
    if is_over:
        will.close()
        Root(board.parent.handle).more()


def expect_will(port: u64) -> None:
    """What our predecessor leaves comes to that port."""
    will.handle = port
    loop.add(will, WILL_LABEL)


def discard(letter: Letter) -> None:
    """Nobody sends us anything else."""
    if letter.handle != NO_HANDLE:
        close(letter.handle)
    if letter.reply != NO_HANDLE:
        close(letter.reply)


def handle_fault(number: u64, letter: Letter) -> None:
    """All its pages are there: a fault is a mistake."""
    program = services.instances[number].program
    if letter.words[0] & IN_CALL != 0:
        letter.set_words(FaultReply.REFUSE)
    else:
        print(f"supervisor: {str(services.of_instance(number).name, 'utf-8')} has failed")
        fault.report(program.process, letter.words[3], letter.words[0], letter.words[1], program.trace)
        letter.set_words(FaultReply.KILL, CRASHED)
    letter.attempt(Call.REPLY, letter.reply, NO_TIMEOUT)


def inherit(number: u64, letter: Letter) -> None:
    """Something that a dead server had: its service port is kept for the next, and so are processes that it managed.
    Those of one that was swapped its successor has already: they are kept for when that dies.
    """
    service = services.of_instance(number)
    is_rightful = services.serves(number) or services.instances[number].has_handed_over
    if letter.words[2] == Kind.PORT and services.serves(number) and is_port_of(service, letter.handle):
        service.port.handle = letter.handle
    elif letter.words[2] == Kind.PROCESS and is_rightful:
        keep_process(service, Process(letter.handle))
    elif letter.words[2] == Kind.PROCESS:
        Process(letter.handle).destroy(CRASHED)
        close(letter.handle)
    else:
        close(letter.handle)


def is_port_of(service: Service, port: u64) -> bool:
    """Whether that is the port that clients know: its number is told by the gate too, whatever its label is now."""
    figures, at_gate = Info(), Info()
    read_info(port, figures)
    read_info(service.gate.handle, at_gate)
    return figures.words[0] == at_gate.words[2]


def bury(number: u64, status: u64, death: u64) -> None:
    """It has ended."""
    if not services.instances[number].used:
        return
    service = services.of_instance(number)
    was_serving = services.serves(number)
    stop_instance(number)
    if was_serving:
        failed(service, reason_of(status, death))
    raise_quotas()


def reason_of(status: u64, death: u64) -> Text:
    """Why a server has ended."""
    match death:
        case Death.EXITED:
            return "it has left by itself" if status == 0 else "it has failed"
        case Death.DESTROYED:
            return "it was killed"
    return "it has crashed"


def start_all() -> None:
    """The whole manifest."""
    for number in range(services.count):
        start_service(number)
