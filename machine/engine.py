"""Unicorn's library below its Python wrapper: the addresses that the hooks call, and a copy of all CPU registers.

That copy (`uc_context`) is the only way to some things that the register interface lacks: the faulting address of an
exception, the machine-level bits of `mip`, the C bit of `misa`. Where they lie in it is found out by trying, once.
"""

import ctypes
import struct
from contextlib import suppress
from functools import lru_cache

from unicorn import UC_ARCH_RISCV, UC_ERR_OK, UC_MODE_RISCV64
from unicorn import riscv_const as reg
from unicorn.unicorn_py3.unicorn import Uc, UcError, uclib

CODE_CACHE = 8 << 20  # bytes of translated code; the default reserves far more
WORD = 8
NOWHERE = (1 << 64) - 2  # an address that nothing has
RECORD = 64  # bytes of a hook's record, at least


def address_of(function: str) -> int:
    """The address of a C function of the library."""
    return ctypes.cast(getattr(uclib, function), ctypes.c_void_p).value or 0


def open_cpu() -> Uc:
    """A RISC-V CPU with nothing mapped, which stops at no address."""
    engine = Uc(UC_ARCH_RISCV, UC_MODE_RISCV64)
    engine.ctl_set_tcg_buffer_size(CODE_CACHE)
    engine.ctl_exits_enabled(True)
    return engine


def add_hook(engine: Uc, kind: int, function: int, user_data: int, begin: int = 1, end: int = 0) -> int:
    """Have a C function called; Unicorn's own wrapper takes Python functions only. The address of Unicorn's record."""
    handle = ctypes.c_size_t()
    pointer = ctypes.c_void_p
    error = uclib.uc_hook_add(
        engine._uch, ctypes.byref(handle), kind, pointer(function), pointer(user_data),
        ctypes.c_uint64(begin), ctypes.c_uint64(end),
    )  # fmt: skip
    if error != UC_ERR_OK:
        raise UcError(error)
    return handle.value


def add_movable_hook(engine: Uc, kind: int, function: int, user_data: int) -> int:
    """The same for no address yet: where its first address stands, behind which its last one does, to be changed."""
    handle = add_hook(engine, kind, function, user_data, NOWHERE, NOWHERE)
    range_at = ctypes.string_at(handle, RECORD).find(struct.pack("<QQ", NOWHERE, NOWHERE))
    if range_at < 0:
        raise RuntimeError("this version of Unicorn keeps its hooks otherwise")
    return handle + range_at


class Registers:
    """Single registers by Unicorn's numbers; its own Python wrapper takes ten times as long."""

    def __init__(self, engine: Uc) -> None:
        self._handle = engine._uch
        self._word = ctypes.c_uint64()
        self._place = ctypes.byref(self._word)

    def read(self, number: int) -> int:
        """A register's value."""
        uclib.uc_reg_read(self._handle, number, self._place)
        return self._word.value

    def write(self, number: int, value: int) -> None:
        """Set a register."""
        self._word.value = value
        uclib.uc_reg_write(self._handle, number, self._place)


class Context:
    """A copy of all of one CPU's registers, as bytes of host memory that can be read and changed."""

    def __init__(self, engine: Uc) -> None:
        self._context = engine.context_save()
        self._handle, self._place = engine._uch, self._context.context
        self.address: int = ctypes.cast(self._context.context, ctypes.c_void_p).value or 0
        total = int(self._context.size)
        (self.size,) = struct.unpack("<Q", ctypes.string_at(self.address, WORD))
        self.start = self.address + total - self.size  # the registers stand at the end, behind a header

    def save(self) -> None:
        """CPU to copy."""
        uclib.uc_context_save(self._handle, self._place)

    def restore(self) -> None:
        """Copy to CPU."""
        uclib.uc_context_restore(self._handle, self._place)

    def word(self, offset: int) -> int:
        """A 64-bit field of the copy."""
        return int(ctypes.c_uint64.from_address(self.start + offset).value)

    def set_word(self, offset: int, value: int) -> None:
        """Change a 64-bit field of the copy."""
        ctypes.c_uint64.from_address(self.start + offset).value = value

    @property
    def data(self) -> bytes:
        """The registers as bytes."""
        return ctypes.string_at(self.start, self.size)

    @data.setter
    def data(self, value: bytes) -> None:
        if len(value) != self.size:
            raise ValueError(f"a context has {self.size} bytes, not {len(value)}")
        ctypes.memmove(self.start, value, self.size)


