"""Where pages are: a table of numbered places, frames of memory or slots of the swap area, each free or one page's.

A page is named by its owner and its number; it is found by a hash, and all of one owner's by a list. Place 0 is none.
"""

from typing import Generic, TypeVar

from atoll.abi.types import Array, u32, u64

N = TypeVar("N")  # places, the unused place 0 included
OWNERS = 128
NOWHERE = 0
STRIDE = 1021  # pages of different owners with one number do not share a bucket


class NoFreePlace(Exception):
    """All places are taken."""


class Place:
    """One frame or slot. What is `next` depends on whether it is free."""

    owner: u32
    page: u32  # address // PAGE_SIZE
    next: u32  # in its bucket; of a free place: the next free one
    next_of_owner: u32
    previous_of_owner: u32
    turn: u32  # of the clock hand in which the page was last seen used
    is_used: bool
    is_dirty: bool  # nowhere else is what it holds
    is_busy: bool  # not to be chosen as a victim now
    was_used: bool  # something of an earlier page may be in it


class Places(Generic[N]):
    """Places and what is in them."""

    places: Array[Place, N]
    buckets: Array[u32, N]
    first_of_owner: Array[u32, OWNERS]
    count_of_owner: Array[u32, OWNERS]
    first_free: u32
    known: u64  # places that there are; more may come
    used: u64

    def extend(self, count: u64) -> None:
        """There are so many places more; of the free ones they are taken last, the lowest first."""
        assert self.known + count < len(self.places), "more places than the table holds"
        for number in range(count):
            place = self.known + count - number
            self.places[place].next = self.first_free
            self.first_free = place
        self.known += count

    @property
    def free(self) -> u64:
        """How many places are free."""
        return self.known - self.used

    def bucket_of(self, owner: u64, page: u64) -> u64:
        """Where the list begins that this page is in."""
        return (page + owner * STRIDE) % u64(len(self.buckets))

    def find(self, owner: u64, page: u64) -> u64:
        """Where a page is; NOWHERE if it has no place here."""
        place = u64(self.buckets[self.bucket_of(owner, page)])
        while place != NOWHERE and (self.places[place].page != page or self.places[place].owner != owner):
            place = u64(self.places[place].next)
        return place

    def take(self, owner: u64, page: u64) -> u64:
        """A free place for a page that has none. Raises NoFreePlace."""
        place = u64(self.first_free)
        if place == NOWHERE:
            raise NoFreePlace("all places are taken")
        taken = self.places[place]
        self.first_free = taken.next
        self.used += 1
        taken.owner, taken.page = owner, page
        taken.is_used, taken.is_dirty, taken.is_busy = True, False, False
        self.add_to_bucket(place)
        self.add_to_owner(place, owner)
        return place

    def add_to_bucket(self, place: u64) -> None:
        """Put a place first in its page's bucket."""
        bucket = self.bucket_of(u64(self.places[place].owner), u64(self.places[place].page))
        self.places[place].next = self.buckets[bucket]
        self.buckets[bucket] = place

    def add_to_owner(self, place: u64, owner: u64) -> None:
        """Put a place first in its owner's list."""
        first = u64(self.first_of_owner[owner])
        self.places[place].previous_of_owner = NOWHERE
        self.places[place].next_of_owner = first
        if first != NOWHERE:
            self.places[first].previous_of_owner = place
        self.first_of_owner[owner] = place
        self.count_of_owner[owner] += 1

    def give(self, place: u64) -> None:
        """Free a place."""
        given = self.places[place]
        assert given.is_used, "a free place is freed"
        self.leave_bucket(place)
        self.leave_owner(place)
        given.is_used, given.was_used = False, True
        given.next = self.first_free
        self.first_free = place
        self.used -= 1

    def leave_bucket(self, place: u64) -> None:
        """Take a place out of its bucket's list."""
        given = self.places[place]
        bucket = self.bucket_of(u64(given.owner), u64(given.page))
        before = u64(self.buckets[bucket])
        if before == place:
            self.buckets[bucket] = given.next
            return
        while self.places[before].next != place:
            before = u64(self.places[before].next)
        self.places[before].next = given.next

    def leave_owner(self, place: u64) -> None:
        """Take a place out of its owner's list."""
        given = self.places[place]
        if given.previous_of_owner == NOWHERE:
            self.first_of_owner[given.owner] = given.next_of_owner
        else:
            self.places[given.previous_of_owner].next_of_owner = given.next_of_owner
        if given.next_of_owner != NOWHERE:
            self.places[given.next_of_owner].previous_of_owner = given.previous_of_owner
        self.count_of_owner[given.owner] -= 1

    def first_page_of(self, owner: u64) -> u64:
        """One of the owner's places; NOWHERE if it has none."""
        return u64(self.first_of_owner[owner])

    def count_of(self, owner: u64) -> u64:
        """How many places an owner has."""
        return u64(self.count_of_owner[owner])

    def give_all(self, owner: u64) -> None:
        """Free all places of an owner."""
        while self.first_of_owner[owner] != NOWHERE:
            self.give(u64(self.first_of_owner[owner]))
