"""Fixed-width integers for CPython: subclasses of `int` that hold the language's rules of types, overflow and shifts.

A plain `int` stands for a constant, which has no type of its own: it takes the type of its neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

F = TypeVar("F", bound="Fixed")
Operation = Callable[[int, int], int]


class Refused(TypeError):
    """Something that the compiler refuses, met by CPython while the program runs."""


class Fixed(int):
    """An integer of fixed width; calling the class converts, with `OverflowError` when the value does not fit."""

    bits: ClassVar[int]
    is_signed: ClassVar[bool]
    low: ClassVar[int]
    high: ClassVar[int]

    def __new__(cls: type[F], value: int | float = 0) -> F:
        if type(value) is cls:
            return value
        if not isinstance(value, (int, float)):
            raise Refused(f"{cls.__name__}() takes a number, not {type(value).__name__}")
        number = int(value)
        if not cls.low <= number <= cls.high:
            raise cls.overflow()
        return int.__new__(cls, number)

    @classmethod
    def overflow(cls) -> OverflowError:
        """What to raise when a result does not fit; the compiled program says the same."""
        return OverflowError(f"result does not fit {cls.__name__}")

    def __neg__(self: F) -> F:
        return type(self)(-int(self))

    def __pos__(self: F) -> F:
        return self

    def __abs__(self: F) -> F:
        return type(self)(abs(int(self)))

    def __invert__(self: F) -> F:
        return type(self)(~int(self) if self.is_signed else self.high - int(self))

    def __truediv__(self, other: Any) -> Any:
        return float(self) / float(nonzero(other)) if isinstance(other, (int, float)) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        return float(other) / float(nonzero(self)) if isinstance(other, (int, float)) else NotImplemented

    def __lshift__(self: F, count: int) -> F:
        if count >= self.bits and self != 0:
            raise self.overflow()
        return type(self)(int(self) << min(check_count(count), self.bits))

    def __rshift__(self: F, count: int) -> F:
        return type(self)(int(self) >> min(check_count(count), self.bits))

    # A constant on the left of a shift or power takes the type of the count: it has no other neighbour.
    def __rlshift__(self: F, other: int) -> F:
        return type(self)(other) << self

    def __rrshift__(self: F, other: int) -> F:
        return type(self)(other) >> self

    def __pow__(self: F, exponent: int) -> F:  # type: ignore[override]  # no float result, no modulus
        if exponent < 0:
            raise ValueError("negative exponent")
        if exponent >= self.bits and abs(self) > 1:
            raise self.overflow()
        return type(self)(int(self) ** int(exponent))

    def __rpow__(self: F, other: int) -> F:  # type: ignore[misc, override]
        return type(self)(other) ** self


def check_count(count: int) -> int:
    """The count of a shift as a plain int; `ValueError` when it is negative."""
    if count < 0:
        raise ValueError("negative shift count")
    return int(count)


def nonzero(divisor: Any) -> Any:
    """A divisor; `ZeroDivisionError` when it is 0, with the same text for every operation and type."""
    if divisor == 0:
        raise ZeroDivisionError("division by zero")
    return divisor


def floor_divide(a: int, b: int) -> int:
    """`a // b`, rounded down."""
    return a // int(nonzero(b))


def modulo(a: int, b: int) -> int:
    """`a % b`, with the sign of b."""
    return a % int(nonzero(b))


def constant(value: int) -> Fixed:
    """What a constant becomes without a neighbour: i64, or u64 when it is too large for that."""
    return i64(value) if value <= i64.high else u64(value)


def join(a: type[Fixed], b: type[Fixed]) -> type[Fixed]:
    """The type that holds both: the wider of one signedness, or a signed one that is wider than the unsigned one."""
    if a.is_signed == b.is_signed:
        return a if a.bits >= b.bits else b
    whole, other = (a, b) if a.is_signed else (b, a)
    if whole.bits <= other.bits:
        raise Refused(f"no type holds both {a.__name__} and {b.__name__}: write a conversion")
    return whole


def common(a: int, b: int) -> type[Fixed]:
    """The type of the result of an operation on a and b, at least one of which has a type."""
    a, b = (i64(x) if isinstance(x, bool) else x for x in (a, b))  # as a number, a bool is an i64
    if isinstance(a, Fixed) and isinstance(b, Fixed):
        return type(a) if type(a) is type(b) else join(type(a), type(b))
    if isinstance(a, Fixed):
        kind, number = type(a), b
    else:
        kind, number = type(b if isinstance(b, Fixed) else constant(b)), a
    if not kind.low <= number <= kind.high:
        raise Refused(f"the constant {int(number)} does not fit in {kind.__name__}, the type of its neighbour")
    return kind


def forward_and_backward(operation: Operation) -> tuple[Callable[[Fixed, Any], Any], Callable[[Fixed, Any], Any]]:
    """The two methods (`__add__`, `__radd__`) of a checked operation."""

    def forward(self: Fixed, other: Any) -> Any:
        return common(self, other)(operation(int(self), int(other))) if isinstance(other, int) else NotImplemented

    def backward(self: Fixed, other: Any) -> Any:
        return common(other, self)(operation(int(other), int(self))) if isinstance(other, int) else NotImplemented

    return forward, backward


def make(bits: int, is_signed: bool) -> type[Fixed]:
    """The class of one width."""
    low = -(1 << bits - 1) if is_signed else 0
    fields = {"bits": bits, "is_signed": is_signed, "low": low, "high": low + (1 << bits) - 1, "__slots__": ()}
    return type(f"{'i' if is_signed else 'u'}{bits}", (Fixed,), {**fields, "__module__": "atoll.abi.types"})


for _name, _operation in (
    ("add", int.__add__), ("sub", int.__sub__), ("mul", int.__mul__), ("floordiv", floor_divide),
    ("mod", modulo), ("and", int.__and__), ("or", int.__or__), ("xor", int.__xor__),
):  # fmt: skip
    _forward, _backward = forward_and_backward(_operation)
    setattr(Fixed, f"__{_name}__", _forward)
    setattr(Fixed, f"__r{_name}__", _backward)

u8, u16, u32, u64 = (make(bits, False) for bits in (8, 16, 32, 64))
i8, i16, i32, i64 = (make(bits, True) for bits in (8, 16, 32, 64))
by_shape = {(kind.bits, kind.is_signed): kind for kind in (u8, u16, u32, u64, i8, i16, i32, i64)}


def cut(kind: type[F], value: int) -> F:
    """The lowest bits of a value, read as `kind`."""
    return kind((value - kind.low & (1 << kind.bits) - 1) + kind.low)


def wrapping_add(a: int, b: int) -> Fixed:
    """a + b modulo two to the width of their common type."""
    return cut(common(a, b), int(a) + int(b))


def wrapping_sub(a: int, b: int) -> Fixed:
    """a - b modulo two to the width of their common type."""
    return cut(common(a, b), int(a) - int(b))


def wrapping_mul(a: int, b: int) -> Fixed:
    """a * b modulo two to the width of their common type."""
    return cut(common(a, b), int(a) * int(b))


def wrapping_shl(a: int, count: int) -> Fixed:
    """`a << count` modulo two to the width of a; 0 when count reaches that width."""
    typed = a if isinstance(a, Fixed) else constant(a)
    return cut(type(typed), int(typed) << min(check_count(count), typed.bits))


def wrapping_neg(a: int) -> Fixed:
    """-a modulo two to the width of a."""
    typed = a if isinstance(a, Fixed) else constant(a)
    return cut(type(typed), -int(typed))


def low8(x: int) -> Fixed:
    """The lowest 8 bits as u8."""
    return cut(u8, int(x))


def low16(x: int) -> Fixed:
    """The lowest 16 bits as u16."""
    return cut(u16, int(x))


def low32(x: int) -> Fixed:
    """The lowest 32 bits as u32."""
    return cut(u32, int(x))


def signed(x: int) -> Fixed:
    """The same bits as the signed type of the same width."""
    typed = x if isinstance(x, Fixed) else constant(x)
    return cut(by_shape[typed.bits, True], int(typed))


def unsigned(x: int) -> Fixed:
    """The same bits as the unsigned type of the same width."""
    typed = x if isinstance(x, Fixed) else constant(x)
    return cut(by_shape[typed.bits, False], int(typed))
