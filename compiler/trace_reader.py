"""Reads a trace table on the host, as guest code does: for tests and tools. The layout is in abi/trace.py."""

import struct
from typing import NamedTuple

from atoll.abi import trace


class TraceError(ValueError):
    """Not a trace table."""


class Frame(NamedTuple):
    """One frame of a traceback; `source` is the text of its line, maybe empty."""

    file: str
    line: int
    function: str
    source: str


class TraceTable:
    """A trace table; all look-ups give frames innermost first."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        if len(data) < trace.HEADER_SIZE or self._word(trace.HEADER_MAGIC) != trace.MAGIC:
            raise TraceError("not a trace table")
        if self._word(trace.HEADER_VERSION) != trace.VERSION:
            raise TraceError(f"trace table of version {self._word(trace.HEADER_VERSION)}, not {trace.VERSION}")
        if self._word(trace.HEADER_SIZE_OF_TABLE) > len(data):
            raise TraceError("the trace table is cut off")
        self.base = self._word(trace.HEADER_BASE_LOW) | self._word(trace.HEADER_BASE_HIGH) << 32

    def at_address(self, address: int) -> list[Frame]:
        """Frames of the instruction at an address; none if no source is known there."""
        offset = address - self.base
        if not 0 <= offset < self._word(trace.HEADER_CODE_SIZE):
            return []
        ranges = self._word(trace.HEADER_RANGES)
        low, high = 0, self._word(trace.HEADER_RANGE_COUNT)
        while low < high:
            middle = (low + high) // 2
            if self._word(ranges + middle * trace.RANGE_SIZE + trace.RANGE_START) <= offset:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            return []
        return self._chain(self._word(ranges + (low - 1) * trace.RANGE_SIZE + trace.RANGE_LOCATION))

    def at_site(self, site: int) -> list[Frame]:
        """The frame of a raise site."""
        if not 0 <= site < self._word(trace.HEADER_SITE_COUNT):
            return []
        return self._chain(self._word(self._word(trace.HEADER_SITES) + site * trace.SITE_SIZE))

    def error(self, number: int) -> tuple[str, int]:
        """Name of an error class, and the largest id among its descendants."""
        if not 0 <= number < self._word(trace.HEADER_ERROR_COUNT):
            return "", 0
        entry = self._word(trace.HEADER_ERRORS) + number * trace.ERROR_SIZE
        return self._string(self._word(entry + trace.ERROR_NAME)), self._word(entry + trace.ERROR_LAST)

    def source_texts(self) -> dict[tuple[str, int], str]:
        """All source lines of the table by file and line number."""
        count = self._word(trace.HEADER_LOCATION_COUNT)
        frames = (self._frame(location) for location in range(1, count))
        return {(frame.file, frame.line): frame.source for frame in frames if frame.source}

    def _chain(self, location: int) -> list[Frame]:
        frames: list[Frame] = []
        while location and len(frames) < trace.MAX_DEPTH:
            frames.append(self._frame(location))
            location = self._field(location, trace.LOCATION_INLINED_AT)
        return frames

    def _frame(self, location: int) -> Frame:
        fields = (trace.LOCATION_FILE, trace.LOCATION_FUNCTION, trace.LOCATION_SOURCE)
        file, function, source = (self._string(self._field(location, field)) for field in fields)
        return Frame(file, self._field(location, trace.LOCATION_LINE), function, source)

    def _field(self, location: int, field: int) -> int:
        return self._word(self._word(trace.HEADER_LOCATIONS) + location * trace.LOCATION_SIZE + field)

    def _string(self, offset: int) -> str:
        start = self._word(trace.HEADER_STRINGS) + offset
        length = self._word(start + trace.STRING_LENGTH)
        return self.data[start + trace.STRING_TEXT : start + trace.STRING_TEXT + length].decode(errors="replace")

    def _word(self, offset: int) -> int:
        if offset + 4 > len(self.data):
            raise TraceError("the trace table is damaged")
        return int(struct.unpack_from("<I", self.data, offset)[0])
