"""A list of fixed capacity: `Vector[T, N]` holds up to N elements in place, in order; nothing is allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from atoll.abi.types import Array, Slice, i64, u64
from atoll.userland.runtime.containers import Empty, Full

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
N = TypeVar("N")


class Vector(Generic[T, N]):
    """Up to N elements. Structures are copied in; what `[]` gives refers to the place inside."""

    places: Array[T, N]
    count: u64

    def __len__(self) -> i64:
        """How many elements there are."""
        return i64(self.count)

    @property
    def full(self) -> bool:
        """Whether there is no room."""
        return self.count == len(self.places)

    def append(self, item: T) -> None:
        """Add an element at the end; raises Full."""
        if self.full:
            raise Full(f"the list holds {len(self.places)} elements and no more")
        self.places[self.count] = item
        self.count += 1

    def insert(self, index: u64, item: T) -> None:
        """Add an element before the one of that index (or at the end); raises Full, IndexError."""
        if index > self.count:
            raise IndexError(f"index {index} is out of range for length {self.count}")
        held: Array[T, 1] = Array()  # the item may be one of ours, which move
        held[0] = item
        self.append(item)
        place = self.count - 1
        while place > index:
            self.places[place] = self.places[place - 1]
            place -= 1
        self.places[index] = held[0]

    def remove(self, index: u64) -> None:
        """Take out the element of that index; those behind it move up. Raises IndexError."""
        if index >= self.count:
            raise IndexError(f"index {index} is out of range for length {self.count}")
        for place in range(index, self.count - 1):
            self.places[place] = self.places[place + 1]
        self.count -= 1

    def pop(self) -> T:
        """Take the last element; raises Empty. A structure stays readable until something is added."""
        if self.count == 0:
            raise Empty("there is no element to take")
        self.count -= 1
        return self.places[self.count]

    def clear(self) -> None:
        """Forget all elements."""
        self.count = 0

    @property
    def items(self) -> Slice[T]:
        """The elements as a slice, for sorting and for views."""
        return self.places[0 : self.count]

    def __getitem__(self, index: i64) -> T:
        """The element of that index, from the end if negative; raises IndexError."""
        return self.places[0 : self.count][index]

    def __setitem__(self, index: i64, item: T) -> None:
        """Replace an element."""
        self.places[0 : self.count][index] = item

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[T]: ...
