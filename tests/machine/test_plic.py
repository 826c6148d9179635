"""The interrupt controller: priorities, thresholds, claims, levels."""

from atoll.machine.plic import MACHINE, SUPERVISOR, Plic

ENABLE_S, THRESHOLD_S, CLAIM_S = 0x2080, 0x20_1000, 0x20_1004
CLAIM_M = 0x20_0004


def plic(priorities: dict[int, int]) -> Plic:
    made = Plic(lambda: None)
    for source, priority in priorities.items():
        made.write(4 * source, 4, priority)
    made.write(ENABLE_S, 4, sum(1 << source for source in priorities))
    return made


def test_the_highest_priority_comes_first_then_the_lowest_number() -> None:
    made = plic({3: 1, 5: 2, 7: 2})
    for source in (3, 5, 7):
        made.set_level(source, True)
    assert [made.read(CLAIM_S, 4) for _ in range(4)] == [5, 7, 3, 0]


def test_a_level_that_stays_comes_again_after_completion() -> None:
    made = plic({4: 1})
    made.set_level(4, True)
    assert made.line(SUPERVISOR) and not made.line(MACHINE)
    assert made.read(CLAIM_S, 4) == 4
    assert not made.line(SUPERVISOR)
    made.write(CLAIM_S, 4, 4)
    assert made.line(SUPERVISOR)
    made.set_level(4, False)
    assert not made.line(SUPERVISOR)


def test_the_threshold_hides_the_interrupt_but_not_the_claim() -> None:
    made = plic({4: 3})
    made.set_level(4, True)
    made.write(THRESHOLD_S, 4, 3)
    assert not made.line(SUPERVISOR)
    assert made.read(THRESHOLD_S, 4) == 3
    assert made.read(CLAIM_S, 4) == 4


def test_a_source_without_priority_or_enable_is_silent() -> None:
    made = plic({4: 0})
    made.set_level(4, True)
    made.set_level(9, True)
    assert not made.line(SUPERVISOR)
    assert made.read(CLAIM_S, 4) == 0
    assert made.read(CLAIM_M, 4) == 0
    assert made.read(0x1000, 4) == 1 << 4 | 1 << 9


def test_source_zero_cannot_be_enabled_and_unknown_completions_do_nothing() -> None:
    made = plic({})
    made.write(ENABLE_S, 4, 0xFFFF_FFFF)
    assert made.read(ENABLE_S, 4) == 0xFFFF_FFFE
    made.write(CLAIM_S, 4, 0xFFFF_FFFF)
    made.write(0, 4, 5)
    assert made.read(0, 4) == 0


def test_narrow_accesses_do_nothing() -> None:
    made = plic({4: 1})
    made.set_level(4, True)
    assert made.read(CLAIM_S, 1) == 0
    assert made.line(SUPERVISOR)
    made.write(16, 1, 0)
    assert made.read(16, 4) == 1
