"""The core-local interruptor: the time base, hart 0's machine timer, and its machine software interrupt.

Source: RISC-V Advanced Core Local Interruptor Specification, in the layout of SiFive's CLINT. `mtime` follows virtual
time.
"""

from collections.abc import Callable
from typing import Any

from atoll.machine.clock import Clock

SOFTWARE = 0x0000
COMPARE = 0x4000
TIME = 0xBFF8
NEVER = (1 << 64) - 1


class Clint:
    """Registers are reached 4 bytes at a time; wider accesses arrive in two."""

    def __init__(self, clock: Clock, now: Callable[[], int], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._now = now
        self._changed = changed
        self.reset()

    def reset(self) -> None:
        """As after power-on: no comparison ever comes true."""
        self._compare = NEVER
        self.software = False

    @property
    def timer(self) -> bool:
        """The machine timer's interrupt line."""
        return self._compare != NEVER and self._clock.ticks(self._now()) >= self._compare

    def next_event(self) -> int | None:
        """When the timer's line rises, in clock periods; None if it is up, or never."""
        if self._compare == NEVER or self.timer:
            return None
        return self._clock.cycles_at_tick(self._compare, self._now())

    def read(self, offset: int, size: int) -> int:
        """A register, or the part of one that is asked for."""
        if SOFTWARE <= offset < SOFTWARE + 4:
            return int(self.software) >> 8 * (offset - SOFTWARE)
        if COMPARE <= offset < COMPARE + 8:
            return self._compare >> 8 * (offset - COMPARE)
        if TIME <= offset < TIME + 8:
            return self._clock.ticks(self._now()) >> 8 * (offset - TIME)
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """A register, or a part of one."""
        if offset == SOFTWARE:
            self.software = bool(value & 1)
        elif COMPARE <= offset < COMPARE + 8:
            self._compare = _replace(self._compare, offset - COMPARE, size, value)
        elif TIME <= offset < TIME + 8:
            present = self._clock.ticks(self._now())
            self._clock.offset += _replace(present, offset - TIME, size, value) - present
        self._changed()

    def save(self) -> dict[str, Any]:
        """All registers; the clock is the board's."""
        return {"compare": self._compare, "software": self.software}

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._compare = saved["compare"]
        self.software = saved["software"]


def _replace(word: int, offset: int, size: int, value: int) -> int:
    """Some bytes of a 64-bit register become those of `value`."""
    mask = (1 << 8 * size) - 1 << 8 * offset
    return (word & ~mask | value << 8 * offset & mask) & (1 << 64) - 1
