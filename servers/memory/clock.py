"""The clock: a hand goes round the frames and finds one that was not used since it last came by.

A turn of the hand is also the period of working sets: in each turn every frame is looked at once, and those found used
keep the number of that turn. The hand moves only when frames are wanted, so without pressure nothing is sampled.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from atoll.abi.types import u64
from atoll.servers.memory.places import NOWHERE, Places

N = TypeVar("N")
TURNS = 2  # after so many every frame has had its second chance


class Clock(Generic[N]):
    """The hand."""

    hand: u64  # the place looked at last
    turn: u64

    def choose(self, frames: Places[N], is_kept: Callable[[u64], bool]) -> u64:
        """The next frame in use that `is_kept` lets go; NOWHERE if it keeps all, twice.

        `is_kept` is asked whether the frame stays: because it was used since it was last asked, or for its own reasons.
        """
        for _ in range(frames.known * TURNS):
            self.advance(frames)
            place = frames.places[self.hand]
            if place.is_used and not place.is_busy and not is_kept(self.hand):
                return self.hand
        return NOWHERE

    def advance(self, frames: Places[N]) -> None:
        """To the next frame; behind the last one another turn begins."""
        self.hand += 1
        if self.hand > frames.known:
            self.hand = 1
            self.turn += 1

    def working_set(self, frames: Places[N], owner: u64) -> u64:
        """How many of an owner's frames were used since the hand began its last whole turn."""
        count: u64 = 0
        place = frames.first_page_of(owner)
        while place != NOWHERE:
            if frames.places[place].turn + 1 >= self.turn:
                count += 1
            place = u64(frames.places[place].next_of_owner)
        return count
