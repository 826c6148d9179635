"""Small kernels for the board, in assembly: `kernel(body)` is an ELF, `board(elf)` a board that has it loaded."""

import struct
from collections.abc import Callable
from typing import Any

from atoll.compiler.assembler import Assembler
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig

KERNEL = 0x8020_0000
RAM = 0x8000_0000
UART, FINISHER, PLIC, VIRTIO, CLINT = 0x1000_0000, 0x10_0000, 0xC00_0000, 0x1000_1000, 0x200_0000
RISCV = 243
SSTATUS, SIE, STVEC, SCOUNTEREN, SSCRATCH = 0x100, 0x104, 0x105, 0x106, 0x140  # control registers
SEPC, SCAUSE, STVAL, SIP, SATP = 0x141, 0x142, 0x143, 0x144, 0x180
MSTATUS, MEDELEG, MIDELEG, MIE, MTVEC, MEPC, MCAUSE, MTVAL = 0x300, 0x302, 0x303, 0x304, 0x305, 0x341, 0x342, 0x343
SMALL = 8 << 20  # bytes of RAM: enough for all of these, and quick to save

Body = Callable[[Any], object]


def code(body: Body) -> bytes:
    """The instructions that a function emits into an assembler."""
    assembler = Assembler()
    body(assembler)
    return bytes(assembler.finish("test").sections[0].data)


def elf(data: bytes, base: int = KERNEL, machine: int = RISCV, bits: int = 64, memory: int | None = None) -> bytes:
    """An ELF file with one segment."""
    size = len(data) if memory is None else memory
    identity = b"\x7fELF" + bytes((bits // 32, 1, 1)) + bytes(9)
    if bits == 32:
        return identity + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, base, 52, 0, 0, 52, 32, 0, 40, 0, 0) + bytes(64)
    header = identity + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, base, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 4096, base, base, len(data), size, 4096)
    return (header + segment).ljust(4096, b"\0") + data


def kernel(body: Body, base: int = KERNEL) -> bytes:
    """The ELF of a kernel."""
    return elf(code(body), base)


def board(image: bytes, **settings: Any) -> Board:
    """A board with a kernel in it."""
    made = Board(BoardConfig(**{"ram_bytes": SMALL, **settings}))
    made.load_kernel(image)
    return made


def end(a: Any, status: int = 0) -> None:
    """Power off through the test device."""
    a.li("t0", FINISHER)
    a.li("t1", status << 16 | 0x3333 if status else 0x5555)
    a.sw("t1", 0, "t0")
    a.label("forever")
    a.j("forever")


def put(a: Any, text: str) -> None:
    """Send text through the UART."""
    a.li("t0", UART)
    for letter in text.encode():
        a.li("t1", letter)
        a.sb("t1", 0, "t0")


def sbi(a: Any, extension: int, function: int = 0, **arguments: int) -> None:
    """Call the firmware; arguments by register, e.g. a0=1."""
    for register, value in arguments.items():
        a.li(register, value)
    a.li("a7", extension)
    a.li("a6", function)
    a.ecall()


def store_results(a: Any, registers: tuple[str, ...], where: int) -> None:
    """Keep registers in memory, for the test to look at."""
    a.li("s11", where)
    for index, register in enumerate(registers):
        a.sd(register, 8 * index, "s11")


def results(of: Board, count: int, where: int) -> tuple[int, ...]:
    """What `store_results` left."""
    return struct.unpack(f"<{count}Q", of.ram.read(where, 8 * count))
