"""Formatting of the run-time library against Python's own."""

import math
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.kernel.support import guest

text = guest("userland.runtime.text")

WIDTHS = st.integers(0, 30)
ALIGNS = st.sampled_from(["", "<", ">", "^"])
FILLS = st.sampled_from([" ", "*", "0", "x"])
BASES = {"d": 10, "x": 16, "X": 16, "b": 2, "o": 8}


def put(function: Any, *arguments: Any, room: int = 600) -> str:
    """What one call puts into a sink."""
    array = text.Array[text.u8, room]()
    sink = text.TextSink()
    sink.data = array[:]
    function(sink, *arguments)
    assert sink.used <= room
    return bytes(array[0 : sink.used]).decode()


def code(align: str) -> int:
    """How the compiler passes an alignment."""
    return ord(align) if align else 0


@given(st.text(max_size=20), WIDTHS, ALIGNS, FILLS)
def test_texts(value: str, width: int, align: str, fill: str) -> None:
    specification = f"{fill if align else ''}{align}{width or ''}"
    expected = format(value, specification)
    assert put(text.put_text, value, width, code(align), ord(fill if align else " ")) == expected


@given(
    st.integers(-(2**63), 2**64 - 1), WIDTHS, ALIGNS | st.just("="), FILLS, st.sampled_from(list(BASES)), st.booleans()
)
@example(-(2**63), 0, "", " ", "d", False)
@example(2**64 - 1, 30, "=", "0", "x", True)
def test_integers(value: int, width: int, align: str, fill: str, kind: str, prefix: bool) -> None:
    specification = f"{fill if align else ''}{align}{'#' if prefix else ''}{width or ''}{kind}"
    function = text.put_signed if value < 0 else text.put_unsigned
    fill = fill if align else " "
    arguments = (value, BASES[kind], width, code(align), ord(fill), kind == "X", prefix and kind != "d")
    assert put(function, *arguments) == format(value, specification)


@given(st.floats(), st.integers(0, 20), WIDTHS, ALIGNS | st.just("="), FILLS)
@example(0.5, 0, 0, "", " ")
@example(2.5, 0, 0, "", " ")
@example(0.125, 2, 0, "", " ")
@example(999.9996, 3, 0, "", " ")
@example(-0.0, 3, 0, "", " ")
@example(-0.0001, 2, 8, "=", "0")
@example(5e-324, 20, 0, "", " ")
@example(1.7976931348623157e308, 3, 0, "", " ")
@example(math.inf, 3, 8, "=", "0")
@example(-math.inf, 3, 0, "", " ")
def test_floats(value: float, precision: int, width: int, align: str, fill: str) -> None:
    specification = f"{fill if align else ''}{align}{width or ''}.{precision}f"
    assert put(text.put_float, value, precision, width, code(align), ord(fill if align else " ")) == format(
        value, specification
    )


@given(st.floats(min_value=-1e15, max_value=1e15), st.integers(0, 100))
def test_floats_of_usual_size_at_any_precision(value: float, precision: int) -> None:
    assert put(text.put_float, value, precision, 0, 0, 32) == f"{value:.{precision}f}"


@given(st.characters(codec="utf-8"))
def test_ord(character: str) -> None:
    assert text.ord_of(character) == ord(character)


def test_a_full_sink_counts_what_it_drops() -> None:
    array = text.Array[text.u8, 4]()
    sink = text.TextSink()
    sink.data = array[:]
    text.put_text(sink, "Atoll kernel", 0, 0, 32)
    assert (bytes(array[:]), sink.used) == (b"Atol", 12)


def test_a_flushing_sink_writes_out_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    flushing: ModuleType = guest("userland.runtime.text")
    monkeypatch.setitem(vars(flushing), "write_console", lambda data: written.append(bytes(data)))
    array = flushing.Array[flushing.u8, 4]()
    sink = flushing.TextSink()
    sink.data = array[:]
    sink.flushing = True
    flushing.put_text(sink, "Atoll kernel", 0, 0, 32)
    assert b"".join(written) + bytes(array[0 : sink.used]) == b"Atoll kernel"
    assert all(len(part) == 4 for part in written)


@given(st.one_of(st.text(max_size=12).map(str.encode), st.binary(max_size=6)))
@example(b"\xc0\x80")
@example(b"\xed\xa0\x80")
@example(b"\xf4\x90\x80\x80")
@example(b"\xe0\x9f\xbf")
@example(b"\xf0\x8f\xbf\xbf")
@example(b"ab\xe2\x82")
def test_bytes_are_text_where_python_says_so(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not text.is_utf8(data)
    else:
        assert text.is_utf8(data)


def test_every_pair_of_first_bytes() -> None:
    """All the rules of RFC 3629 are about the first two bytes, and how many come."""
    for first in range(0x80, 0x100):
        for second in range(0x70, 0x100):
            data = bytes([first, second, 0x80, 0x80])
            for size in range(1, 5):
                is_text = True
                try:
                    data[:size].decode()
                except UnicodeDecodeError:
                    is_text = False
                assert text.is_utf8(data[:size]) == is_text
