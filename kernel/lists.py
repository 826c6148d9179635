"""Lists: rings of links. A link lies in the object that is listed and refers to it. A list itself is a link that begins
and ends its ring, and refers to nothing; a link that is in no list is a ring by itself.
"""

from typing import Generic, TypeVar

from atoll.abi.raw import store64
from atoll.abi.types import Ref, u64

T = TypeVar("T")
LINK_SIZE = 24  # bytes


class Link(Generic[T]):
    """A place in a list, or a list."""

    next: "Ref[Link[T]]"
    previous: "Ref[Link[T]]"
    object: Ref[T]


def start(ring: Link[T]) -> None:
    """An empty list."""
    ring.next = ring
    ring.previous = ring


def start_all(first_link: u64, count: u64, listed: u64) -> None:
    """Links of the object at an address, which lie in it side by side: all are in no list, or empty lists."""
    for link in range(first_link, first_link + count * LINK_SIZE, LINK_SIZE):
        store64(link, link)
        store64(link + 8, link)
        store64(link + 16, listed)


def is_empty(ring: Link[T]) -> bool:
    """Whether nothing is in the list (of a link: whether it is in none)."""
    return ring.next is ring


def first(ring: Link[T]) -> T | None:
    """The first object of a list."""
    return None if ring.next is ring else ring.next.object


def insert(link: Link[T], behind: Link[T]) -> None:
    """Put a link, which is in no list, before another."""
    before = behind.previous
    link.previous = before
    link.next = behind
    before.next = link
    behind.previous = link


def append(ring: Link[T], link: Link[T]) -> None:
    """Put a link, which is in no list, last."""
    insert(link, ring)


def remove(link: Link[T]) -> None:
    """Take a link out of its list, if it is in one."""
    before, behind = link.previous, link.next
    before.next = behind
    behind.previous = before
    start(link)


def join(ring: Link[T], others: Link[T]) -> None:
    """Put all of another list last."""
    if others.next is not others:
        ring.previous.next = others.next
        others.next.previous = ring.previous
        others.previous.next = ring
        ring.previous = others.previous
        start(others)
