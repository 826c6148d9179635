"""Devices: registers as memory, interrupts as notifications, in the hands of a driver that is an ordinary process.

The driver here has the UART. It is told to interrupt as soon as it can send, and, looped back to itself, when
something has been received.
"""

from harness import begin, end, run
from peers import give, leave, prepare
from world import boot_info, expect, given, machine, status_of, this_process

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.board import RAM, RAM_SIZE
from atoll.abi.calls import Call, Message, Status
from atoll.abi.objects import Info, Kind, Right
from atoll.abi.raw import load8, load32, store8
from atoll.abi.types import u64
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Process, close, create_memory, duplicate, read_info

PLACE = 0x3000_0000
VIRT = 0x7472_6976  # "virt", the first register of each slot
MILLISECOND = 1_000_000
# ---- registers of the 16550 (offset in bytes), and their bits ----
DATA = 0
ENABLE = 1
IDENTIFY = 2
MODEM_CONTROL = 4
LINE_STATUS = 5
RECEIVED = 1  # in ENABLE: interrupt when there is something
EMPTY = 2  # in ENABLE: interrupt when the next byte can be sent
LOOP = 0x10  # in MODEM_CONTROL: what is sent is received
OUT2 = 8  # in MODEM_CONTROL: lets the interrupt through
DATA_READY = 1  # in LINE_STATUS


def map_uart(process: Process) -> None:
    """Give a process the registers."""
    registers = machine().device_memory(boot_info().uart, 1)
    process.map(registers, 0, PLACE, 1, Right.READ | Right.WRITE)
    registers.close()


def interrupt_when_empty() -> None:
    map_uart(this_process())
    port = create_port()
    gate = port.mint(1)
    line = machine().create_interrupt(boot_info().uart_interrupt)
    line.bind(gate, 4)
    letter = Letter()
    expect(letter.attempt(Call.RECEIVE, port.handle, MILLISECOND), Status.TIMED_OUT, "an interrupt before its time")
    store8(PLACE + ENABLE, EMPTY)
    port.receive(letter, 10 * MILLISECOND)
    assert letter.kind == Message.NOTIFICATION and letter.words[0] == 4
    expect(letter.attempt(Call.RECEIVE, port.handle, MILLISECOND), Status.TIMED_OUT, "it was not acknowledged")
    info = Info()
    read_info(line.handle, info)
    assert info.kind == Kind.INTERRUPT and info.words[0] == boot_info().uart_interrupt
    assert info.words[1] == 1 and info.words[2] == 1
    store8(PLACE + ENABLE, 0)
    line.done()
    expect(letter.attempt(Call.RECEIVE, port.handle, MILLISECOND), Status.TIMED_OUT, "again without a reason")
    store8(PLACE + ENABLE, EMPTY)
    port.receive(letter, 10 * MILLISECOND)
    store8(PLACE + ENABLE, 0)
    line.done()
    line.close()
    this_process().unmap(PLACE, 1)
    gate.close()
    port.close()


def receive_looped_back(_: u64) -> None:
    """The driver: send three bytes to itself, and wait for an interrupt for each; the status is their sum."""
    line, gate, port = Interrupt(given.handles[0]), Gate(given.handles[1]), Port(given.handles[2])
    line.bind(gate, 1)
    store8(PLACE + MODEM_CONTROL, LOOP | OUT2)
    store8(PLACE + ENABLE, RECEIVED)
    letter = Letter()
    total: u64 = 0
    for number in range(1, 4):
        store8(PLACE + DATA, number * 10)
        port.receive(letter, 10 * MILLISECOND)
        while load8(PLACE + LINE_STATUS) & DATA_READY != 0:
            total += u64(load8(PLACE + DATA))
        line.done()
    store8(PLACE + ENABLE, 0)
    store8(PLACE + MODEM_CONTROL, OUT2)
    leave(total)


def driver_in_a_process() -> None:
    port = create_port()
    give(machine().create_interrupt(boot_info().uart_interrupt).handle)
    give(port.mint(1).handle)
    give(port.handle)
    child = prepare(receive_looped_back, 0, 48, None)
    map_uart(child.process)
    child.thread.resume()
    assert child.finish() == 60


