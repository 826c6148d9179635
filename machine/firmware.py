"""SBI, the supervisor's firmware, played by the host: what OpenSBI does below a kernel in S mode.

Source: RISC-V Supervisor Binary Interface Specification 2.0; extensions BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN and
the legacy ones. There is one hart.
"""

from typing import Any, Protocol

from unicorn import riscv_const as reg

from atoll.abi import sbi
from atoll.machine.clock import Clock
from atoll.machine.cpu import Cpu
from atoll.machine.memory import Ram
from atoll.machine.uart import Uart

IPI = 0x73_5049
REMOTE_FENCE = 0x5246_4E43
HART_STATE = 0x48_534D
LEGACY = range(0x00, 0x09)
EXTENSIONS = (sbi.BASE, sbi.TIME, IPI, REMOTE_FENCE, HART_STATE, sbi.SYSTEM_RESET, sbi.DEBUG_CONSOLE, *LEGACY)
SET_TIMER, PUTCHAR, GETCHAR, CLEAR_IPI, SEND_IPI, FENCE_I, SFENCE, SFENCE_ASID, SHUTDOWN = LEGACY

SPECIFICATION = 2 << 24  # 2.0
IMPLEMENTATION = 0x41_544F_4C  # "ATOL", no registered number
ALREADY_AVAILABLE = -6
DENIED = -4
DEBUG_CONSOLE_READ = 1
ALL = (1 << 64) - 1

Answer = tuple[int, int]  # error, value
NOT_SUPPORTED: Answer = (sbi.NOT_SUPPORTED, 0)


class Ends(Protocol):
    """What the firmware can do to the whole machine."""

    def end(self, status: int) -> None:
        """Power off."""

    def reset(self) -> None:
        """Start again."""


