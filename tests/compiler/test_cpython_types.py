"""The integers, arrays and slices that guest code gets in CPython, against a plain model of the reference's rules."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.abi import raw, types
from atoll.abi.cpython.integers import Fixed, Refused
from atoll.abi.types import Array, u8

KINDS: list[Any] = [types.u8, types.u16, types.u32, types.u64, types.i8, types.i16, types.i32, types.i64]
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.and_, operator.or_,
              operator.xor]  # fmt: skip
COMPARISONS = [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]


def limits(kind: Any) -> tuple[int, int]:
    """The smallest and the largest value, from the type's name."""
    name, width = kind.__name__[0], int(kind.__name__[1:])
    return (0, 2**width - 1) if name == "u" else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type: anywhere, small, at the edges."""
    low, high = limits(kind)
    edges = st.sampled_from([low, low + 1, high, high - 1, 0, 1, 2])
    return st.one_of(st.integers(low, high), edges, st.integers(max(low, -9), 9)).map(kind)


typed = st.sampled_from(KINDS).flatmap(values)
same = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(values(kind), values(kind)))


def model(operation: Callable[[Any, Any], Any], a: int, b: int, kind: Any) -> Any:
    """The result in unbounded integers, or the class of the error."""
    try:
        value = operation(int(a), int(b))
    except ZeroDivisionError:
        return ZeroDivisionError
    low, high = limits(kind)
    return value if low <= value <= high else OverflowError


def outcome(operation: Callable[..., Any], *operands: Any) -> Any:
    """The result, or the class of the error."""
    try:
        return operation(*operands)
    except (ArithmeticError, ValueError, TypeError, LookupError) as error:
        return type(error)


def joined(a: Any, b: Any) -> Any:
    """The type of an operation on both: the one of the two that holds every value of the other."""
    return next((k for k, x in ((a, b), (b, a)) if limits(k)[0] <= limits(x)[0] and limits(x)[1] <= limits(k)[1]), None)


@given(operation=st.sampled_from(ARITHMETIC), pair=same)
def test_arithmetic_in_one_type(operation: Callable[[Any, Any], Any], pair: tuple[Fixed, Fixed]) -> None:
    result = outcome(operation, *pair)
    assert result == model(operation, pair[0], pair[1], type(pair[0]))
    assert result in (OverflowError, ZeroDivisionError) or type(result) is type(pair[0])


@given(operation=st.sampled_from(ARITHMETIC), a=typed, b=typed)
def test_arithmetic_on_two_types(operation: Callable[[Any, Any], Any], a: Fixed, b: Fixed) -> None:
    kind = joined(type(a), type(b))
    result = outcome(operation, a, b)
    if kind is None:
        assert result is Refused
    else:
        assert result == model(operation, a, b, kind)
        assert isinstance(result, type) or type(result) is kind


@given(operation=st.sampled_from(ARITHMETIC), a=typed, b=st.integers(-5, 200))
def test_a_constant_takes_the_type_of_its_neighbour(operation: Callable[[Any, Any], Any], a: Fixed, b: int) -> None:
    low, high = limits(type(a))
    for result, order in ((outcome(operation, a, b), (a, b)), (outcome(operation, b, a), (b, a))):
        if not low <= b <= high:
            assert result is Refused
        else:
            assert result == model(operation, order[0], order[1], type(a))


@given(operation=st.sampled_from(COMPARISONS), a=typed, b=typed)
def test_comparisons_take_any_two(operation: Callable[[Any, Any], Any], a: Fixed, b: Fixed) -> None:
    assert operation(a, b) is operation(int(a), int(b))


@given(a=typed, count=st.integers(-2, 130).map(types.i64))
def test_shifts(a: Fixed, count: int) -> None:
    low, high = limits(type(a))
    if count < 0:
        assert outcome(operator.lshift, a, count) is outcome(operator.rshift, a, count) is ValueError
        return
    wide = int(a) << int(count)
    assert outcome(operator.lshift, a, count) == (wide if low <= wide <= high else OverflowError)
    assert a >> count == int(a) >> int(count)
    assert type(a >> count) is type(a)


@given(a=typed)
def test_unary(a: Fixed) -> None:
    low, high = limits(type(a))
    assert outcome(operator.neg, a) == (-int(a) if low <= -int(a) <= high else OverflowError)
    assert ~a == (~int(a) if low < 0 else high - int(a))
    assert type(~a) is type(+a) is type(a)
    assert types.signed(types.unsigned(a)) == types.signed(a)
    assert (int(types.unsigned(a)) - int(a)) % 2**a.bits == 0


@given(pair=same)
def test_wrapping_operations(pair: tuple[Fixed, Fixed]) -> None:
    a, b = pair
    low, high = limits(type(a))
    for wrapping, operation in ((types.wrapping_add, operator.add), (types.wrapping_sub, operator.sub),
                                (types.wrapping_mul, operator.mul)):  # fmt: skip
        result = wrapping(a, b)
        assert type(result) is type(a)
        assert low <= result <= high
        assert (int(result) - operation(int(a), int(b))) % (high - low + 1) == 0
    assert types.wrapping_neg(a) == types.wrapping_sub(type(a)(0), a)


@given(a=typed)
def test_cuts(a: Fixed) -> None:
    cuts: list[tuple[Callable[[int], Any], Any]] = [
        (types.low8, types.u8), (types.low16, types.u16), (types.low32, types.u32),
    ]  # fmt: skip
    for cut, kind in cuts:
        assert cut(a) == int(a) % (limits(kind)[1] + 1)
        assert type(cut(a)) is kind


@given(a=typed, kind=st.sampled_from(KINDS))
def test_conversions(a: Fixed, kind: Any) -> None:
    low, high = limits(kind)
    assert outcome(kind, a) == (int(a) if low <= a <= high else OverflowError)


def test_division_gives_a_float() -> None:
    assert types.u64(2**64 - 1) / types.u64(2) == float(2**64 - 1) / 2.0
    with pytest.raises(ZeroDivisionError):
        types.u8(1) / types.u8(0)


INDICES = st.integers(-8, 8)


@given(low=st.none() | INDICES, high=st.none() | INDICES)
def test_slices_of_arrays_are_views_with_checked_bounds(low: int | None, high: int | None) -> None:
    made: Any = Array
    array = made[types.u8, 5]((1, 2, 3, 4, 5))
    model_list = [1, 2, 3, 4, 5]
    first = 0 if low is None else low + 5 if low < 0 else low
    last = 5 if high is None else high + 5 if high < 0 else high
    if not (0 <= first <= 5 and 0 <= last <= 5):
        with pytest.raises(IndexError):
            array[low:high]
        return
    part = array[low:high]
    assert list(part) == model_list[low:high]
    for index in range(len(part)):
        part[index] += 10
        model_list[first + index] += 10
    assert list(array) == model_list


@given(index=INDICES, value=st.integers(-5, 300))
def test_elements_are_checked_and_converted(index: int, value: int) -> None:
    made: Any = Array
    array = made[u8, 5]()
    if not -5 <= index < 5:
        assert outcome(operator.setitem, array, index, value) is outcome(operator.getitem, array, index) is IndexError
    elif not 0 <= value <= 255:
        assert outcome(operator.setitem, array, index, value) is OverflowError
    else:
        array[index] = value
        assert array[index] == value
        assert type(array[index]) is types.u8


def test_overlapping_copies() -> None:
    made: Any = Array
    array = made[types.u16, 6]((1, 2, 3, 4, 5, 6))
    array[2:6] = array[0:4]
    assert list(array) == [1, 2, 1, 2, 3, 4]


# --- raw memory -------------------------------------------------------------------------------------------------------


class Inner:
    """A structure in a plainly imported module: at() reads its annotations."""

    small: types.u8
    wide: types.u64


class Outer:
    """One with a structure, an array and a reference in it."""

    number: types.u32
    inner: Inner
    items: Array[types.u16, 3]
    other: Inner | None


def test_structures_in_memory_are_laid_out_as_in_c() -> None:
    memory = bytearray(64)
    block = raw.address_of(bytes(64))
    outer = raw.at(Outer, block)
    outer.number, outer.inner.small, outer.inner.wide = 0x01020304, 5, 2**64 - 1
    outer.items[2] = 0xABCD
    memory[0:4], memory[8:9], memory[16:24], memory[28:30] = b"\4\3\2\1", b"\5", b"\xff" * 8, b"\xcd\xab"
    assert [raw.load8(block + i) for i in range(48)] == list(memory[:48])
    assert outer.other is None
    outer.other = raw.at(Inner, block + 8)
    assert raw.load64(block + 32) == block + 8
    assert outer.other.wide == 2**64 - 1


def test_loads_stores_and_views() -> None:
    block = raw.address_of(bytes(range(16)))
    assert (raw.load16(block), raw.load32(block), raw.load64(block)) == (0x0100, 0x03020100, 0x0706050403020100)
    raw.store32(block + 4, 0xFFFFFFFF)
    view = raw.view(block, 16)
    view[0] = 9
    assert bytes(view[0:9]) == bytes([9, 1, 2, 3, 255, 255, 255, 255, 8])
    assert raw.text_at(raw.address_of("h\u00e9llo"), 3) == "h\u00e9"
    with pytest.raises(OverflowError):
        raw.store8(block, 256)


def test_an_array_stays_itself_when_its_address_is_taken() -> None:
    made: Any = Array
    array = made[types.u32, 4]((1, 2, 3, 4))
    part = array[1:3]
    address = raw.address_of(array)
    raw.store32(address + 4, 77)
    assert (array[1], part[0]) == (77, 77)
    part[1] = 88
    assert raw.load32(address + 8) == 88
    assert raw.address_of(part) == address + 4


def test_calling_an_address() -> None:
    import ctypes

    prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)
    function = prototype(lambda a, b, c: a * 100 + b * 10 + c)
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    assert raw.call_address(address, 1, 2, 3) == 123
