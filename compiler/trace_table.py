"""Builds the trace table of an image from its debugging information, after linking. The layout is in abi/trace.py."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from atoll.abi import trace
from atoll.compiler.debug_info import Piece, Scope, read_pieces
from atoll.compiler.link import Linked


class Site(NamedTuple):
    """A place in the source that an error can come from or pass; its number is its index in the compiler's list."""

    file: str
    line: int
    function: str


class ErrorClass(NamedTuple):
    """An error class; ids count from 1 in the order of the list. `last`: the largest id among its descendants."""

    name: str
    last: int


SourceOf = Callable[[str, int], str]
_Location = tuple[str, int, str, int]  # file, line, function, number of the caller's location


def build_trace_table(
    linked: Linked, sites: Sequence[Site], errors: Sequence[ErrorClass], source_of: SourceOf
) -> bytes:
    """The table for a linked image; `source_of` gives the text of a line, or an empty string if it is not there."""
    base, end = linked.symbols["__text_start"], linked.symbols["__text_end"]
    return table_from_pieces(read_pieces(linked.elf), base, end, sites, errors, source_of)


def table_from_pieces(
    pieces: list[Piece], base: int, end: int, sites: Sequence[Site], errors: Sequence[ErrorClass], source_of: SourceOf
) -> bytes:
    """The table for code from `base` up to `end`, of which `pieces` tells the lines."""
    builder = _Builder(source_of)
    ranges = builder.ranges(pieces, base)
    numbers = [builder.location((site.file, site.line, site.function, 0)) for site in sites]
    classes = [(0, 0), *((builder.strings.add(error.name), error.last) for error in errors)]
    return _pack(base, end - base, ranges, builder, numbers, classes)


class _Builder:
    """Numbers locations and strings, each different one once."""

    def __init__(self, source_of: SourceOf) -> None:
        self.source_of = source_of
        self.strings = _Strings()
        self.locations: list[tuple[int, ...]] = [(0, 0, 0, 0, 0)]
        self.numbers: dict[_Location, int] = {}

    def location(self, place: _Location) -> int:
        number = self.numbers.get(place)
        if number is None:
            file, line, function, inlined_at = place
            source = self.source_of(file, line).strip() if line else ""
            texts = [self.strings.add(text) for text in (file, function, source)]
            number = self.numbers[place] = len(self.locations)
            self.locations.append((texts[0], line, texts[1], texts[2], inlined_at))
        return number

    def ranges(self, pieces: list[Piece], base: int) -> list[tuple[int, int]]:
        """Sorted (start, location), neighbours with the same location joined, gaps as location 0."""
        ranges: list[tuple[int, int]] = []
        position = base

        def add(start: int, location: int) -> None:
            if not ranges or ranges[-1][1] != location:
                ranges.append((start - base, location))

        for piece in pieces:
            start = max(piece.start, position)
            if piece.end <= start:
                continue
            if start > position:
                add(position, 0)
            add(start, self._frames(piece))
            position = piece.end
        add(position, 0)
        return ranges

    def _frames(self, piece: Piece) -> int:
        """The location of a piece of code, with those of its callers where functions were inlined."""
        frames = [(piece.file, piece.line, piece.scope.function if piece.scope else "?")]
        scope: Scope | None = piece.scope
        while scope is not None and scope.caller is not None:
            frames.append((scope.call_file, scope.call_line, scope.caller.function))
            scope = scope.caller
        if len(frames) > trace.MAX_DEPTH:
            frames = [*frames[: trace.MAX_DEPTH - 1], frames[-1]]
        number = 0
        for file, line, function in reversed(frames):
            number = self.location((file, line, function, number))
        return number


class _Strings:
    """The table's texts, each once; number 0 is the empty one."""

    def __init__(self) -> None:
        self.data = bytearray(4)
        self.offsets = {"": 0}

    def add(self, text: str) -> int:
        offset = self.offsets.get(text)
        if offset is None:
            encoded = text.encode()
            offset = self.offsets[text] = len(self.data)
            self.data += struct.pack("<I", len(encoded)) + encoded + bytes(-len(encoded) % 4)
        return offset


def _pack(
    base: int,
    code_size: int,
    ranges: list[tuple[int, int]],
    builder: _Builder,
    sites: list[int],
    errors: list[tuple[int, int]],
) -> bytes:
    parts = [
        b"".join(struct.pack("<2I", *item) for item in ranges),
        b"".join(struct.pack("<5I", *item) for item in builder.locations),
        struct.pack(f"<{len(sites)}I", *sites),
        b"".join(struct.pack("<2I", *item) for item in errors),
        bytes(builder.strings.data),
    ]
    offsets = [trace.HEADER_SIZE + sum(map(len, parts[:index])) for index in range(len(parts) + 1)]
    header = struct.pack(
        "<16I",
        *(trace.MAGIC, trace.VERSION, offsets[-1], base & 0xFFFF_FFFF, base >> 32, code_size),
        *(len(ranges), offsets[0], len(builder.locations), offsets[1], len(sites), offsets[2]),
        *(len(errors), offsets[3], offsets[4], len(parts[4])),
    )
    return header + b"".join(parts)
