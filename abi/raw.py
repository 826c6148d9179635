"""Raw memory: loads, stores, and checked views of addresses. Importing this module is the sign that a module uses it.

The compiler knows these functions itself. In CPython they work on the host's own memory, through ctypes: that is how
the board's hooks run interpreted. Addresses and lengths are u64 and bytes; nothing is checked.
"""

from __future__ import annotations

import ctypes
from typing import Any, TypeVar

from atoll.abi.cpython import memory
from atoll.abi.cpython.integers import u8 as _u8
from atoll.abi.cpython.integers import u16 as _u16
from atoll.abi.cpython.integers import u32 as _u32
from atoll.abi.cpython.integers import u64 as _u64
from atoll.abi.cpython.sequences import Slice as _Slice
from atoll.abi.types import Slice, Text, u8, u16, u32, u64

T = TypeVar("T")

_byte = ctypes.c_uint8.from_address
_half = ctypes.c_uint16.from_address
_word = ctypes.c_uint32.from_address
_double_word = ctypes.c_uint64.from_address
_new = int.__new__  # the values that come out of ctypes fit: no check
_functions: dict[tuple[int, int], Any] = {}


def load8(address: u64) -> u8:
    """The byte at an address."""
    return _new(_u8, _byte(address).value)


def load16(address: u64) -> u16:
    """The two bytes at an address."""
    return _new(_u16, _half(address).value)


def load32(address: u64) -> u32:
    """The four bytes at an address."""
    return _new(_u32, _word(address).value)


def load64(address: u64) -> u64:
    """The eight bytes at an address."""
    return _new(_u64, _double_word(address).value)


def store8(address: u64, value: u8) -> None:
    """Store a byte."""
    _byte(address).value = _u8(value)


def store16(address: u64, value: u16) -> None:
    """Store two bytes."""
    _half(address).value = _u16(value)


def store32(address: u64, value: u32) -> None:
    """Store four bytes."""
    _word(address).value = _u32(value)


def store64(address: u64, value: u64) -> None:
    """Store eight bytes."""
    _double_word(address).value = _u64(value)


def copy_memory(to: u64, source: u64, size: u64) -> None:
    """Copy bytes; the two ranges may overlap."""
    ctypes.memmove(to, source, size)


def size_of(cls: type) -> u64:
    """The bytes that a structure or array of this type takes."""
    return u64(memory.shape(cls)[0])


def at(cls: type[T], address: u64) -> T:
    """The structure at an address: a reference, nothing is copied."""
    placed: T = memory.place(cls, int(address))
    return placed


def address_of(value: object) -> u64:
    """The address of a structure, array, slice, text or bytes."""
    return _u64(memory.address_of(value))


def view(address: u64, length: u64) -> Slice[u8]:
    """The bytes at an address as a writable slice."""
    made: Any = _Slice(memory.Memory(_u8, int(address)), 0, int(length))
    return made  # type: ignore[no-any-return]


def text_at(address: u64, length: u64) -> Text:
    """The UTF-8 bytes at an address as text."""
    return memory.text_at(int(address), int(length))


def call_address(address: u64, a: u64, b: u64, c: u64) -> u64:
    """Call a C function of three integers on the host."""
    function = _functions.get((address, 3)) or _function(address, 3)
    return _new(_u64, function(a, b, c))


def call_address4(address: u64, a: u64, b: u64, c: u64, d: u64) -> u64:
    """Call a C function of four integers on the host."""
    function = _functions.get((address, 4)) or _function(address, 4)
    return _new(_u64, function(a, b, c, d))


def _function(address: int, arguments: int) -> Any:
    prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * arguments)
    made = _functions[address, arguments] = prototype(address)
    return made


__all__ = [
    "address_of", "at", "call_address", "call_address4", "copy_memory", "load8", "load16", "load32", "load64",
    "size_of", "store8", "store16", "store32", "store64", "text_at", "view",
]  # fmt: skip
