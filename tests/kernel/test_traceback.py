"""The guest's reader of trace tables, in CPython, on tables made here by hand."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.abi import trace
from tests.kernel.support import guest, printed

traceback = guest("userland.runtime.traceback")

BASE = 0x1_2345_0000
NAMES = ["", "IndexError", "OverflowError", "ZeroDivisionError", "AssertionError", "NoSuchPage", "ValueError",
         "AttributeError"]  # fmt: skip
# File, line, function, source, number of the caller's location.
LOCATIONS = [
    ("demo.py", 3, "inner", "return table[i]", 0),
    ("demo.py", 7, "main", "inner(9)", 0),
    ("library.py", 20, "helper", "", 0),
    ("library.py", 30, "inlined", "x + 1", 2),
]
RANGES = [(0, 1), (16, 4), (32, 0), (48, 2)]  # start, location
SITES = [1, 2, 3]


def make_table() -> bytes:
    """A trace table with the things above."""
    strings = bytearray(8)
    offsets = {"": 0}

    def string(text: str) -> int:
        if text not in offsets:
            offsets[text] = len(strings)
            data = text.encode()
            strings.extend(struct.pack("<I", len(data)) + data + bytes(-len(data) % 4))
        return offsets[text]

    locations = bytes(trace.LOCATION_SIZE) + b"".join(
        struct.pack("<5I", string(file), line, string(function), string(source), inlined_at)
        for file, line, function, source, inlined_at in LOCATIONS
    )
    parts = [
        b"".join(struct.pack("<2I", *one) for one in RANGES),
        locations,
        b"".join(struct.pack("<I", site) for site in SITES),
        b"".join(struct.pack("<2I", string(name), number) for number, name in enumerate(NAMES)),
    ]
    places = [trace.HEADER_SIZE + sum(map(len, parts[:i])) for i in range(5)]
    header = struct.pack(
        "<16I", trace.MAGIC, trace.VERSION, places[4] + len(strings), BASE & 0xFFFF_FFFF, BASE >> 32, 64,
        len(RANGES), places[0], len(LOCATIONS) + 1, places[1], len(SITES), places[2], len(NAMES), places[3], places[4],
        len(strings),
    )  # fmt: skip
    return header + b"".join(parts) + bytes(strings)


TABLE = make_table()


def error(name: str, *words: int, sites: tuple[int, ...] = (0, 1), text: str = "") -> Any:
    """A record as the compiler's code leaves it."""
    record = traceback.ErrorRecord()
    record.code = NAMES.index(name)
    for i in range(4):
        record.words[i] = words[i] if i < len(words) else traceback.NO_NUMBER
    data = text.encode()
    for i, byte in enumerate(data):
        record.text[i] = byte
    record.text_length = len(data)
    for number, site in enumerate(sites):
        record.ring[traceback.ring_slot(number)] = site
    record.count = len(sites)
    return record


def test_frames_come_outermost_first() -> None:
    assert printed(lambda: traceback.print_error(TABLE, error("IndexError", 7, 4))) == (
        "Traceback (most recent call last):\n"
        '  File "demo.py", line 7, in main\n'
        "    inner(9)\n"
        '  File "demo.py", line 3, in inner\n'
        "    return table[i]\n"
        "IndexError: index 7 is out of range for length 4\n"
    )


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (error("IndexError", 2**64 - 9, 4), "IndexError: index -9 is out of range for length 4"),
        (error("IndexError"), "IndexError"),
        (error("OverflowError", 8, 0), "OverflowError: result does not fit u8"),
        (error("OverflowError", 64, 1), "OverflowError: result does not fit i64"),
        (error("OverflowError"), "OverflowError"),
        (error("ValueError", 0), "ValueError: negative shift count"),
        (error("ValueError", 300, 256), "ValueError: length 300 does not fit length 256"),
        (error("ValueError"), "ValueError"),
        (error("AttributeError"), "AttributeError: the value is None"),
        (error("ZeroDivisionError"), "ZeroDivisionError: division by zero"),
        (error("AssertionError"), "AssertionError"),
        (error("AssertionError", text="x is odd"), "AssertionError: x is odd"),
        (error("IndexError", text="argument 3 of 2"), "IndexError: argument 3 of 2"),
        (error("NoSuchPage", text="la página 9"), "NoSuchPage: la página 9"),
    ],
)
def test_the_last_line(record: Any, line: str) -> None:
    assert printed(lambda: traceback.print_error(TABLE, record)).splitlines()[-1] == line


