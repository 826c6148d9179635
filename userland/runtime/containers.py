"""Containers of fixed capacity: `Ring[T, N]`, a queue, and `Table[K, V, N]`, a hash table with open addressing.

Their storage is in place, as a field, a local or a module variable; nothing is allocated. Structures that they hold are
copied in; what `peek`, `pop`, `[]` and `find` give refers to the place inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from atoll.abi.types import Array, i64, u8, u64, wrapping_mul

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
N = TypeVar("N")

# FNV-1a, 64 bits: the published offset basis and prime.
HASH_START = 0xCBF29CE484222325
HASH_PRIME = 0x100000001B3

# What a place of a table holds. A removed entry leaves a mark while a search may have to pass it.
UNUSED = 0
USED = 1
REMOVED = 2

NO_PLACE = -1


class Full(Exception):
    """The container holds as many elements as it has places."""


class Empty(Exception):
    """There is no element to take."""


class Ring(Generic[T, N]):
    """A queue of at most N elements, the oldest first."""

    items: Array[T, N]
    first: u64  # place of the oldest
    count: u64

    def __len__(self) -> i64:
        """How many elements there are."""
        return i64(self.count)

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        return self.count == 0

    @property
    def full(self) -> bool:
        """Whether there is no room."""
        return self.count == len(self.items)

    def push(self, item: T) -> None:
        """Add an element as the youngest; raises Full."""
        if self.full:
            raise Full("the ring is full")
        self.items[(self.first + self.count) % u64(len(self.items))] = item
        self.count += 1

    def pop(self) -> T:
        """Take the oldest; raises Empty. A structure stays readable until its place is pushed to again."""
        if self.count == 0:
            raise Empty("the ring is empty")
        place = self.first
        self.first = (place + 1) % u64(len(self.items))
        self.count -= 1
        return self.items[place]

    def peek(self) -> T:
        """The oldest, which stays; raises Empty."""
        if self.count == 0:
            raise Empty("the ring is empty")
        return self.items[self.first]

    def clear(self) -> None:
        """Forget all elements."""
        self.first = 0
        self.count = 0

    def __getitem__(self, index: i64) -> T:
        """The element number `index`, 0 being the oldest."""
        if index < 0 or index >= len(self):
            raise IndexError(f"index {index} is out of range for length {len(self)}")
        return self.items[(self.first + u64(index)) % u64(len(self.items))]

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[T]: ...


def hash_of(key: K) -> u64:
    """A number that equal keys share: made from the key's text, so that integers, enumerations and texts will do."""
    result: u64 = HASH_START
    for byte in f"{key}".encode():
        result = wrapping_mul(result ^ byte, HASH_PRIME)
    return result


class Table(Generic[K, V, N]):
    """At most N values by their keys: integers, enumerations, or texts of at most 256 bytes.

    A key that is a text is not copied: its bytes must outlive the entry. Values never move while they are in.
    """

    keys: Array[K, N]
    values: Array[V, N]
    states: Array[u8, N]
    count: u64

    def __len__(self) -> i64:
        """How many entries there are."""
        return i64(self.count)

    def __contains__(self, key: K) -> bool:
        """Whether there is an entry of this key."""
        return self.place_of(key) != NO_PLACE

    def find(self, key: K) -> V | None:
        """The value of a key; None if there is no such entry."""
        place = self.place_of(key)
        if place == NO_PLACE:
            return None
        return self.values[place]

    def insert(self, key: K, value: V) -> None:
        """Add an entry, or replace the value of one; raises Full."""
        place = self.place_of(key)
        if place == NO_PLACE:
            place = self.free_place(key)
            self.states[place] = USED
            self.keys[place] = key
            self.count += 1
        self.values[place] = value

    def remove(self, key: K) -> bool:
        """Drop an entry; False if there is none."""
        place = self.place_of(key)
        if place == NO_PLACE:
            return False
        self.states[place] = REMOVED
        self.count -= 1
        self.sweep(place)
        return True

    def next_place(self, after: i64) -> i64:
        """The next place in use, to go over `keys` and `values`: begin with -1, the end is -1."""
        place = after + 1
        while place < len(self.states):
            if self.states[place] == USED:
                return place
            place += 1
        return NO_PLACE

    def place_of(self, key: K) -> i64:
        """Where the entry of a key is, -1 if nowhere: go on from its home until it or an unused place comes."""
        size = len(self.states)
        place = i64(hash_of(key) % u64(size))
        for _ in range(size):
            if self.states[place] == UNUSED:
                return NO_PLACE
            if self.states[place] == USED and self.keys[place] == key:
                return place
            place = (place + 1) % size
        return NO_PLACE

    def free_place(self, key: K) -> i64:
        """The first place from the key's home on that can take an entry; raises Full."""
        size = len(self.states)
        if self.count == size:
            raise Full("the table is full")
        place = i64(hash_of(key) % u64(size))
        while self.states[place] == USED:
            place = (place + 1) % size
        return place

    def sweep(self, last: i64) -> None:
        """Where no search goes on past `last`, the marks up to it are not needed any more."""
        size = len(self.states)
        if self.states[(last + 1) % size] != UNUSED:
            return
        place = last
        while self.states[place] == REMOVED:
            self.states[place] = UNUSED
            place = (place + size - 1) % size
