"""What rewritten guest modules call: coercions, checked sequences, text that counts bytes, printing into a sink.

Text is Python's `str`. Where a slice cuts a character, the odd bytes are kept as surrogate escapes, so lengths,
indices, slices, `in`, `==` and what is printed agree with the compiled program for every text; only `<` between two
texts that were cut inside characters may differ.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from atoll.abi.cpython.integers import Fixed, Refused, common, i64, u8
from atoll.abi.cpython.memory import encoded
from atoll.abi.cpython.sequences import Slice, bounds, position
from atoll.abi.cpython.structures import evaluate, structure
from atoll.abi.cpython.values import convert, is_in_place, like, settle

# An f-string as a value lives in its function's frame; an error's text in the thread's record.
LONGEST_TEXT = 256
LONGEST_ERROR_TEXT = 120

TEXT_SPEC = re.compile(r"(?:(?P<fill>.)?(?P<align>[<>^]))?(?P<zero>0)?(?P<width>\d+)?s?")

printed: list[bytearray] = []  # the sinks of run_program, innermost last; none: standard output


def decoded(data: bytes) -> str:
    """The text of these bytes."""
    return data.decode("utf-8", "surrogateescape")


# --- classes ----------------------------------------------------------------------------------------------------------


def make_class(names: dict[str, Any], is_dataclass: bool) -> Callable[[Any], Any]:
    """The decorator that every class of a guest module gets."""

    def decorate(cls: Any) -> Any:
        if issubclass(cls, BaseException):
            return error_class(cls, names)
        return cls if issubclass(cls, Enum) else structure(cls, names, is_dataclass=is_dataclass)

    return decorate


def error_class(cls: Any, names: dict[str, Any]) -> Any:
    """An error class: with annotated integer fields, or with a text that is cut at its limit."""
    declared = dict(vars(cls).get("__annotations__", {}))

    def with_fields(self: Any, *values: int, **named: int) -> None:
        given = dict(zip(declared, values, strict=False)) | named
        if set(given) != set(declared) or len(values) > len(declared):
            raise Refused(f"{cls.__name__} takes {', '.join(declared)}")
        for name, value in given.items():
            setattr(self, name, convert(evaluate(declared[name], names, {}), value))

    if declared:
        cls.__init__, cls.fields_ = with_fields, tuple(declared)
    return cls


def bound(self: Any, name: str) -> Any:
    """What a type variable of a generic class stands for in this object."""
    return type(self).binding_.get(name, type(self).globals_[name])


def store(old: Any, kind: Any, value: Any) -> Any:
    """Assignment to a module variable: structures and arrays are copied into the one that is there."""
    if kind is None:
        return like(value, old)
    if is_in_place(type(old)):
        old.assign_(convert(kind, value))
        return old
    return convert(kind, value)


def value_of(thing: Any) -> Any:
    """The attribute `value`."""
    return i64(thing.value) if isinstance(thing, Enum) else thing.value


# --- sequences --------------------------------------------------------------------------------------------------------


def element(base: Any, index: Any) -> Any:
    """`base[index]`."""
    if isinstance(base, str):
        data = encoded(base)
        place = position(index, builtins.len(data))
        return decoded(data[place : place + 1])
    if isinstance(base, bytes):
        return u8(base[position(index, builtins.len(base))])
    return base[index]


def part(base: Any, low: Any, high: Any) -> Any:
    """`base[low:high]`."""
    if isinstance(base, str):
        return decoded(part(encoded(base), low, high))
    if isinstance(base, bytes):
        first, last = bounds(slice(low, high), builtins.len(base))
        return base[first:last]
    return base[low:high]


def iterate(thing: Any) -> Iterator[Any]:
    """What a `for` loop goes over."""
    if isinstance(thing, str):
        return (decoded(bytes((byte,))) for byte in encoded(thing))
    if isinstance(thing, bytes):
        return (u8(byte) for byte in thing)
    if not isinstance(thing, Slice) and hasattr(thing, "__getitem__") and hasattr(thing, "__len__"):
        return (thing[i64(index)] for index in builtins.range(builtins.len(thing)))
    return builtins.iter(thing)


def contains(item: Any, container: Any) -> bool:
    """`item in container`."""
    if isinstance(container, str) and isinstance(item, str):
        return encoded(item) in encoded(container)
    if isinstance(container, bytes) and isinstance(item, Slice):
        return bytes(item) in container
    if isinstance(container, bytes) and isinstance(item, int):
        return any(byte == item for byte in container)
    return item in container


def method(receiver: Any, name: str) -> Any:
    """A method of a text or of bytes; of anything else, its own."""
    if isinstance(receiver, str):
        return text_method(receiver, name)
    if isinstance(receiver, (bytes, Slice)):
        if name == "find":
            return lambda item: i64(bytes(receiver).find(bytes(item)))
        if isinstance(receiver, bytes):
            return lambda item: getattr(receiver, name)(bytes(item))
    return getattr(receiver, name)


def text_method(text: str, name: str) -> Any:
    """A method of a text, on its bytes."""
    if name == "encode":
        return lambda *_: encoded(text)
    if name == "find":
        return lambda item: i64(encoded(text).find(encoded(item)))
    return lambda item: getattr(encoded(text), name)(encoded(item))


def to_text(value: Any = "", encoding: str | None = None) -> str:
    """`str(x)`, `str(data, "utf-8")`."""
    return joined(formatted(value, "")) if encoding is None else decoded(bytes(value))


def to_bytes(value: Any = b"") -> Any:
    """`bytes(x)`."""
    return encoded(value) if isinstance(value, str) else value


def to_i64(value: Any = 0) -> Fixed:
    """`int(x)`."""
    return i64(value)


# --- text -------------------------------------------------------------------------------------------------------------


def formatted(value: Any, spec: str) -> str:
    """One `{value:spec}` of an f-string."""
    if isinstance(value, BaseException):
        value = error_text(value)
    if isinstance(value, str) and spec and not value.isascii():
        return padded(value, spec)
    return format(value, spec)


def padded(text: str, spec: str) -> str:
    """A text that may be cut inside characters: its width is all bytes but those that go on with a character."""
    found = TEXT_SPEC.fullmatch(spec)
    if found is None:
        raise Refused(f"format {spec!r} does not apply to Text")
    characters = sum(byte & 0xC0 != 0x80 for byte in encoded(text))
    missing = max(int(found["width"] or 0) - characters, 0)
    left = {"<": 0, ">": missing, "^": missing // 2}[found["align"] or "<"]
    fill = found["fill"] or ("0" if found["zero"] else " ")
    return fill * left + text + fill * (missing - left)


def error_text(error: BaseException) -> str:
    """What an error says: its text, as long as the record keeps it; or its fields, as Python shows arguments."""
    fields = [getattr(error, name) for name in getattr(error, "fields_", ())]
    if fields:
        return f"({', '.join(map(str, fields))})" if builtins.len(fields) > 1 else str(fields[0])
    text = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    return decoded(encoded(text)[:LONGEST_ERROR_TEXT])


def unlimited(*pieces: str) -> str:
    """An f-string that is printed at once."""
    return decoded(b"".join(encoded(piece) for piece in pieces))


def joined(*pieces: str) -> str:
    """An f-string as a value."""
    text = unlimited(*pieces)
    if builtins.len(encoded(text)) > LONGEST_TEXT:
        raise ValueError(f"a text of {builtins.len(encoded(text))} bytes is longer than {LONGEST_TEXT}")
    return text


def write(*values: Any, sep: str = " ", end: str = "\n") -> None:
    """`print`."""
    line = encoded(sep.join(formatted(value, "") for value in values) + end)
    if printed:
        printed[-1] += line
    else:
        builtins.print(line.decode("utf-8", "replace"), end="")


# --- built-in functions -----------------------------------------------------------------------------------------------


def length(thing: Any) -> Fixed:
    """`len`: of a text, in bytes."""
    return i64(builtins.len(encoded(thing) if isinstance(thing, str) else thing))


def ordinal(text: str) -> Fixed:
    """`ord` of a text of one byte."""
    data = encoded(text)
    if builtins.len(data) != 1:
        raise TypeError(f"ord() of a text of {builtins.len(data)} bytes")
    return i64(data[0])


def counted(first: int, second: int | None = None, step: int = 1) -> Iterator[Fixed]:
    """`range`: numbers of the type that holds both bounds; i64 downwards from unsigned ones."""
    start, stop = (0, first) if second is None else (first, second)
    typed = isinstance(start, Fixed) or isinstance(stop, Fixed)
    kind = common(start, stop) if typed else type(settle(max(start, stop)))
    if step < 0 and not kind.is_signed:
        kind = i64  # range(n - 1, -1, -1) runs through -1, which no unsigned type holds
    return (kind(number) for number in builtins.range(int(start), int(stop), int(step)))


def numbered(sequence: Any) -> Iterator[tuple[Fixed, Any]]:
    """`enumerate`."""
    return ((i64(index), item) for index, item in builtins.enumerate(iterate(sequence)))


def least(*values: Any) -> Any:
    """`min` of numbers: in the type that holds them all."""
    return in_common_type(builtins.min(values), values)


def greatest(*values: Any) -> Any:
    """`max` of numbers: in the type that holds them all."""
    return in_common_type(builtins.max(values), values)


def in_common_type(result: Any, values: tuple[Any, ...]) -> Any:
    """The result with the type that an operation on all values would have."""
    typed = [value for value in values if isinstance(value, Fixed)]
    if not typed or any(isinstance(value, float) for value in values):
        return float(result) if any(isinstance(value, float) for value in values) else result
    kind = type(typed[0])
    for value in typed[1:]:
        kind = common(kind(0), value)
    return kind(result)


BUILTINS = {
    **vars(builtins), "print": write, "len": length, "ord": ordinal, "range": counted, "enumerate": numbered,
    "min": least, "max": greatest,
}  # fmt: skip

__all__ = ["BUILTINS", "convert", "like", "settle"]
