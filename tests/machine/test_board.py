"""The board as a kernel meets it: registers at entry, ways to print, ways to end, time, and what a run's limits do."""

from typing import Any

import fdt
import pytest

from atoll.machine.board import Board, Stop
from atoll.machine.config import BoardConfig
from atoll.machine.errors import ConfigError, ImageError
from tests.machine.guest import (
    FINISHER,
    RAM,
    SCAUSE,
    SIE,
    SSTATUS,
    STVEC,
    board,
    end,
    kernel,
    put,
    results,
    sbi,
    store_results,
)  # fmt: skip

WHERE = RAM + 0x10_0000
TIMER_EXTENSION = 0x5449_4D45


def run(body: Any, **settings: Any) -> Board:
    made = board(kernel(body), **settings)
    assert made.run(max_instructions=1_000_000).kind is Stop.EXIT
    return made


def test_a_kernel_prints_by_the_uart_and_by_both_consoles_of_the_firmware() -> None:
    def body(a: Any) -> None:
        put(a, "one ")
        sbi(a, 1, a0=ord("t"))
        sbi(a, 0x4442_434E, 2, a0=ord("w"))
        a.li("t0", WHERE)
        a.li("t1", int.from_bytes(b"o three ", "little"))
        a.sd("t1", 0, "t0")
        sbi(a, 0x4442_434E, 0, a0=8, a1=WHERE, a2=0)
        end(a)

    assert run(body).uart.sent == b"one two three "


def test_a_kernel_starts_with_its_hart_the_device_tree_and_interrupts_off() -> None:
    def body(a: Any) -> None:
        a.csrr("t0", SSTATUS)
        store_results(a, ("a0", "a1", "t0", "sp", "t6"), WHERE)
        end(a)

    made = run(body, bootargs="node=node1")
    hart, tree, status, sp, other = results(made, 5, WHERE)
    assert (hart, status & 2, sp, other) == (0, 0, 0, 0)
    parsed = fdt.parse_dtb(made.ram.read(tree, 16384))
    assert parsed.get_property("bootargs", "/chosen").value == "node=node1"


@pytest.mark.parametrize(("status", "value"), [(0, 0x5555), (1, 1 << 16 | 0x3333), (77, 77 << 16 | 0x3333)])
def test_the_test_device_carries_the_exit_status(status: int, value: int) -> None:
    def body(a: Any) -> None:
        a.li("t0", FINISHER)
        a.li("t1", value)
        a.sw("t1", 0, "t0")
        a.label("stay")
        a.j("stay")

    reason = board(kernel(body)).run(max_instructions=1000)
    assert (reason.kind, reason.status) == (Stop.EXIT, status)


@pytest.mark.parametrize(("kind", "reason", "stop", "status"), [
    (0, 0, Stop.EXIT, 0), (0, 1, Stop.EXIT, 1), (1, 0, Stop.RESET, 0), (2, 0, Stop.RESET, 0),
])  # fmt: skip
def test_the_firmware_ends_the_machine(kind: int, reason: int, stop: Stop, status: int) -> None:
    ended = board(kernel(lambda a: sbi(a, 0x5352_5354, 0, a0=kind, a1=reason))).run(max_instructions=1000)
    assert (ended.kind, ended.status) == (stop, status)


def test_after_a_reset_the_board_boots_again_and_time_goes_on() -> None:
    def body(a: Any) -> None:
        put(a, "x")
        sbi(a, 0x5352_5354, 0, a0=1, a1=0)

    made = board(kernel(body))
    for _ in range(3):
        assert made.run(max_instructions=1000).kind is Stop.RESET
        made.boot()
    assert made.uart.sent == b"xxx"
    assert made.instructions == 27


def test_time_is_instructions_at_the_clock_rate() -> None:
    def body(a: Any) -> None:
        a.label("loop")
        a.addi("t0", "t0", 1)
        a.j("loop")

    made = board(kernel(body), clock_hz=100_000_000)
    assert made.run(max_instructions=1000).kind is Stop.UNTIL
    assert (made.instructions, made.time_ns) == (1000, 10_000)
    assert made.run(until_ns=20_000).kind is Stop.UNTIL
    assert (made.instructions, made.time_ns) == (2000, 20_000)


def test_a_limit_is_met_at_the_first_block_that_begins_at_or_after_it() -> None:
    def body(a: Any) -> None:
        a.label("loop")
        for _ in range(9):
            a.addi("t0", "t0", 1)
        a.j("loop")

    made = board(kernel(body))
    made.run(max_instructions=101)
    assert made.instructions == 110


def test_rdtime_reads_the_time_base_of_the_very_instruction() -> None:
    def body(a: Any) -> None:
        for _ in range(250):
            a.nop()
        a.rdtime("s2")
        for _ in range(99):
            a.nop()
        a.rdtime("s3")
        a.rdtime("zero")
        store_results(a, ("s2", "s3"), WHERE)
        end(a)

    assert results(run(body), 2, WHERE) == (2, 3)  # 251 and 351 instructions of 1 ns, in ticks of 100 ns


