"""The boot console, which the kernel keeps: the UART if the device tree names one, else the firmware's console."""

from atoll.abi import sbi
from atoll.abi.board import UART_CAN_SEND, UART_DATA, UART_LINE_STATUS
from atoll.abi.raw import address_of, load8, store8
from atoll.abi.types import Bytes, export, u8, u64
from atoll.kernel import firmware, memory
from atoll.kernel.board import board


class State:
    """All state of the console."""

    has_debug_console: bool  # of the firmware; until start() has asked: not


state: State = State()


def start() -> None:
    """Find out what there is to write to."""
    state.has_debug_console = firmware.has_extension(sbi.DEBUG_CONSOLE)


@export("write_console")
def write_console(data: Bytes) -> None:
    """Write bytes, and wait until they are on their way."""
    if board.uart != 0:
        registers = memory.reach(board.uart)
        for byte in data:
            put_uart(registers, byte)
    elif state.has_debug_console:
        write_debug_console(memory.physical(address_of(data)), u64(len(data)))
    else:
        for byte in data:
            firmware.put_character(byte)


def put_uart(registers: u64, byte: u8) -> None:
    """Send one byte as soon as the UART can take it."""
    while load8(registers + UART_LINE_STATUS) & UART_CAN_SEND == 0:
        pass
    store8(registers + UART_DATA, byte)


def write_debug_console(place: u64, size: u64) -> None:
    """The firmware may take fewer bytes than it is given; if it takes none, what is left is lost."""
    done: u64 = 0
    while done < size:
        taken = firmware.debug_write(place + done, size - done)
        if taken == 0:
            return
        done += taken