def test_a_frame_without_source_text() -> None:
    lines = printed(lambda: traceback.print_error(TABLE, error("AssertionError", sites=(2,)))).splitlines()
    assert lines[1:] == ['  File "library.py", line 20, in helper', "AssertionError"]


def test_a_site_that_the_table_does_not_have() -> None:
    lines = printed(lambda: traceback.print_error(TABLE, error("AssertionError", sites=(99,)))).splitlines()
    assert lines[1:] == ["  Site 99, no source known", "AssertionError"]


def numbers_of_frames(count: int) -> list[str]:
    """What is printed of `count` frames, one word for each line."""
    record = error("AssertionError", sites=tuple(number % 2 for number in range(count)))
    output = printed(lambda: traceback.print_error(TABLE, record)).splitlines()[1:-1]
    return [line.split()[-1] if line.startswith("  File") else line for line in output if not line.startswith("    ")]


@pytest.mark.parametrize("count", [1, 16, 17, 31, 32])
def test_up_to_32_frames_are_all_there(count: int) -> None:
    assert numbers_of_frames(count) == [("inner", "main")[number % 2] for number in reversed(range(count))]


@pytest.mark.parametrize("count", [33, 34, 48, 49, 1000])
def test_of_more_frames_both_ends_are_there(count: int) -> None:
    every = [("inner", "main")[number % 2] for number in reversed(range(count))]
    assert numbers_of_frames(count) == [*every[:16], f"  [... {count - 32} frames not kept]", *every[-16:]]


def trail_output(*addresses: int) -> list[str]:
    """The lines of a fault's traceback, outermost first, without the heading."""
    trail = traceback.Trail()
    for address in addresses:
        trail.add(address)
    return printed(lambda: traceback.print_trail(TABLE, trail)).splitlines()[1:]


def test_an_address_shows_what_it_was_inlined_into() -> None:
    assert trail_output(BASE + 20, BASE + 50) == [
        '  File "demo.py", line 7, in main', "    inner(9)",
        '  File "demo.py", line 7, in main', "    inner(9)",
        '  File "library.py", line 30, in inlined', "    x + 1",
    ]  # fmt: skip


def test_only_the_innermost_address_is_shown_without_source() -> None:
    main = ['  File "demo.py", line 7, in main', "    inner(9)"]
    assert trail_output(0x40, BASE + 48, BASE + 32) == [*main, "  Address 0x40, no source known"]


@pytest.mark.parametrize(
    ("offset", "location"), [(0, 1), (15, 1), (16, 4), (31, 4), (32, 0), (48, 2), (63, 2), (64, 0), (-1, 0)]
)
def test_looking_up_an_address(offset: int, location: int) -> None:
    assert traceback.location_of_address(TABLE, BASE + offset) == location


@given(st.integers(0, len(TABLE) - 1), st.integers(0, 255), st.integers(0, len(TABLE)))
def test_a_damaged_table_does_no_harm(place: int, value: int, size: int) -> None:
    damaged = bytearray(TABLE)
    damaged[place] = value
    table = bytes(damaged[:size])
    printed(lambda: traceback.print_error(table, error("IndexError", 7, 4)))
    trail = traceback.Trail()
    trail.add(BASE + 20)
    printed(lambda: traceback.print_trail(table, trail))