def test_waiting_costs_nothing_and_ends_with_the_timer() -> None:
    def body(a: Any) -> None:
        a.li("t0", 1 << 5)
        a.csrw(SIE, "t0")
        sbi(a, TIMER_EXTENSION, a0=50_000_000)
        a.wfi()
        a.rdtime("s2")
        store_results(a, ("s2",), WHERE)
        end(a)

    made = run(body)
    assert results(made, 1, WHERE) == (50_000_000,)
    assert made.instructions < 50
    assert made.time_ns == made.idle_ns + made.instructions > 5_000_000_000 - 1


def test_a_guest_that_waits_for_nothing_is_reported() -> None:
    made = board(kernel(lambda a: (a.nop(), a.wfi(), a.nop(), a.nop(), a.ecall())))
    assert made.run().kind is Stop.IDLE
    assert (made.instructions, made.idle, made.next_event_ns) == (2, True, None)
    assert made.run(until_ns=1000).kind is Stop.UNTIL
    assert made.time_ns == 1000


def test_a_handler_that_faults_at_once_is_reported_with_its_address() -> None:
    def body(a: Any) -> None:
        a.csrw(STVEC, "zero")
        a.ebreak()

    reason = board(kernel(body)).run()
    assert (reason.kind, reason.address) == (Stop.STUCK, 0)
    assert str(reason) == "the guest's trap handler faults on its first instruction, for ever (at 0x0)"


def test_timer_interrupts_come_at_the_same_instruction_however_the_run_is_cut() -> None:
    def body(a: Any) -> None:
        a.la("t0", "handler")
        a.csrw(STVEC, "t0")
        a.li("t0", 1 << 5)
        a.csrw(SIE, "t0")
        a.csrrsi("zero", SSTATUS, 2)
        a.li("s3", WHERE)
        sbi(a, TIMER_EXTENSION, a0=3)
        a.label("loop")
        a.addi("s2", "s2", 1)
        a.addi("s4", "s4", 3)
        a.j("loop")
        a.align(4)
        a.label("handler")
        a.csrr("t0", SCAUSE)
        a.sd("s2", 0, "s3")
        a.addi("s3", "s3", 8)
        a.rdtime("a0")
        a.addi("a0", "a0", 7)
        a.li("a7", TIMER_EXTENSION)
        a.li("a6", 0)
        a.ecall()
        a.sret()

    seen = []
    for step in (100_000, 777, 50):
        made = board(kernel(body))
        while made.instructions < 10_000:
            made.run(max_instructions=step)
        seen.append(results(made, 10, WHERE))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] > 0 and seen[0][9] > seen[0][8]


def test_input_arrives_at_its_time() -> None:
    def body(a: Any) -> None:
        a.li("t0", 0x1000_0000)
        a.label("wait")
        a.lbu("t1", 5, "t0")
        a.andi("t1", "t1", 1)
        a.beq("t1", "zero", "wait")
        a.lbu("s2", 0, "t0")
        a.rdtime("s3")
        store_results(a, ("s2", "s3"), WHERE)
        end(a)

    made = board(kernel(body))
    made.feed(b"k", at_ns=5_000)
    made.run(max_instructions=100_000)
    assert results(made, 2, WHERE) == (ord("k"), 50)


def test_nothing_happens_without_a_kernel() -> None:
    with pytest.raises(ImageError, match=r"^the board has no kernel: load one first$"):
        Board().run()


@pytest.mark.parametrize(("settings", "message"), [
    ({"ram_bytes": 1000}, "RAM of 1000 bytes is not possible: it can be 4 MiB to 64 GiB, in pages of 4096 bytes"),
    ({"clock_hz": 5}, "a clock of 5 Hz is not possible: it can be 10 MHz to 100 GHz"),
    ({"hooks": "quick"}, 'hooks "quick" are not known: write "native" or "interpreted"'),
    ({"firmware": "own"}, 'firmware "own" is not known: write "host" or "none"'),
    ({"mac": b"123"}, "an Ethernet address has 6 bytes, not 3"),
    ({"bootargs": "a\0b"}, "bootargs cannot hold a zero byte"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        BoardConfig(**settings)
    assert str(refused.value) == message


def test_an_exception_of_the_hosts_own_callback_comes_out_of_the_run() -> None:
    def fail(data: bytes) -> None:
        raise BrokenPipeError("nobody reads")

    made = board(kernel(lambda a: put(a, "text")))
    made.uart.output = fail
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        made.run()


def test_the_initial_ram_disk_is_where_the_device_tree_says() -> None:
    made = board(kernel(end))
    made.load_initrd(b"ustar archive")
    made.run(max_instructions=100)
    tree = fdt.parse_dtb(made.ram.read(made.ram.end - 65536, 65536))
    start, finish = (tree.get_property(f"linux,initrd-{name}", "/chosen").data[1] for name in ("start", "end"))
    assert made.ram.read(start, finish - start) == b"ustar archive"
