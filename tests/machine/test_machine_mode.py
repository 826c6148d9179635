"""Without firmware: timer and software interrupts through the CLINT, external ones through the PLIC's M context."""

from typing import Any

import pytest

from atoll.machine.board import Board, Stop
from tests.machine.guest import (
    CLINT,
    MCAUSE,
    MEPC,
    MIE,
    MSTATUS,
    MTVEC,
    PLIC,
    RAM,
    UART,
    board,
    end,
    kernel,
    results,
    store_results,
)  # fmt: skip

WHERE = RAM + 0x10_0000
COMPARE, TIME = 0x4000, 0xBFF8
SUPERVISOR_CONTEXT, MACHINE_CONTEXT = 0x20_1000, 0x20_0000


def run(body: Any, **settings: Any) -> Board:
    made = board(kernel(body, RAM), firmware="none", **settings)
    assert made.run(max_instructions=100_000).kind is Stop.EXIT
    return made


def handler_at(a: Any, enabled: int) -> None:
    """Set the vector, and let the given interrupts through."""
    a.la("t0", "handler")
    a.csrw(MTVEC, "t0")
    a.li("t0", enabled)
    a.csrw(MIE, "t0")
    a.csrrsi("zero", MSTATUS, 8)


def test_the_machine_timer_interrupts_and_its_line_falls_when_it_is_set_again() -> None:
    def body(a: Any) -> None:
        handler_at(a, 1 << 7)
        a.li("s1", CLINT + COMPARE)
        a.li("t0", 5)
        a.sd("t0", 0, "s1")
        a.label("loop")
        a.addi("s2", "s2", 1)
        a.j("loop")
        a.align(4)
        a.label("handler")
        a.csrr("s4", MCAUSE)
        a.addi("s3", "s3", 1)
        a.li("t1", CLINT + TIME)
        a.ld("s5", 0, "t1")
        a.addi("t1", "s5", 4)
        a.sd("t1", 0, "s1")
        a.li("t0", 3)
        a.beq("s3", "t0", "done")
        a.mret()
        a.label("done")
        store_results(a, ("s3", "s4", "s5"), WHERE)
        end(a)

    made = run(body)
    assert results(made, 3, WHERE) == (3, 1 << 63 | 7, 13)


def test_waiting_in_machine_mode_ends_with_the_timer_even_with_interrupts_off() -> None:
    def body(a: Any) -> None:
        a.li("t0", 1 << 7)
        a.csrw(MIE, "t0")
        a.li("s1", CLINT + COMPARE)
        a.li("t0", 12345)
        a.sd("t0", 0, "s1")
        a.wfi()
        a.rdtime("s2")
        a.csrr("s3", 0x344)
        store_results(a, ("s2", "s3"), WHERE)
        end(a)

    assert results(run(body), 2, WHERE) == (12345, 1 << 7)


def test_the_software_interrupt() -> None:
    def body(a: Any) -> None:
        handler_at(a, 1 << 3)
        a.li("s1", CLINT)
        a.li("t0", 1)
        a.sw("t0", 0, "s1")
        a.label("loop")
        a.j("loop")
        a.align(4)
        a.label("handler")
        a.csrr("s4", MCAUSE)
        a.sw("zero", 0, "s1")
        a.csrr("s5", 0x344)
        a.la("t0", "after")
        a.csrw(MEPC, "t0")
        a.mret()
        a.label("after")
        store_results(a, ("s4", "s5"), WHERE)
        end(a)

    assert results(run(body), 2, WHERE) == (1 << 63 | 3, 0)


def test_time_can_be_set() -> None:
    def body(a: Any) -> None:
        a.li("s1", CLINT + TIME)
        a.li("t0", 0x1_2345_6789)
        a.sd("t0", 0, "s1")
        a.ld("s2", 0, "s1")
        a.rdtime("s3")
        store_results(a, ("s2", "s3"), WHERE)
        end(a)

    first, second = results(run(body), 2, WHERE)
    assert 0x1_2345_6789 <= first <= second <= 0x1_2345_6789 + 2


@pytest.mark.parametrize(("context", "line"), [(MACHINE_CONTEXT, 11), (SUPERVISOR_CONTEXT, 9)])
def test_the_uart_interrupts_through_the_interrupt_controller(context: int, line: int) -> None:
    def body(a: Any) -> None:
        handler_at(a, 1 << line)
        a.li("s1", PLIC)
        a.li("t0", 1)
        a.sw("t0", 40, "s1")  # priority of source 10
        a.li("t1", PLIC + 0x2000 + (0x80 if line == 9 else 0))
        a.li("t0", 1 << 10)
        a.sw("t0", 0, "t1")
        a.li("s2", PLIC + context)
        a.li("s3", UART)
        a.li("t0", 1)
        a.sb("t0", 1, "s3")
        a.label("loop")
        a.j("loop")
        a.align(4)
        a.label("handler")
        a.csrr("s4", MCAUSE)
        a.lw("s5", 4, "s2")
        a.lw("s6", 4, "s2")
        a.lbu("s7", 0, "s3")
        a.sw("s5", 4, "s2")
        a.csrr("s8", 0x344)
        store_results(a, ("s4", "s5", "s6", "s7", "s8"), WHERE)
        end(a)

    made = board(kernel(body, RAM), firmware="none")
    made.feed(b"q", at_ns=2000)
    assert made.run(max_instructions=100_000).kind is Stop.EXIT
    assert results(made, 5, WHERE) == (1 << 63 | line, 10, 0, ord("q"), 0)