class Firmware:
    """One call is one `ecall` from S mode: extension in a7, function in a6, arguments from a0 on."""

    def __init__(self, cpu: Cpu, ram: Ram, uart: Uart, clock: Clock, ends: Ends) -> None:
        self._cpu = cpu
        self._ram = ram
        self._uart = uart
        self._clock = clock
        self._ends = ends
        self._deadline: int | None = None  # value of the time base
        self._due: int | None = None  # the same in clock periods: looked at after every block or two
        self._extensions = {
            sbi.BASE: self._base,
            sbi.TIME: self._time,
            IPI: self._send_ipi,
            REMOTE_FENCE: self._remote_fence,
            HART_STATE: self._hart_state,
            sbi.SYSTEM_RESET: self._system_reset,
            sbi.DEBUG_CONSOLE: self._debug_console,
        }

    # ---- the timer that it drives ----

    @property
    def timer(self) -> bool:
        """The supervisor timer's interrupt line."""
        return self._due is not None and self._cpu.cycles >= self._due

    def next_event(self) -> int | None:
        """When that line rises, in clock periods; None if it is up, or never."""
        return None if self.timer else self._due

    def time_changed(self) -> None:
        """The time base was set to something else."""
        self._set_deadline(self._deadline)

    def _set_deadline(self, tick: int | None) -> None:
        self._deadline = tick
        self._due = None if tick is None else self._clock.cycles_at_tick(tick, self._cpu.cycles)

    # ---- calls ----

    def call(self) -> None:
        """Do what the registers ask for, and put the answer there."""
        extension, function = self._cpu.argument(7), self._cpu.argument(6)
        if extension in LEGACY:
            self._cpu.set_argument(0, self._legacy(extension))
            return
        handler = self._extensions.get(extension)
        error, value = handler(function) if handler else NOT_SUPPORTED
        self._cpu.set_argument(0, error)
        self._cpu.set_argument(1, value)

    def _base(self, function: int) -> Answer:
        answers = {
            sbi.BASE_SPEC_VERSION: SPECIFICATION, 1: IMPLEMENTATION, 2: 1,
            sbi.BASE_PROBE: int(self._cpu.argument(0) in EXTENSIONS), 4: 0, 5: 0, 6: 0,
        }  # fmt: skip
        return (sbi.SUCCESS, answers[function]) if function in answers else NOT_SUPPORTED

    def _time(self, function: int) -> Answer:
        if function != sbi.TIME_SET:
            return NOT_SUPPORTED
        self._set_deadline(self._cpu.argument(0))
        return sbi.SUCCESS, 0

    def _send_ipi(self, function: int) -> Answer:
        if function != 0:
            return NOT_SUPPORTED
        mask, base = self._cpu.argument(0), self._cpu.argument(1)
        if base == ALL or (base == 0 and mask & ~1 == 0):
            if base == ALL or mask & 1:
                self._cpu.set_software_interrupt()
            return sbi.SUCCESS, 0
        return sbi.INVALID_PARAMETER, 0

    def _remote_fence(self, function: int) -> Answer:
        if function > 2:  # the rest is for hypervisors
            return NOT_SUPPORTED
        self._cpu.flush_translations()
        return sbi.SUCCESS, 0

    def _hart_state(self, function: int) -> Answer:
        """One hart, which runs: it can neither be started nor do without itself."""
        if function in (0, 2):
            other = self._cpu.argument(0) != 0
            return sbi.INVALID_PARAMETER if other else (ALREADY_AVAILABLE, sbi.SUCCESS)[function // 2], 0
        return (DENIED, 0) if function == 1 else NOT_SUPPORTED

    def _system_reset(self, function: int) -> Answer:
        kind, reason = self._cpu.argument(0) & 0xFFFF_FFFF, self._cpu.argument(1) & 0xFFFF_FFFF
        if function != sbi.SYSTEM_RESET_NOW:
            return NOT_SUPPORTED
        if kind > 2 or reason > 1:
            return sbi.INVALID_PARAMETER, 0
        if kind == sbi.RESET_SHUTDOWN:
            self._ends.end(0 if reason == sbi.REASON_NONE else 1)
        else:
            self._ends.reset()
        return sbi.SUCCESS, 0

    def _debug_console(self, function: int) -> Answer:
        if function == sbi.DEBUG_CONSOLE_WRITE_BYTE:
            self._uart.output(bytes((self._cpu.argument(0) & 0xFF,)))
            return sbi.SUCCESS, 0
        if function not in (sbi.DEBUG_CONSOLE_WRITE, DEBUG_CONSOLE_READ):
            return NOT_SUPPORTED
        size, address = self._cpu.argument(0), self._cpu.argument(1)
        if self._cpu.argument(2) or not self._ram.holds(address, size):
            return sbi.INVALID_PARAMETER, 0
        if function == sbi.DEBUG_CONSOLE_WRITE:
            self._uart.output(self._ram.read(address, size))
            return sbi.SUCCESS, size
        data = bytes(self._input(size))
        self._ram.write(address, data)
        return sbi.SUCCESS, len(data)

    def _input(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size and (byte := self._uart.take_input()) is not None:
            data.append(byte)
        return bytes(data)

    def _legacy(self, extension: int) -> int:
        """These answer in a0 alone."""
        argument = self._cpu.argument(0)
        if extension == SET_TIMER:
            self._set_deadline(argument)
        elif extension == PUTCHAR:
            self._uart.output(bytes((argument & 0xFF,)))
        elif extension == GETCHAR:
            byte = self._uart.take_input()
            return -1 if byte is None else byte
        elif extension == CLEAR_IPI:
            self._cpu.set_register(reg.UC_RISCV_REG_SIP, self._cpu.register(reg.UC_RISCV_REG_SIP) & ~2)
        elif extension == SEND_IPI:
            self._cpu.set_software_interrupt()
        elif extension in (FENCE_I, SFENCE, SFENCE_ASID):
            self._cpu.flush_translations()
        elif extension == SHUTDOWN:
            self._ends.end(0)
        return 0

    # ---- saving ----

    def reset(self) -> None:
        """As after power-on."""
        self._set_deadline(None)

    def save(self) -> dict[str, Any]:
        """The timer is all that it remembers."""
        return {"deadline": self._deadline}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._set_deadline(saved["deadline"])
