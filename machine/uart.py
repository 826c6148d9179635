"""The serial line: a 16550 with its FIFO. Sending takes no time; what comes in waits outside until the FIFO has room.

Source: National Semiconductor PC16550D data sheet. Registers are one byte apart, as on QEMU's `virt`.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from atoll.machine.events import Timed

DATA, ENABLE, IDENTIFY, LINE_CONTROL, MODEM_CONTROL, LINE_STATUS, MODEM_STATUS, SCRATCH = range(8)
FIFO_CONTROL = IDENTIFY  # the same register, written

RECEIVED, EMPTY, LINE, MODEM = 1, 2, 4, 8  # bits of the enable register
LATCH_ACCESS = 0x80  # in line control: the first two registers are the divisor
LOOP = 0x10  # in modem control: what is sent is received
FIFO_ON, CLEAR_INPUT = 1, 2
DATA_READY, OVERRUN, SENT = 0x01, 0x02, 0x60
FIFO_SIZE = 16
TRIGGERS = (1, 4, 8, 14)  # bytes that raise the interrupt, by the upper two bits of FIFO control

NO_INTERRUPT, IS_EMPTY, IS_RECEIVED, IS_TIMEOUT, IS_LINE = 0x01, 0x02, 0x04, 0x0C, 0x06
MODEM_LINES_UP = 0xB0


class Uart:
    """One serial line. `output` is called with what the guest sends; by default it is collected in `sent`."""

    def __init__(self, set_line: Callable[[bool], None]) -> None:
        self.sent = bytearray()
        self.output: Callable[[bytes], None] = self.sent.extend
        self._set_line = set_line
        self.incoming = Timed()
        self._waiting: deque[int] = deque()  # arrived, but the FIFO is full
        self.reset()

    def reset(self) -> None:
        """As after power-on; what the host has queued stays."""
        self._fifo: deque[int] = deque()
        self._registers = {ENABLE: 0, FIFO_CONTROL: 0, LINE_CONTROL: 0, MODEM_CONTROL: 8, SCRATCH: 0}
        self._divisor = 12  # 9600 baud
        self._empty_pending = False
        self._overrun = False

    # ---- the host's side ----

    def feed(self, data: bytes, at: int) -> None:
        """Input that arrives at a virtual time, in clock periods."""
        self.incoming.add(at, data)

    def advance(self, now: int) -> None:
        """Take in what has arrived by now."""
        if self.incoming or self._waiting:
            for data in self.incoming.due(now):
                self._waiting.extend(data)
            self._fill()
            self._update_line()

    def next_event(self) -> int | None:
        """When the next input arrives, in clock periods."""
        return self.incoming.next()

    def take_input(self) -> int | None:
        """The next byte, for the firmware's console."""
        self._fill()
        byte = self._fifo.popleft() if self._fifo else None
        self._fill()
        self._update_line()
        return byte

    # ---- the guest's side ----

    def read(self, offset: int, size: int) -> int:
        """Registers are one byte; a wider access sees that of its address."""
        if offset == DATA:
            return self._divisor & 0xFF if self._latched else self._receive()
        if offset == ENABLE:
            return self._divisor >> 8 if self._latched else self._registers[ENABLE]
        if offset == IDENTIFY:
            return self._read_identify()
        if offset == LINE_STATUS:
            return self._read_line_status()
        if offset == MODEM_STATUS:
            return self._modem_status()
        return self._registers.get(offset, 0)

    def write(self, offset: int, size: int, value: int) -> None:
        """The other direction."""
        value &= 0xFF
        if offset == DATA and self._latched:
            self._divisor = self._divisor & 0xFF00 | value
        elif offset == ENABLE and self._latched:
            self._divisor = self._divisor & 0xFF | value << 8
        elif offset == DATA:
            self._send(value)
        elif offset == ENABLE:
            if value & EMPTY and not self._registers[ENABLE] & EMPTY:
                self._empty_pending = True
            self._registers[ENABLE] = value & 0x0F
        elif offset == FIFO_CONTROL:
            self._set_fifo_control(value)
        elif offset in self._registers:
            self._registers[offset] = value
        self._update_line()

    def _update_line(self) -> None:
        self._set_line(self._identify() != NO_INTERRUPT)

    @property
    def _latched(self) -> bool:
        return self._registers[LINE_CONTROL] & LATCH_ACCESS != 0

    @property
    def _room(self) -> int:
        size = FIFO_SIZE if self._registers[FIFO_CONTROL] & FIFO_ON else 1
        return size - len(self._fifo)

    def _fill(self) -> None:
        while self._waiting and self._room > 0:
            self._fifo.append(self._waiting.popleft())

    def _receive(self) -> int:
        byte = self._fifo.popleft() if self._fifo else 0
        self._fill()
        self._update_line()
        return byte

    def _send(self, byte: int) -> None:
        if self._registers[MODEM_CONTROL] & LOOP:
            if self._room > 0:
                self._fifo.append(byte)
            else:
                self._overrun = True
        else:
            self.output(bytes((byte,)))
        self._empty_pending = True

    def _set_fifo_control(self, value: int) -> None:
        if (value ^ self._registers[FIFO_CONTROL]) & FIFO_ON or value & CLEAR_INPUT:
            self._fifo.clear()
        self._registers[FIFO_CONTROL] = value & 0xC9
        self._fill()

    def _identify(self) -> int:
        enabled = self._registers[ENABLE]
        if enabled & LINE and self._overrun:
            return IS_LINE
        if enabled & RECEIVED and self._fifo:
            control = self._registers[FIFO_CONTROL]
            full = not control & FIFO_ON or len(self._fifo) >= TRIGGERS[control >> 6]
            return IS_RECEIVED if full else IS_TIMEOUT
        if enabled & EMPTY and self._empty_pending:
            return IS_EMPTY
        return NO_INTERRUPT

    def _read_identify(self) -> int:
        cause = self._identify()
        if cause == IS_EMPTY:
            self._empty_pending = False
            self._update_line()
        return cause | (0xC0 if self._registers[FIFO_CONTROL] & FIFO_ON else 0)

    def _read_line_status(self) -> int:
        status = SENT | (DATA_READY if self._fifo else 0) | (OVERRUN if self._overrun else 0)
        if self._overrun:
            self._overrun = False
            self._update_line()
        return status

    def _modem_status(self) -> int:
        control = self._registers[MODEM_CONTROL]
        if control & LOOP:
            return (control & 0x0C) << 4 | (control & 0x02) << 3 | (control & 0x01) << 5
        return MODEM_LINES_UP

    # ---- saving ----

    def save(self) -> dict[str, Any]:
        """All that the next access depends on."""
        return {
            "fifo": bytes(self._fifo),
            "waiting": bytes(self._waiting),
            "incoming": self.incoming.save(),
            "registers": [self._registers[at] for at in sorted(self._registers)],
            "divisor": self._divisor,
            "empty_pending": self._empty_pending,
            "overrun": self._overrun,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._fifo = deque(saved["fifo"])
        self._waiting = deque(saved["waiting"])
        self.incoming.restore(saved["incoming"])
        self._registers = dict(zip(sorted(self._registers), saved["registers"], strict=True))
        self._divisor = saved["divisor"]
        self._empty_pending = saved["empty_pending"]
        self._overrun = saved["overrun"]