@lru_cache
def places() -> dict[str, int]:
    """Offsets of registers in a context's bytes: each is given a value of its own, and the field that changes is it."""
    engine = open_cpu()
    engine.mem_map(0x8000_0000, 0x1000)
    context = Context(engine)
    found: dict[str, int] = {}
    for name, number, value in SENTINELS:
        context.save()
        before = context.data
        engine.reg_write(number, value)
        context.save()
        found[name] = _changed(before, context.data)
    found["misa"] = context.data.find(struct.pack("<Q", engine.reg_read(reg.UC_RISCV_REG_MISA)))
    before = context.data
    engine.reg_write(reg.UC_RISCV_REG_PRIV, 1)
    context.save()
    found["privilege"] = _changed(before, context.data, ignore=(1 << 64) - 1)  # the reservation of lr goes away
    engine.reg_write(reg.UC_RISCV_REG_PRIV, 3)
    found["fault_address"] = _find_fault(engine, context)
    found["x0"] = found.pop("x1") - WORD
    return found


SENTINELS = (
    ("x1", reg.UC_RISCV_REG_X1, 0x1111),
    ("pc", reg.UC_RISCV_REG_PC, 0x2220),
    ("satp", reg.UC_RISCV_REG_SATP, 8 << 60 | 0x3331),
    ("mip", reg.UC_RISCV_REG_MIP, 0x222),
    ("mie", reg.UC_RISCV_REG_MIE, 0x20),
    ("mstatus", reg.UC_RISCV_REG_MSTATUS, 1 << 1),
    ("medeleg", reg.UC_RISCV_REG_MEDELEG, 0xB109),
    ("mcounteren", reg.UC_RISCV_REG_MCOUNTEREN, 5),
    ("scounteren", reg.UC_RISCV_REG_SCOUNTEREN, 6),
    ("mtvec", reg.UC_RISCV_REG_MTVEC, 0x4440),
    ("mepc", reg.UC_RISCV_REG_MEPC, 0x4450),
    ("mcause", reg.UC_RISCV_REG_MCAUSE, 0x4460),
    ("mtval", reg.UC_RISCV_REG_MTVAL, 0x4470),
    ("stvec", reg.UC_RISCV_REG_STVEC, 0x5540),
    ("sepc", reg.UC_RISCV_REG_SEPC, 0x5550),
    ("scause", reg.UC_RISCV_REG_SCAUSE, 0x5560),
    ("stval", reg.UC_RISCV_REG_STVAL, 0x5570),
)


def _find_fault(engine: Uc, context: Context) -> int:
    """A load that is translated as in U mode (mstatus.MPRV), from an address that Sv39 cannot have."""
    base = 0x5A5A_1234_0BAD_0000
    engine.mem_write(0x8000_0000, struct.pack("<I", 0x0103_3283))  # ld t0, 16(t1)
    engine.reg_write(reg.UC_RISCV_REG_T1, base)
    engine.reg_write(reg.UC_RISCV_REG_MSTATUS, 1 << 17)
    with suppress(UcError):  # nobody handles the exception: that is how the run ends
        engine.emu_start(0x8000_0000, 0)
    context.save()
    return _only(context.data, base + 16)


def _only(data: bytes, value: int) -> int:
    """Where a 64-bit value stands; it must be there once."""
    pattern = struct.pack("<Q", value)
    if data.count(pattern) != 1:
        raise RuntimeError(f"this version of Unicorn keeps its registers in another way ({value:#x})")
    return data.index(pattern)


def _changed(before: bytes, after: bytes, ignore: int | None = None) -> int:
    """The only 64-bit field that differs, apart from one that became `ignore`."""
    words = [
        at
        for at in range(0, len(before), WORD)
        if before[at : at + WORD] != after[at : at + WORD] and struct.unpack_from("<Q", after, at)[0] != ignore
    ]
    if len(words) != 1:
        raise RuntimeError("this version of Unicorn keeps its registers in another way")
    return words[0]
