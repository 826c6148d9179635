"""Exceptions as the privileged specification has them: cause, address, value, delegation, both trap levels."""

from typing import Any

import pytest

from atoll.machine.board import Stop
from tests.machine.guest import (
    CLINT,
    KERNEL,
    MCAUSE,
    MEDELEG,
    MEPC,
    MSTATUS,
    MTVAL,
    MTVEC,
    RAM,
    SATP,
    SCAUSE,
    SCOUNTEREN,
    SEPC,
    SSTATUS,
    STVAL,
    STVEC,
    board,
    end,
    kernel,
    results,
    store_results,
)  # fmt: skip

WHERE = RAM + 0x10_0000
VOID = 0x5000_0000
TABLE = RAM + 0x30_0000
USER_OFFSET = 0x8000_0000


def trapped(trap: Any, user: bool = True, paging: bool = False, before: Any = None) -> tuple[int, ...]:
    """Run `trap` in user or supervisor mode; answers scause, sepc from the start of it, stval, sstatus."""

    def body(a: Any) -> None:
        a.la("t0", "handler")
        a.addi("t0", "t0", 1)  # vectored: exceptions go to the base all the same
        a.csrw(STVEC, "t0")
        if paging:
            a.li("t0", TABLE)
            for index, bits in ((0, 0xC7), (2, 0xCF), (4, 0xDF)):
                a.li("t1", (RAM >> 2 if index else 0) | bits)
                a.sd("t1", 8 * index, "t0")
            a.li("t0", 8 << 60 | TABLE >> 12)
            a.csrw(SATP, "t0")
        if before is not None:
            before(a)
        a.la("s2", "trap")
        a.li("t1", USER_OFFSET if paging and user else 0)
        a.add("s2", "s2", "t1")
        a.csrw(SEPC, "s2")
        a.li("t0", 0 if user else 1 << 8)
        a.csrrc("zero", SSTATUS, "t0") if user else a.csrrs("zero", SSTATUS, "t0")
        a.sret()
        a.align(4)
        a.label("handler")
        a.csrr("s3", SCAUSE)
        a.csrr("s4", SEPC)
        a.sub("s4", "s4", "s2")
        a.csrr("s5", STVAL)
        a.csrr("s6", SSTATUS)
        store_results(a, ("s3", "s4", "s5", "s6"), WHERE)
        end(a)
        a.label("trap")
        trap(a)

    made = board(kernel(body))
    assert made.run(max_instructions=10_000).kind is Stop.EXIT
    return results(made, 4, WHERE)


def load_from(address: int, mnemonic: str = "ld") -> Any:
    def trap(a: Any) -> None:
        a.li("t0", address - 8)
        a.label("here")
        getattr(a, mnemonic)("t1", 8, "t0")

    return trap


@pytest.mark.parametrize("user", [True, False])
@pytest.mark.parametrize(("mnemonic", "cause"), [("ld", 5), ("lbu", 5), ("sd", 7), ("sb", 7)])
def test_an_access_to_where_nothing_is(mnemonic: str, cause: int, user: bool) -> None:
    seen, _, value, status = trapped(load_from(VOID, mnemonic), user)
    assert (seen, value) == (cause, VOID)
    assert bool(status & 1 << 8) is not user


@pytest.mark.parametrize(("mnemonic", "cause"), [("ld", 13), ("sw", 15)])
def test_an_access_to_a_page_that_is_not_there(mnemonic: str, cause: int) -> None:
    seen, _, value, _ = trapped(load_from(0x1_4000_0123, mnemonic), paging=True)
    assert (seen, value) == (cause, 0x1_4000_0123)


def test_an_access_that_fails_in_one_page_and_ends_in_the_next() -> None:
    begin = RAM + USER_OFFSET - 3
    seen, _, value, _ = trapped(load_from(begin), paging=True)
    assert (seen, value) == (13, begin)


@pytest.mark.parametrize(("paging", "cause"), [(False, 7), (True, 15)])
def test_an_atomic_that_fails_counts_as_a_store(paging: bool, cause: int) -> None:
    def trap(a: Any) -> None:
        a.li("t0", VOID)
        a.amoadd_d("t1", "t2", "t0")

    seen, _, value, _ = trapped(trap, paging=paging)
    assert (seen, value) == (cause, VOID)


@pytest.mark.parametrize(("mnemonic", "cause"), [("lr_d", 4), ("amoadd_d", 6), ("sc_d", 6)])
def test_an_unaligned_atomic(mnemonic: str, cause: int) -> None:
    def trap(a: Any) -> None:
        a.li("t0", WHERE + 1)
        getattr(a, mnemonic)(*(("t1", "t0") if mnemonic == "lr_d" else ("t1", "t2", "t0")))

    seen, _, value, _ = trapped(trap)
    if mnemonic != "sc_d":  # a store-conditional without a reservation may fail before it looks at the address
        assert (seen, value) == (cause, WHERE + 1)