def mistakes() -> None:
    all_devices = machine().handle
    info = Info()
    uart = machine().device_memory(boot_info().uart, 1)
    read_info(uart.handle, info)
    assert info.words[1] == boot_info().uart
    own = this_process().handle
    assert status_of(Call.MAP, own, uart.handle, 0, PLACE, 1, Right.READ | Right.EXECUTE) != Status.OK
    uart.close()
    expect(status_of(Call.DEVICE_MEMORY, all_devices, RAM, 1), Status.BAD_ARGUMENT, "memory is no device")
    expect(status_of(Call.DEVICE_MEMORY, all_devices, RAM - PAGE_SIZE, 2), Status.BAD_ARGUMENT)
    assert status_of(Call.DEVICE_MEMORY, all_devices, 0x1000_0004, 1) != Status.OK
    assert status_of(Call.DEVICE_MEMORY, all_devices, 0x1000_0000, 0) != Status.OK
    assert status_of(Call.DEVICE_MEMORY, all_devices, 0xFFFF_FFFF_FFFF_F000, 2) != Status.OK
    expect(status_of(Call.DEVICE_MEMORY, own, 0x1000_0000, 1), Status.WRONG_KIND)
    expect(status_of(Call.INTERRUPT_CREATE, all_devices, 0), Status.BAD_ARGUMENT)
    expect(status_of(Call.INTERRUPT_CREATE, all_devices, 1 << 20), Status.BAD_ARGUMENT)
    line = machine().create_interrupt(3)
    expect(status_of(Call.INTERRUPT_CREATE, all_devices, 3), Status.IN_USE)
    expect(status_of(Call.INTERRUPT_BIND, line.handle, line.handle, 1), Status.WRONG_KIND)
    line.close()
    again = machine().create_interrupt(3)
    reduced = duplicate(again.handle, Right.MOVE)
    expect(status_of(Call.INTERRUPT_DONE, reduced), Status.NO_RIGHT)
    close(reduced)
    again.close()


def addresses_for_devices() -> None:
    """Pages keep the physical address that was told, and no two share one; registers have none to be told."""
    registers = machine().device_memory(boot_info().uart, 1)
    memory = create_memory(600)
    first, last = memory.device_address(registers.handle, 0), memory.device_address(registers.handle, 599)
    assert first % PAGE_SIZE == 0 and last % PAGE_SIZE == 0 and first != last
    assert RAM < first < RAM + RAM_SIZE and RAM < last < RAM + RAM_SIZE
    this_process().map(memory, 0, PLACE, 1, Right.READ | Right.WRITE)
    store8(PLACE, 1)
    this_process().unmap(PLACE, 1)
    assert memory.device_address(registers.handle, 0) == first
    expect(status_of(Call.DEVICE_ADDRESS, registers.handle, memory.handle, 600), Status.BAD_ARGUMENT)
    expect(status_of(Call.DEVICE_ADDRESS, memory.handle, memory.handle, 0), Status.WRONG_KIND)
    expect(status_of(Call.DEVICE_ADDRESS, registers.handle, registers.handle, 0), Status.WRONG_KIND)
    expect(status_of(Call.DEVICE_ADDRESS, this_process().handle, memory.handle, 0), Status.WRONG_KIND)
    to_look_at = duplicate(registers.handle, Right.READ)
    expect(status_of(Call.DEVICE_ADDRESS, to_look_at, memory.handle, 0), Status.NO_RIGHT)
    close(to_look_at)
    to_read = duplicate(memory.handle, Right.READ)
    expect(status_of(Call.DEVICE_ADDRESS, registers.handle, to_read, 0), Status.NO_RIGHT)
    close(to_read)
    memory.destroy()
    registers.close()


def driver_dies() -> None:
    """Another driver takes the interrupt over; its port is gone, and nothing comes of that."""
    port = create_port()
    give(machine().create_interrupt(boot_info().uart_interrupt).handle)
    give(port.mint(1).handle)
    give(port.handle)
    child = prepare(die_with_the_interrupt, 0, 48, None)
    map_uart(child.process)
    child.thread.resume()
    assert child.finish() == 4
    interrupt_when_empty()


def die_with_the_interrupt(_: u64) -> None:
    """Bind it, let it come, and end without a word."""
    line, gate = Interrupt(given.handles[0]), Gate(given.handles[1])
    line.bind(gate, 1)
    store8(PLACE + ENABLE, EMPTY)
    Port(given.handles[2]).receive(Letter())
    store8(PLACE + ENABLE, 0)
    leave(4)


def virtio_slots_are_there() -> None:
    """The registers of every slot begin with the same magic number."""
    for slot in range(u64(8)):
        registers = machine().device_memory(boot_info().virtio + slot * PAGE_SIZE, 1)
        this_process().map(registers, 0, PLACE, 1, Right.READ)
        assert load32(PLACE) == VIRT
        this_process().unmap(PLACE, 1)
        registers.close()


def main() -> None:
    begin()
    run("an interrupt when the UART can send", interrupt_when_empty)
    run("a driver in a process", driver_in_a_process)
    run("mistakes with devices", mistakes)
    run("addresses for devices", addresses_for_devices)
    run("a driver dies", driver_dies)
    run("virtio slots", virtio_slots_are_there)
    end()
