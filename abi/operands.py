"""Operands of `@assembly` mnemonics: a class for each shape, so that type checkers know what an instruction takes."""

from typing import NewType, NoReturn

Register = NewType("Register", str)
FloatRegister = NewType("FloatRegister", str)


class OnlyOnRiscV(RuntimeError):
    """An instruction was called under CPython, where there is no such thing."""


class Mnemonic:
    """An instruction's name; calling it in an @assembly function emits the instruction."""

    def __init__(self, name: str, meaning: str) -> None:
        self.name = name
        self.__doc__ = meaning

    def emit(self) -> NoReturn:
        """Called under CPython: there is nothing to emit into."""
        raise OnlyOnRiscV(f"{self.name}() emits an instruction: it can be called only inside an @assembly function")


class Bare(Mnemonic):
    """No operands."""

    def __call__(self) -> None:
        self.emit()


class Leave(Mnemonic):
    """No operands, and nothing behind it is reached: to type checkers, how a function of instructions ends."""

    def __call__(self) -> NoReturn:
        self.emit()


class OneRegister(Mnemonic):
    """One register."""

    def __call__(self, rs: Register) -> None:
        self.emit()


class ToRegister(Mnemonic):
    """A destination."""

    def __call__(self, rd: Register) -> None:
        self.emit()


class TwoRegisters(Mnemonic):
    """Destination, source."""

    def __call__(self, rd: Register, rs: Register) -> None:
        self.emit()


class ThreeRegisters(Mnemonic):
    """Destination and two sources."""

    def __call__(self, rd: Register, rs1: Register, rs2: Register) -> None:
        self.emit()


class Immediate(Mnemonic):
    """Destination, source, number."""

    def __call__(self, rd: Register, rs1: Register, value: int) -> None:
        self.emit()


class Upper(Mnemonic):
    """Destination, 20 bits (0 to 0xfffff)."""

    def __call__(self, rd: Register, value: int) -> None:
        self.emit()


class Load(Mnemonic):
    """As in `ld a0, 8(sp)`."""

    def __call__(self, rd: Register, offset: int, base: Register) -> None:
        self.emit()


class Store(Mnemonic):
    """As in `sd a0, 8(sp)`."""

    def __call__(self, rs: Register, offset: int, base: Register) -> None:
        self.emit()


class FloatLoad(Mnemonic):
    """As in `fld fa0, 8(sp)`."""

    def __call__(self, rd: FloatRegister, offset: int, base: Register) -> None:
        self.emit()


class FloatStore(Mnemonic):
    """As in `fsd fa0, 8(sp)`."""

    def __call__(self, rs: FloatRegister, offset: int, base: Register) -> None:
        self.emit()


class FloatFromInteger(Mnemonic):
    """Bits as they are."""

    def __call__(self, rd: FloatRegister, rs: Register) -> None:
        self.emit()


class IntegerFromFloat(Mnemonic):
    """Bits as they are."""

    def __call__(self, rd: Register, rs: FloatRegister) -> None:
        self.emit()


class Branch(Mnemonic):
    """Compare two registers."""

    def __call__(self, rs1: Register, rs2: Register, label: str) -> None:
        self.emit()


class BranchZero(Mnemonic):
    """Compare with zero."""

    def __call__(self, rs: Register, label: str) -> None:
        self.emit()


class Jump(Mnemonic):
    """To a label."""

    def __call__(self, label: str) -> None:
        self.emit()


class JumpAndLink(Mnemonic):
    """Return address, label."""

    def __call__(self, rd: Register, label: str) -> None:
        self.emit()


class ToSymbol(Mnemonic):
    """To a function by its symbol."""

    def __call__(self, symbol: str) -> None:
        self.emit()


class CsrRegister(Mnemonic):
    """Old value, number, operand."""

    def __call__(self, rd: Register, csr: int, rs: Register) -> None:
        self.emit()


class CsrValue(Mnemonic):
    """Old value, number, 0 to 31."""

    def __call__(self, rd: Register, csr: int, value: int) -> None:
        self.emit()


class CsrToRegister(Mnemonic):
    """Value, number."""

    def __call__(self, rd: Register, csr: int) -> None:
        self.emit()


class RegisterToCsr(Mnemonic):
    """Number, value."""

    def __call__(self, csr: int, rs: Register) -> None:
        self.emit()


class ValueToCsr(Mnemonic):
    """Number, 0 to 31."""

    def __call__(self, csr: int, value: int) -> None:
        self.emit()


class LoadReserved(Mnemonic):
    """Ordering is "", "aq", "rl" or "aqrl"."""

    def __call__(self, rd: Register, address: Register, ordering: str = "") -> None:
        self.emit()


class Atomic(Mnemonic):
    """Ordering is "", "aq", "rl" or "aqrl"."""

    def __call__(self, rd: Register, rs: Register, address: Register, ordering: str = "") -> None:
        self.emit()


class Number(Mnemonic):
    """A number."""

    def __call__(self, value: int) -> None:
        self.emit()


class LoadConstant(Mnemonic):
    """Any 64-bit number."""

    def __call__(self, rd: Register, value: int) -> None:
        self.emit()


class LoadAddress(Mnemonic):
    """A label or any image symbol."""

    def __call__(self, rd: Register, symbol: str) -> None:
        self.emit()
