"""Sorting slices in place: by comparison or by a key, and stably with room for a second copy.

`sort` is a heap sort: about 2 n log n comparisons in the worst case, no memory, equal elements in any order.
`sort_stable` merges runs of growing length to and fro: n log n comparisons, equal elements keep their order.
"""

from collections.abc import Callable
from typing import TypeVar

from atoll.abi.types import Array, Slice, Text, i64, u64
from atoll.userland.runtime.containers import Full

T = TypeVar("T")
K = TypeVar("K")


def sort(items: Slice[T], precedes: Callable[[T, T], bool]) -> None:
    """Into the order in which no element precedes the one before it."""
    size = u64(len(items))
    for start in range(size // 2):
        sift_down(items, size // 2 - 1 - start, size, precedes)
    for taken in range(1, size):
        swap(items, 0, size - taken)
        sift_down(items, 0, size - taken, precedes)


def sift_down(items: Slice[T], start: u64, end: u64, precedes: Callable[[T, T], bool]) -> None:
    """Let the element at `start` sink until none of its children in the heap belongs before it."""
    place = start
    while 2 * place + 1 < end:
        child = 2 * place + 1
        if child + 1 < end and precedes(items[child], items[child + 1]):
            child += 1
        if not precedes(items[place], items[child]):
            return
        swap(items, place, child)
        place = child


def swap(items: Slice[T], a: u64, b: u64) -> None:
    """Exchange two elements."""
    held: Array[T, 1] = Array()  # a copy also where T is a structure
    held[0] = items[a]
    items[a] = items[b]
    items[b] = held[0]


def sort_by_key(items: Slice[T], key: Callable[[T], K]) -> None:
    """By the key of each element, smallest first: numbers, or texts byte by byte. The key is asked for each comparison;
    insertion, so equal keys keep their order: for lists of some dozens of elements.
    """
    for index in range(1, len(items)):
        place = index
        while place > 0 and key(items[place]) < key(items[place - 1]):  # type: ignore[operator]  # numbers or texts
            swap(items, u64(place), u64(place - 1))
            place -= 1


def sort_stable(items: Slice[T], scratch: Slice[T], precedes: Callable[[T, T], bool]) -> None:
    """As `sort`, and equal elements keep their order. `scratch` has room for as many; raises Full if not."""
    size = u64(len(items))
    if len(scratch) < len(items):
        raise Full(f"sorting {size} elements takes room for as many")
    run: u64 = 1
    in_items = True
    while run < size:
        if in_items:
            merge_runs(items, scratch, run, precedes)
        else:
            merge_runs(scratch[0:size], items, run, precedes)
        in_items = not in_items
        run = 2 * run
    if not in_items:
        for index in range(size):
            items[index] = scratch[index]


def merge_runs(source: Slice[T], into: Slice[T], run: u64, precedes: Callable[[T, T], bool]) -> None:
    """Merge each two neighbouring sorted runs."""
    size = u64(len(source))
    start: u64 = 0
    while start < size:
        merge(source, into, start, min(start + run, size), min(start + 2 * run, size), precedes)
        start += 2 * run


def merge(
    source: Slice[T], into: Slice[T], start: u64, middle: u64, end: u64, precedes: Callable[[T, T], bool]
) -> None:
    """Merge two sorted runs; of equal elements the left one comes first."""
    left, right = start, middle
    for place in range(start, end):
        if left < middle and (right == end or not precedes(source[right], source[left])):
            into[place] = source[left]
            left += 1
        else:
            into[place] = source[right]
            right += 1


def is_sorted(items: Slice[T], precedes: Callable[[T, T], bool]) -> bool:
    """Whether no element precedes the one before it."""
    for index in range(1, len(items)):
        if precedes(items[index], items[index - 1]):
            return False
    return True


def text_precedes(a: Text, b: Text) -> bool:
    """Texts byte by byte."""
    return a < b


def smaller(a: i64, b: i64) -> bool:
    """Numbers."""
    return a < b
