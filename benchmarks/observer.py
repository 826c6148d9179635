"""Watching a guest on the board from outside, without a trace in it: functions that it comes by, time in its kernel.

An observer counts at blocks of code that begin where a symbol is; the guest executes the same instructions as ever.
"""

import struct
import time
from collections.abc import Callable
from io import BytesIO

import unicorn
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from unicorn import riscv_const as reg

from atoll.machine.board import Board

SRET = 0x1020_0073
WFI = 0x1050_0073
MOST = 1_000_000_000                            # instructions, far more than any benchmark needs


class BenchmarkError(AssertionError):
    """A guest did not do what was to be measured; the text has what it printed."""


class Code:
    """An ELF image: where its symbols are, and which instructions."""

    def __init__(self, elf: bytes) -> None:
        sections = {section.name: section for section in ELFFile(BytesIO(elf)).iter_sections()}
        table, text = sections[".symtab"], sections[".text"]
        assert isinstance(table, SymbolTableSection)
        self.symbols = {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols()}
        self.start = int(text["sh_addr"])
        self.words = struct.unpack(f"<{text['sh_size'] // 4}I", text.data())

    def count_to(self, symbol: str, last: int) -> int:
        """How many instructions there are from a symbol to the first one of that value, both included."""
        first = (self.symbols[symbol] - self.start) // 4
        return self.words.index(last, first) - first + 1

    def addresses_of(self, word: int) -> list[int]:
        """Where that instruction is."""
        return [self.start + 4 * place for place, found in enumerate(self.words) if found == word]


def on_block(board: Board, address: int, action: Callable[[], None]) -> None:
    """Call `action` before each block that begins at that address (before the board first runs)."""

    def call(_engine: unicorn.Uc, _address: int, _size: int, _data: object) -> None:
        action()

    board.cpu.engine.hook_add(unicorn.UC_HOOK_BLOCK, call, begin=address, end=address)


class Marks:
    """Calls of the guest's function `mark(number)`: how many instructions had run by then, and when it was."""

    def __init__(self, board: Board, program: Code, last: int) -> None:
        self.board = board
        self.last = last
        self.instructions: dict[int, int] = {}
        self.seconds: dict[int, float] = {}
        self.output = bytearray()
        board.uart.output = self.output.extend
        on_block(board, program.symbols["mark"], self.note)

    def note(self) -> None:
        """The guest is at a mark."""
        number = self.board.cpu.argument(0)
        self.seconds[number] = time.perf_counter()
        self.instructions[number] = self.board.instructions
        if number == self.last:
            self.board.end(0)

    def run(self) -> None:
        """Run to the last mark."""
        reason = self.board.run(max_instructions=MOST)
        if self.last not in self.instructions:
            raise BenchmarkError(f"{reason}; the output was:\n{self.output.decode(errors='replace')}")

    def counted(self, number: int) -> int:
        """Instructions from that mark to the next."""
        return self.instructions[number + 1] - self.instructions[number]

    def took(self, number: int) -> float:
        """Seconds of the host from that mark to the next."""
        return self.seconds[number + 1] - self.seconds[number]


class TrapLog:
    """How long the kernel has the CPU at a time, with interrupts off: instructions from each trap's first to `sret`.

    While it waits for work it can be interrupted: what is before a `wfi` and what is behind are two stretches.
    """

    def __init__(self, board: Board, kernel: Code) -> None:
        self.board = board
        self.longest: dict[int | None, int] = {}   # by number of the call; None: a fault or an interrupt
        self.traps = 0
        self._since = 0
        self._call: int | None = None
        self._return = kernel.count_to("resume", SRET)
        on_block(board, kernel.symbols["trap_entry"], self._enter)
        on_block(board, kernel.symbols["handle_call"], self._is_call)
        on_block(board, kernel.symbols["resume"], self._leave)
        for address in kernel.addresses_of(WFI):
            on_block(board, address + 4, self._wake)

    def _enter(self) -> None:
        self._since, self._call = self.board.instructions, None
        self.traps += 1

    def _is_call(self) -> None:
        self._call = self.board.cpu.register(reg.UC_RISCV_REG_A7)

    def _leave(self) -> None:
        if self.traps:                          # the very first program is not returned to
            self._note(self.board.instructions + self._return)

    def _wake(self) -> None:
        self._note(self.board.instructions)
        self._since, self._call = self.board.instructions, None

    def _note(self, now: int) -> None:
        self.longest[self._call] = max(self.longest.get(self._call, 0), now - self._since)
