"""Things that arrive from outside at given virtual times, in the order of their times, then of their arrival."""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush


class Timed:
    """Byte strings, each with the clock period in which it arrives."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, bytes]] = []
        self._sequence = 0

    def add(self, at: int, data: bytes) -> None:
        """Queue data for a time; a time in the past means at once."""
        heappush(self._heap, (at, self._sequence, data))
        self._sequence += 1

    def __bool__(self) -> bool:
        return bool(self._heap)

    def next(self) -> int | None:
        """The earliest time; None if nothing is queued."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: int) -> Iterator[bytes]:
        """Take out what has arrived by now."""
        while self._heap and self._heap[0][0] <= now:
            yield heappop(self._heap)[2]

    def save(self) -> list[list[int | bytes]]:
        """Times, numbers and data in order."""
        return [list(entry) for entry in sorted(self._heap)]

    def restore(self, saved: list[tuple[int, int, bytes]]) -> None:
        """The opposite of `save`."""
        self._heap = [(at, sequence, data) for at, sequence, data in saved]
        heapify(self._heap)
        self._sequence = 1 + max((entry[1] for entry in self._heap), default=-1)
