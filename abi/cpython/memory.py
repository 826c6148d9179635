"""Guest values in host memory, for `abi/raw.py`: types laid out as in C, and objects whose contents lie at an address.

A structure or array starts as Python values. Taking its address moves it: its contents go to memory of the host, the
object stays the same and reads and writes there from then on, and so do all views of it.
"""

from __future__ import annotations

import ctypes
import typing
from enum import Enum
from functools import lru_cache
from typing import Any

from atoll.abi.cpython import integers
from atoll.abi.cpython.integers import Fixed, Refused, i64, u8
from atoll.abi.cpython.markers import Bytes, Marker
from atoll.abi.cpython.sequences import Array, Elements, Slice
from atoll.abi.cpython.structures import fields_of, natural
from atoll.abi.cpython.values import convert, is_in_place, optional

C_TYPES: dict[Any, Any] = {
    integers.u8: ctypes.c_uint8, integers.u16: ctypes.c_uint16, integers.u32: ctypes.c_uint32,
    integers.u64: ctypes.c_uint64, integers.i8: ctypes.c_int8, integers.i16: ctypes.c_int16,
    integers.i32: ctypes.c_int32, integers.i64: ctypes.c_int64, int: ctypes.c_int64,
    float: ctypes.c_double, bool: ctypes.c_bool,
}  # fmt: skip
POINTER = 8  # bytes

# Everything whose address was taken stays alive: the guest has no garbage collector that could know of such addresses.
pinned: dict[int, Any] = {}
buffers: list[Any] = []
texts: dict[bytes, int] = {}


def reference(kind: Any) -> Any:
    """The class that a field of this type refers to; None if it is no reference."""
    target = optional(kind) or (kind.target_ if isinstance(kind, type) and issubclass(kind, Marker) else None)
    return target if target is not None and is_structure(target) else None


def is_structure(kind: Any) -> bool:
    """Whether it is a class with fields; one from a module that was imported without the hook counts too."""
    return isinstance(kind, type) and not issubclass(kind, (int, float, str, bytes, Slice)) and kind is not Bytes


@lru_cache(maxsize=1024)
def shape(kind: Any) -> tuple[int, int]:
    """Size and alignment in bytes."""
    if kind in C_TYPES:
        return ctypes.sizeof(C_TYPES[kind]), ctypes.sizeof(C_TYPES[kind])
    if isinstance(kind, type) and issubclass(kind, Array):
        size, alignment = shape(kind.kind_)
        return size * kind.count_, alignment
    if kind in (str, bytes, Bytes) or (isinstance(kind, type) and issubclass(kind, Slice)):
        return 2 * POINTER, POINTER
    if (isinstance(kind, type) and issubclass(kind, Enum)) or reference(kind) is not None:
        return POINTER, POINTER
    if is_structure(kind) and typing.get_origin(kind) is None:
        return offsets(kind)[1:]
    raise Refused(f"{kind} has no layout in memory that CPython knows")


