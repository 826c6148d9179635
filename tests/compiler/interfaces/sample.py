"""Interfaces that use all that an interface can have."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from atoll.abi.types import Array, Bytes, Slice, Text, i8, i16, i64, u8, u16, u32, u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate


class Colour(IntEnum):
    """An enumeration."""

    RED = 1
    GREEN = 7


class Mode(IntFlag):
    """Flags."""

    READ = 1
    WRITE = 2


@dataclass
class Point:
    """A structure with padding in it."""

    x: i64
    y: i8
    colour: Colour
    tail: Array[u8, 3]


class Missing(ServiceError):
    """An error with a text."""


class Special(Missing):
    """One that derives from another, declared behind it."""


class Limit(ServiceError):
    """An error with numbers and a text."""

    used: u64
    delta: i8
    why: Text


class Count(ServiceError):
    """An error with a number only."""

    number: u16


class Sample(Interface, messages=0x1200, errors=(Missing, Special, Limit)):
    """Every kind of parameter and result."""

    def nothing(self) -> None:
        """Nothing."""

    def scalars(self, a: u8, b: i16, c: bool) -> tuple[i16, u16, bool]:
        """Three each way."""

    @idempotent
    def enumerations(self, colour: Colour, mode: Mode) -> tuple[Mode, Colour]:
        """Enumerations."""

    def text(self, name: Text, size: u32) -> u64:
        """A text, which is the segment."""

    def data(self, data: Bytes) -> u64:
        """Bytes, which are the segment."""

    def point(self, point: Point) -> Point:
        """Structures."""

    def several(self, name: Text, point: Point, data: Bytes, number: i64) -> i64:
        """Several in one segment."""

    def gate(self, gate: Gate) -> Gate:
        """A handle each way."""

    def badge(self, gate: Gate, name: Text) -> tuple[u64, Handle]:
        """A handle with other things."""

    @idempotent
    def read(self, into: Slice[u8], start: u64) -> u64:
        """Fill the caller's buffer."""

    def read_named(self, name: Text, into: Slice[u8]) -> tuple[u64, bool]:
        """Fill it, and say more."""

    def refuse(self, how: u64) -> None:
        """Raise one of the errors."""

    @idempotent
    def lose(self, times: u64) -> u64:
        """Drop the reply so many times; the number of tries."""

    def lose_once(self) -> None:
        """Drop the reply."""


class Waiting(Interface, messages=0x1300, errors=(Missing, Count)):
    """Answers that come later."""

    def wait(self, slot: u64) -> u64:
        """Until somebody releases that slot."""

    def wait_for_gate(self, slot: u64) -> Gate:
        """A gate."""

    def wait_for_data(self, slot: u64, into: Slice[u8]) -> tuple[u64, bool]:
        """Bytes."""

    def wait_and_raise(self, slot: u64) -> None:
        """Postponed, and an error nevertheless."""

    def release(self, slot: u64, how: u64) -> None:
        """Answer who waits in a slot."""


class Plain(Interface, messages=0x1400, errors=(Count,)):
    """No error here has a text: calls need no buffer for it."""

    @idempotent
    def add(self, a: u64, b: u64) -> u64:
        """The sum; raises Count where a is 0."""
