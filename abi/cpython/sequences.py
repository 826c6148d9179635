"""Arrays and slices for CPython: checked access, and views that share the elements of their array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from atoll.abi.cpython.integers import Refused, u8
from atoll.abi.cpython.values import convert, is_in_place, zero


class Elements:
    """The storage behind an array and all its slices."""

    def __init__(self, kind: Any, items: list[Any]) -> None:
        self.kind = kind
        self.items = items

    def get(self, index: int) -> Any:
        """The element itself: structures are not copied."""
        return self.items[index]

    def put(self, index: int, value: Any) -> None:
        """Assign: structures are copied into their place, integers converted."""
        if is_in_place(self.kind):
            self.items[index].assign_(value)
        else:
            self.items[index] = convert(self.kind, value)


def position(index: int, length: int) -> int:
    """A checked index; negative ones count from the end."""
    if not isinstance(index, int):
        raise Refused(f"an index is an integer, not {type(index).__name__}")
    place = int(index)
    if place < 0:
        place += length
    if not 0 <= place < length:
        raise IndexError(f"index {int(index)} is out of range for length {length}")
    return place


def bounds(part: slice, length: int) -> tuple[int, int]:
    """The checked bounds of a slice: outside the sequence they are an error, not clipped; crossed ones are empty."""
    if part.step is not None:
        raise Refused("slices have no step")
    low = 0 if part.start is None else int(part.start)
    high = length if part.stop is None else int(part.stop)
    first, last = (low + length if low < 0 else low), (high + length if high < 0 else high)
    for written, place in ((low, first), (high, last)):
        if not 0 <= place <= length:
            raise IndexError(f"index {written} is out of range for length {length}")
    return first, max(first, last)


class Slice:
    """A view of `length` elements from `start` on."""

    kind_: ClassVar[Any] = None
    cache_: ClassVar[dict[tuple[type, Any], type]] = {}
    __hash__ = None  # type: ignore[assignment]  # equal by contents, which change

    def __init__(self, elements: Elements, start: int, length: int) -> None:
        self.elements_ = elements
        self.start_ = start
        self.length_ = length

    def __class_getitem__(cls, arguments: Any) -> type:
        found = cls.cache_.get((cls, arguments))
        if found is None:
            found = cls.cache_[cls, arguments] = cls.specialise_(arguments)
        return found

    @classmethod
    def specialise_(cls, kind: Any) -> type:
        """The class that stands for `Slice[kind]`."""
        return type(f"Slice[{getattr(kind, '__name__', kind)}]", (cls,), {"kind_": kind})

    @classmethod
    def convert_(cls, value: Any) -> Any:
        """Slices and arrays of the same element type; an array becomes a view of the whole."""
        if not isinstance(value, Slice):
            raise Refused(f"{type(value).__name__} where {cls.__name__} is declared")
        return value[:] if isinstance(value, Array) else value

    @classmethod
    def zero_(cls) -> Slice:
        """The empty view."""
        return Slice(Elements(cls.kind_, []), 0, 0)

    def __len__(self) -> int:
        return self.length_

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            first, last = bounds(index, self.length_)
            return Slice(self.elements_, self.start_ + first, last - first)
        return self.elements_.get(self.start_ + position(index, self.length_))

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            self.elements_.put(self.start_ + position(index, self.length_), value)
            return
        first, last = bounds(index, self.length_)
        values = [u8(byte) for byte in value] if isinstance(value, bytes) else list(value)
        if len(values) != last - first:
            raise ValueError(f"length {len(values)} does not fit length {last - first}")
        for place, item in enumerate(values):
            self.elements_.put(self.start_ + first + place, item)

    def __iter__(self) -> Iterator[Any]:
        for index in range(self.length_):
            yield self.elements_.get(self.start_ + index)

    def __contains__(self, item: Any) -> bool:
        if isinstance(item, (bytes, Slice)):
            return bytes(item) in bytes(self)
        return any(item == element for element in self)

    def __bytes__(self) -> bytes:
        return bytes(int(element) for element in self)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, (bytes, Slice)):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def find(self, part: Any) -> int:
        """Of bytes: where these are, -1 if nowhere."""
        return bytes(self).find(bytes(part))

    def startswith(self, start: Any) -> bool:
        """Of bytes: whether they begin with these."""
        return bytes(self).startswith(bytes(start))

    def endswith(self, end: Any) -> bool:
        """Of bytes: whether they end with these."""
        return bytes(self).endswith(bytes(end))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"


class Unplaced:
    """An array or generic structure made where its type is not known yet: the annotated point that it meets tells."""

    def __init__(self, origin: type, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.origin = origin
        self.arguments = arguments
        self.keywords = keywords

    def place(self, kind: type) -> Any:
        """The object, now that its type is known."""
        if not issubclass(kind, self.origin):
            raise Refused(f"{self.origin.__name__} where {kind.__name__} is declared")
        return kind(*self.arguments, **self.keywords)


class Array(Slice):
    """`count_` elements in place."""

    in_place_ = True
    count_: ClassVar[int]

    def __new__(cls, *arguments: Any) -> Any:
        return Unplaced(cls, arguments, {}) if cls is Array else object.__new__(cls)

    def __init__(self, values: Any = None) -> None:
        if is_in_place(self.kind_) or values is None:
            super().__init__(Elements(self.kind_, [zero(self.kind_) for _ in range(self.count_)]), 0, self.count_)
        else:
            super().__init__(Elements(self.kind_, [None] * self.count_), 0, self.count_)
        if values is not None:
            self.fill_(values)

    def fill_(self, values: Any) -> None:
        """Take over all elements from a sequence of the same length."""
        if len(values) != self.count_:
            raise Refused(f"{len(values)} values for {type(self).__name__}")
        self[:] = values

    @classmethod
    def specialise_(cls, arguments: Any) -> type:
        """The class that stands for `Array[kind, count]`."""
        kind, count = arguments
        name = f"Array[{getattr(kind, '__name__', kind)}, {count}]"
        return type(name, (cls,), {"kind_": kind, "count_": int(count) if isinstance(count, int) else count})

    @classmethod
    def convert_(cls, value: Any) -> Any:
        """An array of this very type."""
        if isinstance(value, Unplaced):
            return value.place(cls)
        if not isinstance(value, Array) or (value.kind_, value.count_) != (cls.kind_, cls.count_):
            raise Refused(f"{type(value).__name__} where {cls.__name__} is declared")
        return value

    @classmethod
    def zero_(cls) -> Any:
        """All elements zero."""
        return cls()

    def assign_(self, value: Any) -> None:
        """Copy all elements from an array of the same type."""
        self.fill_(self.convert_(value))