@lru_cache(maxsize=1024)
def offsets(cls: Any) -> tuple[dict[str, int], int, int]:
    """Where each field of a structure lies; its size; its alignment."""
    places, end, widest = {}, 0, 1
    for name, kind in fields_of(cls).items():
        size, alignment = shape(kind)
        places[name] = -(-end // alignment) * alignment
        end, widest = places[name] + size, max(widest, alignment)
    return places, -(-end // widest) * widest, widest


def load(kind: Any, address: int) -> Any:
    """The value of a type at an address; arrays and structures as objects that stay there."""
    if kind in C_TYPES:
        return convert(kind, C_TYPES[kind].from_address(address).value)
    if is_in_place(kind) or (reference(kind) is None and is_structure(kind) and not issubclass(kind, Enum)):
        return place(kind, address)
    first = ctypes.c_uint64.from_address(address).value
    if reference(kind) is not None:
        return place(reference(kind), first) if first else None
    if issubclass(kind, Enum):
        return kind(i64(ctypes.c_int64.from_address(address).value))
    length = ctypes.c_uint64.from_address(address + POINTER).value
    if kind is str:
        return text_at(first, length)
    return Slice(Memory(getattr(kind, "kind_", u8), first), 0, length)


def save(kind: Any, address: int, value: Any) -> None:
    """Store a value of a type that is not in place."""
    if kind in C_TYPES:
        C_TYPES[kind].from_address(address).value = value
    elif reference(kind) is not None:
        ctypes.c_uint64.from_address(address).value = 0 if value is None else address_of(value)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        ctypes.c_int64.from_address(address).value = value
    else:
        ctypes.c_uint64.from_address(address).value = address_of(value)
        length = len(encoded(value) if isinstance(value, str) else value)
        ctypes.c_uint64.from_address(address + POINTER).value = length


def encoded(text: str) -> bytes:
    """The bytes of a text; also of one that was cut inside a character."""
    return text.encode("utf-8", "surrogateescape")


def text_at(address: int, length: int) -> str:
    """The text of that many bytes."""
    return ctypes.string_at(address, length).decode("utf-8", "surrogateescape")


class Memory(Elements):
    """Elements that lie in memory, one after another."""

    def __init__(self, kind: Any, address: int) -> None:
        super().__init__(kind, [])
        self.stride = shape(kind)[0]
        self.address = address

    def get(self, index: int) -> Any:
        """The element itself."""
        return load(self.kind, self.address + index * self.stride)

    def put(self, index: int, value: Any) -> None:
        """Assign with a conversion, or by copying."""
        if is_in_place(self.kind):
            self.get(index).assign_(value)
        else:
            save(self.kind, self.address + index * self.stride, convert(self.kind, value))


def place(kind: Any, address: int) -> Any:
    """The object at an address: the one that was moved there, or a new view of that memory."""
    known = pinned.get(address)
    if known is not None and natural(type(known)) is kind:
        return known
    made = object.__new__(kind if issubclass(kind, Array) else in_memory(kind))
    if issubclass(kind, Array):
        Slice.__init__(made, Memory(kind.kind_, address), 0, kind.count_)
    else:
        made.__dict__["address_"] = address
    return made


@lru_cache(maxsize=1024)
def in_memory(cls: Any) -> Any:
    """The variant of a structure class whose fields lie in memory."""
    members: dict[str, Any] = {name: field(kind, offsets(cls)[0][name]) for name, kind in fields_of(cls).items()}
    members |= {"natural_": cls, "fields_": fields_of(cls), "__setattr__": object.__setattr__, "__slots__": ()}
    return type(cls.__name__, (cls,), members)


def field(kind: Any, offset: int) -> property:
    """A field of a structure in memory."""

    def get(self: Any) -> Any:
        return load(kind, self.address_ + offset)

    def put(self: Any, value: Any) -> None:
        if is_in_place(kind):
            get(self).assign_(value)
        else:
            save(kind, self.address_ + offset, convert(kind, value))

    return property(get, put)


def address_of(value: Any) -> int:
    """Where a structure, array, slice, text or bytes lies; it is moved to memory if it does not lie there yet."""
    if isinstance(value, (str, bytes)):
        return constant_bytes(encoded(value) if isinstance(value, str) else value)
    if isinstance(value, Slice):
        elements = value.elements_
        if not isinstance(elements, Memory):
            move_elements(elements, allocate(shape(elements.kind)[0] * len(elements.items)))
        return int(elements.address + value.start_ * elements.stride)  # type: ignore[attr-defined]  # it is a Memory now
    if not is_in_place(type(value)) and "address_" not in getattr(value, "__dict__", ()):
        raise Refused(f"{type(value).__name__} has no address: only structures, arrays, slices, texts and bytes have")
    if "address_" not in value.__dict__:
        kind: Any = type(value)
        move(value, allocate(shape(kind)[0]))
    return int(value.__dict__["address_"])


def allocate(size: int) -> int:
    """The address of fresh zeroed memory, aligned for every type."""
    buffer = (ctypes.c_uint64 * (size // POINTER + 1))()
    buffers.append(buffer)
    return ctypes.addressof(buffer)


def constant_bytes(data: bytes) -> int:
    """The address of bytes that never change."""
    if data not in texts:
        texts[data] = allocate(len(data))
        ctypes.memmove(texts[data], data, len(data))
    return texts[data]


def move(value: Any, address: int) -> None:
    """Let an array or structure live at an address from now on."""
    if isinstance(value, Array):
        move_elements(value.elements_, address)
        return
    cls = natural(type(value))
    contents = dict(value.__dict__)
    value.__dict__.clear()
    value.__dict__["address_"] = address
    object.__setattr__(value, "__class__", in_memory(cls))
    pinned[address] = value
    for name, kind in fields_of(cls).items():
        if is_in_place(kind):
            move(contents[name], address + offsets(cls)[0][name])
        else:
            save(kind, address + offsets(cls)[0][name], contents[name])


def move_elements(elements: Any, address: int) -> None:
    """Let the elements of an array live at an address from now on."""
    items, kind = elements.items, elements.kind
    elements.__class__ = Memory
    Memory.__init__(elements, kind, address)
    for index, item in enumerate(items):
        if is_in_place(kind):
            move(item, address + index * elements.stride)
        else:
            save(kind, address + index * elements.stride, item)


def fixed(kind: type[Fixed], value: int) -> Fixed:
    """An integer that is known to fit, made without the check."""
    return int.__new__(kind, value)
