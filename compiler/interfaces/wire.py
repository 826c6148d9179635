"""Messages of interfaces as the host makes and reads them: four words and a segment. The guest's are stubs.py's."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from atoll.abi.calls import MAX_SEGMENT
from atoll.abi.interfaces import MAX_PACKED
from atoll.compiler.interfaces.description import Item, Kind, Method
from atoll.compiler.types import INTEGERS

Words = tuple[int, int, int, int]
MASK = (1 << 64) - 1
LENGTH = struct.Struct("<Q")


class WireError(Exception):
    """What cannot be sent, or what was received and is not as the interface says."""


def to_word(item: Item, value: Any) -> int:
    """The word that a scalar travels as. Raises OverflowError if it does not fit its type."""
    number = int(value)
    if item.kind is Kind.BOOL:
        return int(bool(value))
    if item.kind is Kind.INTEGER and not INTEGERS[item.meaning].holds(number):
        raise OverflowError(f"{item.name or 'the result'}: {number} does not fit {item.meaning}")
    return number & MASK


def from_word(item: Item, word: int) -> int | bool:
    """The scalar that a word stands for; enumerations are plain numbers. Raises WireError."""
    if item.kind is Kind.BOOL:
        if word > 1:
            raise WireError(f"{word} is no bool")
        return word == 1
    type_ = INTEGERS[item.meaning] if item.kind is Kind.INTEGER else INTEGERS["i64"]
    number = word - (1 << 64) if type_.signed and word >> 63 else word
    if not type_.holds(number):
        raise WireError(f"{number} does not fit {type_}")
    return number


def four(values: Sequence[int]) -> Words:
    """Words, filled up with 0."""
    a, b, c, d = [*values, 0, 0, 0][:4]
    return a, b, c, d


def pack(parts: Sequence[bytes]) -> bytes:
    """The segment of a request: its only part as it is, or each behind its length, filled up to 8 bytes."""
    if len(parts) == 1:
        packed = parts[0]
    else:
        packed = b"".join(LENGTH.pack(len(part)) + part + bytes(-len(part) % 8) for part in parts)
    limit = MAX_SEGMENT if len(parts) == 1 else MAX_PACKED
    if len(packed) > limit:
        raise WireError(f"the arguments have {len(packed)} bytes together; {limit} is the most")
    return packed


def request(method: Method, arguments: dict[str, Any]) -> tuple[Words, bytes, int]:
    """Words, segment and size of the buffer for the answer. Raises WireError for what the host cannot send."""
    if method.handle() is not None:
        raise WireError(f"{method.name} passes a handle, and the host has none")
    words, parts, room = [method.number], [], MAX_SEGMENT
    for item in method.parameters:
        value = arguments[item.name]
        if item.kind is Kind.BUFFER:
            room = min(len(value), MAX_SEGMENT)
            words.append(room)
        elif item.is_word:
            words.append(to_word(item, value))
        else:
            parts.append(value.encode() if item.kind is Kind.TEXT else bytes(value))
    return four(words), pack(parts), room


def results(method: Method, words: Words, segment: bytes, received: Any) -> Any:
    """What a call returns; `received` is what the handle in the reply is here. Raises WireError."""
    if method.result_structure() is not None:
        return segment
    if method.buffer() is not None and words[1] != len(segment):
        raise WireError(f"{words[1]} bytes were announced and {len(segment)} came")
    numbers = iter(words[1:])
    values = [from_word(item, next(numbers)) if item.is_word else received for item in method.results]
    if method.is_tuple:
        return tuple(values)
    return values[0] if values else None
