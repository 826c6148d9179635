"""The serial line: a 16550. Source: National Semiconductor PC16550D data sheet; registers are a byte apart."""

from atoll.abi.board import UART_CAN_SEND, UART_DATA, UART_LINE_STATUS
from atoll.abi.raw import load8, store8
from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.devices import Interrupt
from atoll.userland.runtime.dma import REGISTERS, map_registers
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory

ENABLE = 1
RECEIVED = 1  # in ENABLE: interrupt when something has come
FIFO_CONTROL = 2
FIFO_ON = 1
MODEM_CONTROL = 4
OUT2 = 8  # in MODEM_CONTROL: lets interrupts through on PCs, and is harmless elsewhere
DATA_READY = 1  # in the line status

NO_BYTE = 0x100


class Uart:
    """One serial line: input by interrupt, output as fast as it takes bytes."""

    interrupt: Interrupt

    def attach(self, registers: Memory, interrupt: Interrupt) -> None:
        """Take what the driver was given. Sending works from here on."""
        map_registers(registers)
        self.interrupt = interrupt

    def start(self, gate: Gate) -> None:
        """From now on that gate is notified when something has come. What has come already stays."""
        self.interrupt.bind(gate, 1)
        store8(REGISTERS + FIFO_CONTROL, FIFO_ON)
        store8(REGISTERS + MODEM_CONTROL, OUT2)
        store8(REGISTERS + ENABLE, RECEIVED)

    def receive(self) -> u64:
        """The next byte that has come; NO_BYTE if there is none."""
        if load8(REGISTERS + UART_LINE_STATUS) & DATA_READY == 0:
            return NO_BYTE
        return u64(load8(REGISTERS + UART_DATA))

    def send(self, data: Bytes) -> None:
        """Send bytes, each as soon as the UART can take it."""
        for byte in data:
            while load8(REGISTERS + UART_LINE_STATUS) & UART_CAN_SEND == 0:
                pass
            store8(REGISTERS + UART_DATA, byte)
