"""The firmware's calls: what each answers, and that what it does not know is refused politely."""

from typing import Any

import pytest

from tests.machine.guest import RAM, board, end, kernel, results, sbi, store_results

WHERE = RAM + 0x10_0000
BASE, TIME, IPI, FENCE, HART, RESET, CONSOLE = 0x10, 0x54494D45, 0x735049, 0x52464E43, 0x48534D, 0x53525354, 0x4442434E
ALL = (1 << 64) - 1
NOT_SUPPORTED, INVALID, AVAILABLE, DENIED = (ALL - 1, ALL - 2, ALL - 5, ALL - 3)


def call(extension: int, function: int = 0, *, fed: bytes = b"", **arguments: int) -> tuple[int, int, int]:
    """a0, a1 and sip afterwards."""

    def body(a: Any) -> None:
        sbi(a, extension, function, **arguments)
        a.csrr("s2", 0x144)
        store_results(a, ("a0", "a1", "s2"), WHERE)
        end(a)

    made = board(kernel(body))
    made.feed(fed)
    made.run(max_instructions=1000)
    first, second, pending = results(made, 3, WHERE)
    return first, second, pending


@pytest.mark.parametrize(("function", "value"), [(0, 2 << 24), (1, 0x41544F4C), (2, 1), (4, 0), (5, 0), (6, 0)])
def test_the_base_extension(function: int, value: int) -> None:
    assert call(BASE, function)[:2] == (0, value)


@pytest.mark.parametrize(("extension", "there"), [
    (BASE, 1), (TIME, 1), (IPI, 1), (FENCE, 1), (HART, 1), (RESET, 1), (CONSOLE, 1), (1, 1), (8, 1), (9, 0), (99, 0),
])  # fmt: skip
def test_probing(extension: int, there: int) -> None:
    assert call(BASE, 3, a0=extension)[:2] == (0, there)


@pytest.mark.parametrize(("extension", "function"), [
    (BASE, 7), (TIME, 1), (IPI, 1), (FENCE, 3), (HART, 3), (RESET, 1), (CONSOLE, 3), (0x999, 0), (ALL, ALL), (9, 0),
])  # fmt: skip
def test_what_is_not_known_is_not_supported(extension: int, function: int) -> None:
    assert call(extension, function)[:2] == (NOT_SUPPORTED, 0)


def test_a_timer_in_the_past_is_pending_at_once_and_one_in_the_future_is_not() -> None:
    assert call(TIME, a0=0)[2] == 1 << 5
    assert call(TIME, a0=1 << 60)[2] == 0
    assert call(0, a0=0)[2] == 1 << 5


def test_an_interrupt_to_oneself_and_to_harts_that_are_not_there() -> None:
    assert call(IPI, a0=1, a1=0) == (0, 0, 2)
    assert call(IPI, a0=0, a1=ALL) == (0, 0, 2)
    assert call(IPI, a0=2, a1=0) == (INVALID, 0, 0)


def test_fences_and_harts() -> None:
    assert call(FENCE, 0, a0=1, a1=0)[:2] == (0, 0)
    assert call(FENCE, 1, a0=1, a1=0, a2=0, a3=ALL)[:2] == (0, 0)
    assert call(HART, 0, a0=0)[0] == AVAILABLE
    assert call(HART, 0, a0=1)[0] == INVALID
    assert call(HART, 2, a0=0)[:2] == (0, 0)
    assert call(HART, 1)[0] == DENIED


def test_resets_of_unknown_kinds_are_refused() -> None:
    assert call(RESET, a0=3, a1=0)[0] == INVALID
    assert call(RESET, a0=0, a1=2)[0] == INVALID


def test_the_console_reads_input_and_refuses_memory_that_is_not_there() -> None:
    assert call(CONSOLE, 1, fed=b"abc", a0=16, a1=WHERE + 64, a2=0)[:2] == (0, 3)
    assert call(CONSOLE, 0, a0=8, a1=0x1000, a2=0)[0] == INVALID
    assert call(CONSOLE, 0, a0=ALL, a1=RAM, a2=0)[0] == INVALID
    assert call(CONSOLE, 0, a0=1, a1=RAM, a2=1)[0] == INVALID
    assert call(2, fed=b"k")[0] == ord("k")
    assert call(2)[0] == ALL