@pytest.mark.parametrize(("paging", "cause"), [(False, 1), (True, 12)])
def test_a_jump_into_the_void(paging: bool, cause: int) -> None:
    def trap(a: Any) -> None:
        a.li("t0", VOID)
        a.jr("t0")

    seen, _, value, _ = trapped(trap, paging=paging)
    assert (seen, value) == (cause, VOID)


def test_calls_and_breakpoints_and_illegal_instructions() -> None:
    assert trapped(lambda a: a.ecall())[:3] == (8, 0, 0)
    assert trapped(lambda a: a.ebreak())[:3] == (3, 0, 0)
    assert trapped(lambda a: a.word(0xFFFF_FFFF))[:3] == (2, 0, 0xFFFF_FFFF)
    assert trapped(lambda a: (a.nop(), a.csrr("t0", SATP)))[:3] == (2, 4, 0x1800_22F3)
    assert trapped(lambda a: a.csrw(0xC01, "t0"), user=False)[:3] == (2, 0, 0xC012_9073)


def test_time_is_readable_in_user_mode_only_if_the_kernel_says_so() -> None:
    def forbid(a: Any) -> None:
        a.csrw(SCOUNTEREN, "zero")

    assert trapped(lambda a: (a.rdtime("t0"), a.ecall()))[:2] == (8, 4)
    assert trapped(lambda a: (a.rdtime("t0"), a.ecall()), before=forbid)[:3] == (2, 0, 0xC010_22F3)


def test_interrupts_are_off_in_the_handler_and_were_on_before() -> None:
    def allow(a: Any) -> None:
        a.li("t0", 1 << 5)
        a.csrs(SSTATUS, "t0")  # SPIE: on after sret

    assert trapped(lambda a: a.ebreak(), before=allow)[3] & 0b100010 == 0b100000
    assert trapped(lambda a: a.ebreak())[3] & 0b100010 == 0


@pytest.mark.parametrize("address", [RAM, RAM + 0x7_FFF8, CLINT + 0xBFF8])
def test_the_firmware_keeps_its_memory_and_the_machine_timer_to_itself(address: int) -> None:
    seen, _, value, _ = trapped(load_from(address), user=False)
    assert (seen, value) == (5, address)


def in_machine_mode(trap: Any, delegated: int = 0) -> tuple[int, ...]:
    """Run `trap` in M mode, on a board without firmware; answers mcause, mepc, mtval, mstatus."""

    def body(a: Any) -> None:
        a.la("t0", "handler")
        a.csrw(MTVEC, "t0")
        a.li("t0", delegated)
        a.csrw(MEDELEG, "t0")
        trap(a)
        a.align(4)
        a.label("handler")
        a.csrr("s3", MCAUSE)
        a.csrr("s4", MEPC)
        a.csrr("s5", MTVAL)
        a.csrr("s6", MSTATUS)
        store_results(a, ("s3", "s4", "s5", "s6"), WHERE)
        end(a)

    made = board(kernel(body, RAM), firmware="none")
    assert made.run(max_instructions=10_000).kind is Stop.EXIT
    assert made.cpu.privilege == 3
    return results(made, 4, WHERE)


def test_machine_mode_takes_its_own_exceptions_even_when_they_are_delegated() -> None:
    cause, _, value, status = in_machine_mode(lambda a: a.ecall(), delegated=0xB1FF)
    assert (cause, value, status >> 11 & 3) == (11, 0, 3)
    assert in_machine_mode(lambda a: a.word(0), delegated=0xB1FF)[0] == 2


@pytest.mark.parametrize(("mnemonic", "cause"), [("ld", 5), ("sd", 7), ("lhu", 5), ("sb", 7)])
def test_machine_mode_meets_the_void(mnemonic: str, cause: int) -> None:
    seen, where, value, _ = in_machine_mode(load_from(VOID, mnemonic))
    assert (seen, value) == (cause, VOID)
    assert RAM < where < RAM + 0x100


def test_machine_mode_jumps_into_the_void() -> None:
    assert in_machine_mode(lambda a: (a.li("t0", VOID), a.jr("t0")))[:3] == (1, VOID, VOID)


def test_machine_mode_jumps_into_a_device() -> None:
    assert in_machine_mode(lambda a: (a.li("t0", CLINT), a.jr("t0")))[:2] == (1, CLINT)


def test_the_image_without_firmware_starts_where_its_entry_is() -> None:
    made = board(kernel(end, KERNEL), firmware="none")
    assert made.run(max_instructions=100).kind is Stop.EXIT
