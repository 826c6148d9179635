"""What an interface says, without its syntax: methods with numbers, parameters and results; errors with codes.

Made by reader.py; read by the stub writers for guest and host, and by whoever shows messages to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What can be a parameter, or a part of a result."""

    INTEGER = "integer"
    BOOL = "bool"
    ENUM = "enumeration"
    FLAGS = "flags"
    TEXT = "text"
    BYTES = "bytes"
    STRUCTURE = "structure"
    HANDLE = "handle"
    BUFFER = "buffer for the answer"  # Slice[u8]


SCALARS = (Kind.INTEGER, Kind.BOOL, Kind.ENUM, Kind.FLAGS)
SEGMENTS = (Kind.TEXT, Kind.BYTES, Kind.STRUCTURE)


@dataclass(frozen=True)
class Item:
    """A parameter, or a part of a result."""

    name: str  # empty for a result
    kind: Kind
    written: str  # its type, as the interface's module writes it
    meaning: str  # its type in full: `u8`, `atoll.servers.files.interface.Kind`
    members: tuple[int, ...] = ()  # of an enumeration

    @property
    def is_word(self) -> bool:
        """Whether it travels in one of the words; of a buffer it is the length that does."""
        return self.kind in SCALARS or self.kind is Kind.BUFFER


@dataclass(frozen=True)
class Method:
    """A method and its message."""

    name: str
    number: int
    parameters: tuple[Item, ...]
    results: tuple[Item, ...]
    is_tuple: bool
    is_idempotent: bool
    doc: str
    line: int
    column: int

    def words(self) -> list[Item]:
        """The parameters that travel in words 1 to 3, in their order."""
        return [item for item in self.parameters if item.is_word]

    def segments(self) -> list[Item]:
        """The parameters that travel in the segment."""
        return [item for item in self.parameters if item.kind in SEGMENTS]

    def handle(self) -> Item | None:
        """The parameter that is a handle."""
        return next((item for item in self.parameters if item.kind is Kind.HANDLE), None)

    def buffer(self) -> Item | None:
        """The parameter that is the caller's buffer for the answer."""
        return next((item for item in self.parameters if item.kind is Kind.BUFFER), None)

    def result_words(self) -> list[Item]:
        """The parts of the result that travel in words 1 to 3."""
        return [item for item in self.results if item.is_word]

    def result_handle(self) -> Item | None:
        """The part of the result that is a handle."""
        return next((item for item in self.results if item.kind is Kind.HANDLE), None)

    def result_structure(self) -> Item | None:
        """The result, if it is a structure: it is the reply's segment."""
        return next((item for item in self.results if item.kind is Kind.STRUCTURE), None)


@dataclass(frozen=True)
class Error:
    """An error that an interface declares: numbers, or a text, or both."""

    name: str
    code: int
    fields: tuple[Item, ...]
    written: str  # as the interface's module names it
    depth: int  # how many classes it derives from: those that derive from others are caught first
    doc: str = ""

    def numbers(self) -> list[Item]:
        """The fields that travel in words 1 to 3."""
        return [item for item in self.fields if item.kind is not Kind.TEXT]

    @property
    def has_text(self) -> bool:
        """Whether it carries a text: in a field, or because it has none."""
        return len(self.numbers()) < len(self.fields) or not self.fields


@dataclass(frozen=True)
class Interface:
    """One interface."""

    name: str
    module: str
    base: int
    methods: tuple[Method, ...]
    errors: tuple[Error, ...]
    doc: str
    line: int
    column: int

    def method(self, name: str) -> Method | None:
        """The method of that name."""
        return next((method for method in self.methods if method.name == name), None)

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Each message number and error code with its name."""
        for method in self.methods:
            yield method.number, f"{self.name}.{method.name}"
        for error in self.errors:
            yield error.code, f"{self.name}: {error.name}"


def message_names(interfaces: Iterable[Interface]) -> dict[int, str]:
    """Word 0 of a message -> what it is, as traces show it: `0x0201 Naming.register`.

    Raises ValueError if two interfaces have the same numbers.
    """
    names: dict[int, str] = {}
    for interface in interfaces:
        for number, name in interface.numbered():
            if number in names:
                raise ValueError(f"{name} has the number of {names[number]}")
            names[number] = f"{number:#06x} {name}"
    return names
