"""The interrupt controller: levels of up to 95 sources come in, one line for each of the two contexts of hart 0 goes
out.

Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0; context 0 is M mode, 1 is S mode, as on QEMU's
`virt`.
"""

from collections.abc import Callable
from typing import Any

from atoll.abi.board import INTERRUPT_SOURCES

CONTEXTS = 2
MACHINE, SUPERVISOR = 0, 1
HIGHEST_PRIORITY = 7

PENDING = 0x1000
ENABLES = 0x2000
ENABLES_EACH = 0x80
CONTEXT_REGISTERS = 0x20_0000
CONTEXT_EACH = 0x1000
WORDS = (INTERRUPT_SOURCES + 31) // 32


class Plic:
    """Priorities, enables, thresholds, claims. Every register is 32 bits; narrower accesses do nothing and read 0."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.reset()

    def reset(self) -> None:
        """As after power-on; the sources' levels follow from the devices."""
        self._priority = [0] * INTERRUPT_SOURCES
        self._level = 0  # bit sets, by source
        self._claimed = 0
        self._enabled = [0] * CONTEXTS
        self._threshold = [0] * CONTEXTS

    def set_level(self, source: int, level: bool) -> None:
        """A device's line."""
        bit = 1 << source
        if level != bool(self._level & bit):
            self._level ^= bit
            self._changed()

    def line(self, context: int) -> bool:
        """Whether a context has something above its threshold."""
        return self._level != 0 and self._priority[self._best(context)] > self._threshold[context]

    def _best(self, context: int) -> int:
        """The source that a claim would give: the highest priority, then the lowest number; 0 for none."""
        waiting = self._level & ~self._claimed & self._enabled[context]
        best = 0
        while waiting:
            source = (waiting & -waiting).bit_length() - 1
            waiting &= waiting - 1
            if self._priority[source] > self._priority[best]:
                best = source
        return best

    def read(self, offset: int, size: int) -> int:
        """A register; reading the claim register claims."""
        if size != 4 or offset % 4:
            return 0
        if offset < PENDING:
            return self._priority[offset // 4] if offset // 4 < INTERRUPT_SOURCES else 0
        if PENDING <= offset < PENDING + 4 * WORDS:
            return self._word(self._level & ~self._claimed, offset - PENDING)
        context, register = divmod(offset - ENABLES, ENABLES_EACH)
        if 0 <= context < CONTEXTS:
            return self._word(self._enabled[context], register)
        context, register = divmod(offset - CONTEXT_REGISTERS, CONTEXT_EACH)
        if 0 <= context < CONTEXTS and register == 0:
            return self._threshold[context]
        if 0 <= context < CONTEXTS and register == 4:
            return self._claim(context)
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """A register; writing the claim register completes."""
        if size != 4 or offset % 4:
            return
        enables, enable_word = divmod(offset - ENABLES, ENABLES_EACH)
        context, register = divmod(offset - CONTEXT_REGISTERS, CONTEXT_EACH)
        if 0 < offset < 4 * INTERRUPT_SOURCES:
            self._priority[offset // 4] = value & HIGHEST_PRIORITY
        elif 0 <= enables < CONTEXTS and enable_word < 4 * WORDS:
            shift = 8 * enable_word
            sources = (1 << INTERRUPT_SOURCES) - 2  # there is no source 0
            enabled = self._enabled[enables] & ~(0xFFFF_FFFF << shift) | value << shift
            self._enabled[enables] = enabled & sources
        elif 0 <= context < CONTEXTS and register == 0:
            self._threshold[context] = value & HIGHEST_PRIORITY
        elif 0 <= context < CONTEXTS and register == 4 and value < INTERRUPT_SOURCES:
            self._claimed &= ~(self._enabled[context] & 1 << value)
        self._changed()

    def _word(self, bits: int, offset: int) -> int:
        return bits >> 8 * offset & 0xFFFF_FFFF if offset < 4 * WORDS else 0

    def _claim(self, context: int) -> int:
        source = self._best(context)
        if source:
            self._claimed |= 1 << source
            self._changed()
        return source

    def save(self) -> dict[str, Any]:
        """All registers."""
        return {
            "priority": list(self._priority), "level": self._level, "claimed": self._claimed,
            "enabled": list(self._enabled), "threshold": list(self._threshold),
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """The opposite of `save`."""
        self._priority = list(saved["priority"])
        self._level = saved["level"]
        self._claimed = saved["claimed"]
        self._enabled = list(saved["enabled"])
        self._threshold = list(saved["threshold"])
