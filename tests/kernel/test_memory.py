"""The run-time library's memory functions in CPython, on real memory of the host, against Python's bytes."""

import ctypes

from hypothesis import given
from hypothesis import strategies as st

from tests.kernel.support import guest

memory = guest("userland.runtime.memory")

CONTENT = bytes(range(1, 97))
PLACES = st.integers(0, 20)
SIZES = st.integers(0, 60)


def buffer() -> tuple[ctypes.Array[ctypes.c_char], int]:
    """Memory with known content and its address, a multiple of 8."""
    made = ctypes.create_string_buffer(CONTENT, 104)
    return made, ctypes.addressof(made)


@given(PLACES, PLACES, SIZES)
def test_memcpy_copies_exactly_the_bytes_asked_for(to: int, source: int, size: int) -> None:
    target, address = buffer()
    origin, from_address = buffer()
    assert memory.memcpy(address + to, from_address + source, size) == address + to
    expected = bytearray(CONTENT)
    expected[to : to + size] = CONTENT[source : source + size]
    assert target.raw[:96] == bytes(expected)
    assert origin.raw[:96] == CONTENT


@given(PLACES, PLACES, SIZES)
def test_memmove_copies_ranges_that_overlap(to: int, source: int, size: int) -> None:
    target, address = buffer()
    memory.memmove(address + to, address + source, size)
    expected = bytearray(CONTENT)
    expected[to : to + size] = CONTENT[source : source + size]
    assert target.raw[:96] == bytes(expected)


@given(PLACES, st.integers(0, 255), SIZES)
def test_memset_fills_with_the_low_byte(to: int, value: int, size: int) -> None:
    target, address = buffer()
    memory.memset(address + to, 0xFFFF_FF00 | value, size)
    expected = bytearray(CONTENT)
    expected[to : to + size] = bytes([value]) * size
    assert target.raw[:96] == bytes(expected)


SHORT = st.binary(max_size=20)


@given(SHORT, SHORT, SHORT)
def test_comparing(beginning: bytes, a: bytes, b: bytes) -> None:
    a, b = beginning + a, beginning + b
    assert memory.compare_bytes(a, b) == (a > b) - (a < b)
    assert memory.text_equal(a, b) == (a == b)


@given(st.lists(st.sampled_from(b"ab"), max_size=12), st.lists(st.sampled_from(b"ab"), max_size=3))
def test_finding(hay: list[int], needle: list[int]) -> None:
    assert memory.find_bytes(bytes(hay), bytes(needle)) == bytes(hay).find(bytes(needle))
