"""A clock that drifts: true time against the machine's own, exactly, and a timer that is fast or slow with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.machine.board import Stop
from atoll.machine.clock import Clock
from atoll.machine.errors import StateError
from tests.machine.guest import SIE, board, end, kernel, results, sbi, store_results
from tests.machine.test_board import TIMER_EXTENSION, WHERE

RATES = st.sampled_from([10_000_000, 100_000_000, 333_000_000, 1_000_000_000])
DRIFTS = st.integers(-1000, 1000)
SECOND = 1_000_000_000


@given(RATES, DRIFTS, st.integers(0, 10**18))
def test_time_to_periods_and_back(hertz: int, drift: int, time: int) -> None:
    clock = Clock(hertz, drift=drift)
    period = clock.cycles_at(time)
    assert clock.nanoseconds(period) >= time and (period == 0 or clock.nanoseconds(period - 1) <= time)


@given(RATES, DRIFTS, st.integers(0, 1000))
def test_a_million_true_seconds_differ_by_the_drift(hertz: int, drift: int, millions: int) -> None:
    clock = Clock(hertz, drift=drift)
    periods = clock.cycles_at(millions * 1_000_000 * SECOND)
    assert clock.ticks(periods) == millions * (1_000_000 + drift) * 10_000_000


@pytest.mark.parametrize("drift", [-1000, -200, 0, 200, 1000])
def test_a_timer_of_one_second_by_the_machines_own_clock(drift: int) -> None:
    def body(a: Any) -> None:
        a.li("t0", 1 << 5)
        a.csrw(SIE, "t0")
        sbi(a, TIMER_EXTENSION, a0=10_000_000)
        a.wfi()
        a.rdtime("s2")
        store_results(a, ("s2",), WHERE)
        end(a)

    made = board(kernel(body), drift_ppm=drift)
    assert made.run().kind is Stop.EXIT
    assert results(made, 1, WHERE) == (10_000_000,)
    true = SECOND * 1_000_000 // (1_000_000 + drift)
    assert true <= made.time_ns <= true + 50


def test_a_saved_board_is_restored_with_the_same_drift_only() -> None:
    saved = board(kernel(end), drift_ppm=7).save()
    board(kernel(end), drift_ppm=7).restore(saved)
    with pytest.raises(StateError, match="its drift was 7, this board's is 8"):
        board(kernel(end), drift_ppm=8).restore(saved)
