"""A link's direction: bandwidth and latency are kept, the queue has an end, faults are counted and seeded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.net.wire import OVERHEAD, SECOND, Arrival, Direction, Faults, Medium

CHANCE = st.sampled_from([0.0, 0.1, 0.5, 1.0])
FAULTS = st.builds(Faults, CHANCE, CHANCE, CHANCE, CHANCE, st.integers(1, 5))
MEDIA = st.builds(Medium, st.integers(1_000, 10**10), st.integers(0, 10**6), st.integers(1, 20))
# Frames, each with the time since the one before.
TRAFFIC = st.lists(st.tuples(st.integers(0, 200_000), st.binary(min_size=1, max_size=80)), max_size=30)


def run(direction: Direction, traffic: list[tuple[int, bytes]]) -> list[tuple[int, bytes, list[Arrival]]]:
    """When each frame was offered, and what became of it."""
    now, came = 0, []
    for pause, frame in traffic:
        now += pause
        came.append((now, frame, direction.send(frame, now)))
    return came


@given(MEDIA, TRAFFIC)
def test_a_sound_link_keeps_bandwidth_latency_and_order(medium: Medium, traffic: list[tuple[int, bytes]]) -> None:
    last = 0
    for now, frame, arrivals in run(Direction(medium), traffic):
        for time, copy in arrivals:
            least = 8 * (len(frame) + OVERHEAD) * SECOND / medium.bits_per_second
            assert copy == frame
            assert time >= now + medium.latency_ns + least
            assert time - last >= least                # the last one had to be on the wire first
            assert time <= max(now + medium.latency_ns, last) + least + 1   # and no idle wire while one waits
            last = time


@given(MEDIA, FAULTS, TRAFFIC, st.integers(0, 99))
def test_nothing_is_invented_and_the_counts_add_up(
    medium: Medium, faults: Faults, traffic: list[tuple[int, bytes]], seed: int
) -> None:
    direction = Direction(medium, "a-b", seed)
    direction.faults = faults
    arrived = changed = 0
    for now, frame, arrivals in run(direction, traffic):
        arrived += len(arrivals)
        for time, copy in arrivals:
            assert time >= now + medium.latency_ns + medium.frame_time(len(frame))
            assert len(copy) == len(frame)
            changed += copy != frame
    counts = direction.counts
    assert len(traffic) == counts.frames + counts.cut + counts.overflowed
    assert arrived == counts.frames - counts.lost + counts.doubled
    assert changed == counts.damaged
    assert faults.loss != 1.0 or arrived == 0
    assert faults.duplication != 1.0 or counts.doubled == counts.frames - counts.lost


@given(MEDIA, FAULTS, TRAFFIC, st.integers(0, 99), st.integers(0, 30))
def test_the_same_seed_does_the_same_also_from_a_saved_state(
    medium: Medium, faults: Faults, traffic: list[tuple[int, bytes]], seed: int, cut: int
) -> None:
    first, second = Direction(medium, "a-b", seed), Direction(medium, "a-b", seed)
    first.faults = faults
    begin = sum(pause for pause, _ in traffic[:cut])
    run(first, traffic[:cut])
    second.restore(first.save())
    rest = [(begin + pause if number == 0 else pause, frame) for number, (pause, frame) in enumerate(traffic[cut:])]
    assert run(first, rest) == run(second, rest)
    assert first.save() == second.save()


def test_seed_and_direction_matter() -> None:
    patterns = set()
    for seed, name in ((1, "a-b"), (2, "a-b"), (1, "b-a")):
        direction = Direction(Medium(), name, seed)
        direction.faults = Faults(loss=0.5)
        patterns.add(tuple(bool(direction.send(b"x", time * 10_000)) for time in range(64)))
    assert len(patterns) == 3


def test_chances_come_true() -> None:
    direction = Direction(Medium(), "a-b", 3)
    direction.faults = Faults(loss=0.1, duplication=0.05, reordering=0.2, corruption=0.3)
    for number in range(4000):
        direction.send(bytes(100), number * 100_000)
    counts = direction.counts
    copies = counts.frames - counts.lost + counts.doubled
    for count, of, chance in (
        (counts.lost, counts.frames, 0.1), (counts.doubled, counts.frames - counts.lost, 0.05),
        (counts.late, copies, 0.2), (counts.damaged, copies, 0.3),
    ):  # fmt: skip
        assert chance * 0.8 < count / of < chance * 1.2


def test_a_full_queue_drops_and_empties() -> None:
    direction = Direction(Medium(8_000_000, 0, 2))     # a byte each microsecond
    sent = [bool(direction.send(bytes(76), 0)) for _ in range(3)]
    assert sent == [True, True, False]
    assert direction.send(bytes(76), 100_000) == [(300_000, bytes(76))]    # the first of them has left
    assert direction.counts.overflowed == 1


def test_a_cut_and_a_slow_link() -> None:
    direction = Direction(Medium(8_000_000, 1_000))
    direction.faults = Faults(slow=3)
    assert direction.send(bytes(76), 0) == [(303_000, bytes(76))]
    direction.faults = Faults(cut=True)
    assert direction.send(bytes(76), 0) == []
    assert (direction.counts.frames, direction.counts.cut) == (1, 1)


@pytest.mark.parametrize("wrong", [{"loss": 1.1}, {"corruption": -0.1}, {"slow": 0}])
def test_faults_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).replace("slow", "slower")):
        Faults(**wrong)                                # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_media_that_cannot_be(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="a wire has"):
        Medium(*wrong)
