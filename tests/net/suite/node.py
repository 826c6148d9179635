"""A node with nothing but the network's station and a few services to call over the wire; the first process itself."""

from services import SERVICES, find, start_services

from atoll.abi.board import VIRTIO_SIZE
from atoll.abi.boot import BOOT_INFO, HANDLE_MACHINE, HANDLE_SELF, HANDLE_THREAD, BootInfo
from atoll.abi.calls import Call, Message, Status
from atoll.abi.raw import address_of, at, text_at
from atoll.abi.types import Bytes, Text
from atoll.servers.network import station
from atoll.servers.network.card import CARD_PAGES
from atoll.userland.runtime.devices import Machine
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.messages import Letter, create_port
from atoll.userland.runtime.objects import Process, Thread, create_memory
from atoll.userland.runtime.system import be_first, parent
from atoll.userland.runtime.traceback import own_table, print_error

NETWORK_SLOT = 1
PRIORITY = 16


def boot_info() -> BootInfo:
    """What the kernel tells the first process."""
    return at(BootInfo, BOOT_INFO)


def write(data: Bytes) -> None:
    """Where print goes."""
    Machine(boot_info().handles[HANDLE_MACHINE]).debug_write(data)


def fail(error: ErrorRecord) -> None:
    """An error that nobody caught."""
    print_error(own_table(), error)


def main() -> None:
    be_first(write, fail)
    parent.process = boot_info().handles[HANDLE_SELF]
    Thread(boot_info().handles[HANDLE_THREAD]).set_priority(PRIORITY)
    machine, process = Machine(boot_info().handles[HANDLE_MACHINE]), Process(boot_info().handles[HANDLE_SELF])
    start_services(process)
    registers = machine.device_memory(boot_info().virtio + NETWORK_SLOT * VIRTIO_SIZE, 1)
    line = machine.create_interrupt(boot_info().virtio_interrupt + NETWORK_SLOT)
    done, filled = create_port(), create_port()
    told = text_at(address_of(boot_info().command_line), boot_info().command_line_size)
    name, number = word(told, "node="), station.number_in(word(told, "number="))
    station.introduce(word(told, "key="), name, number, word(told, "incarnation="), 0, 1)
    station.start(registers, create_memory(CARD_PAGES), done, filled, line, PRIORITY + 1, find)
    print(f"{SERVICES} services")
    letter = Letter()
    while True:
        status = letter.attempt(Call.RECEIVE, done.handle, station.look(clock()))
        if status == Status.OK and letter.kind == Message.NOTIFICATION:
            station.notified(letter.words[0])


def word(line: Text, key: Text) -> Text:
    """The value of a word of the kernel's command line."""
    place = 0
    while line[place : place + len(key)] != key:
        place += 1
    begin = place + len(key)
    end = begin
    while end < len(line) and line[end] != " ":
        end += 1
    return line[begin:end]
