"""The boot console, which the kernel keeps: the UART if the device tree names one, else the firmware's console."""

from atoll.abi.board import UART_CAN_SEND, UART_DATA, UART_LINE_STATUS
from atoll.abi.raw import load8, store8
from atoll.abi.types import Bytes, export, u8
from atoll.kernel import firmware, memory
from atoll.kernel.board import board


@export("write_console")
def write_console(data: Bytes) -> None:
    """Write bytes, and wait until they are on their way."""
    for byte in data:
        if board.uart != 0:
            put_uart(byte)
        else:
            firmware.put_character(byte)


def put_uart(byte: u8) -> None:
    """Send one byte as soon as the UART can take it."""
    registers = memory.reach(board.uart)
    while load8(registers + UART_LINE_STATUS) & UART_CAN_SEND == 0:
        pass
    store8(registers + UART_DATA, byte)
