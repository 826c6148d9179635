"""The judge sees what is wrong: histories that no right system can have, each with what must be complained of."""

import pytest

from atoll.cluster.simulation.history import Found, Result, Step, has_ended, read_steps
from atoll.cluster.simulation.model import judge
from atoll.cluster.simulation.scenario import Worker

NOTHING = Found({}, {}, {})


def steps(text: str, worker: int = 1) -> list[Step]:
    """Operations and results: `w5=1` was acknowledged with the value 1, `w5?` is unknown, `w5!` failed, `w5.` silent;
    `i0=3/101`: by the tally 101."""
    found = []
    for index, word in enumerate(text.split()):
        operation, _, value = word.partition("=")
        result = {"?": Result.UNKNOWN, "!": Result.FAILED, ".": Result.SILENT}.get(operation[-1], Result.OK)
        number = operation[1:].rstrip("?!.")
        told, _, epoch = value.partition("/")
        found.append(Step(worker, index, (operation[0], int(number)), result, int(told or 0), int(epoch or 0)))
    return found


def complaints(text: str, found: Found = NOTHING) -> list[str]:
    return judge({1: steps(text)}, found)


@pytest.mark.parametrize(
    ("text", "log"),
    [
        ("", []), ("w1=1 w2=2 r0=2", [1, 2]), ("w1? w2=1", [2]), ("w1? w2=2", [1, 2]), ("w1! r0=1 w2=2", [1, 2]),
        ("w1=1 w2.", [1]), ("w1=1 w2.", [1, 2]), ("w1. w2?", []),
    ],
)  # fmt: skip
def test_logs_that_are_right(text: str, log: list[int]) -> None:
    assert complaints(text, Found({1: log}, {}, {})) == []


@pytest.mark.parametrize(
    ("text", "log", "message"),
    [
        ("w1=1 w2=2", [1], "operation 1 (w2): ok 2, but the record is lost"),
        ("w1=1 w2=2", [2, 1], "out of order"),
        ("w1=1", [1, 1], "record 1 2 times"),
        ("w1?", [1, 1], "record 1 2 times"),
        ("w1=1", [1, 7], "record 7, which nobody wrote"),
        ("w1=1", [1, -1], "record -1, which nobody wrote"),
        ("w1=1 r0=0", [1], "had 0 records, not 1 to 1"),
        ("w1=1 r0=2", [1], "had 2 records, not 1 to 1"),
        ("w1=1 w2=3", [1, 2], "had 3 records, not 2 to 2"),
    ],
)
def test_logs_that_are_wrong(text: str, log: list[int], message: str) -> None:
    assert any(message in complaint for complaint in complaints(text, Found({1: log}, {}, {})))


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("e0=0 c0 e0=1 d0=1 e0=0", set()), ("c0?", {0}), ("c0?", set()), ("c0 d0!", {0}), ("c0 d0.", set()),
        ("c0? e0=1", set()),                    # seen before it was on the disk, then lost in a crash
        ("c1 c2", {1, 2}),
    ],
)  # fmt: skip
def test_files_that_are_right(text: str, files: set[int]) -> None:
    assert complaints(text, Found({}, {1: files}, {})) == []


@pytest.mark.parametrize(
    ("text", "files", "message"),
    [
        ("c0", set(), "file 0 of worker 1 is lost"),
        ("c0 d0=1", {0}, "file 0 of worker 1 is there"),
        ("", {2}, "file 2 of worker 1 is there"),
        ("c0 e0=0", {0}, "(e0): ok 0, but it should be 1"),
        ("e0=1", set(), "(e0): ok 1, but it should be 0"),
        ("n0 l0=0", set(), "(l0): ok 0, but it should be 1"),
        ("n0 x0=1 l0=1", set(), "(l0): ok 1, but it should be 0"),
        ("g0 s0=0", set(), "(s0): ok 0, but it should be 1"),
        ("g0 f0 s0=1", set(), "(s0): ok 1, but it should be 0"),
    ],
)
def test_what_is_there_and_should_not_be_or_not(text: str, files: set[int], message: str) -> None:
    assert any(message in complaint for complaint in complaints(text, Found({}, {1: files}, {})))


@pytest.mark.parametrize("text", ["p7=7 h3 b2=4 b60=1 o2007=7", "p7! p8? p9. b1!"])
def test_answers_that_are_right(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("p7=0", "ok 0, not 7"), ("o2007=130", "ok 130, not 7"), ("b2=5", "ok 5, not 4"), ("h3!", "(h3): failed")],
)
def test_answers_that_are_wrong(text: str, message: str) -> None:
    assert any(message in complaint for complaint in complaints(text))


def counted(first: str, second: str, value: int) -> list[str]:
    return judge({1: steps(first, 1), 2: steps(second, 2)}, Found({}, {}, {101: [value]}))


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ("i0=1/101 i0=3/101", "i0=2/101", 3), ("i0=1/101 i0?", "", 1), ("i0=1/101 i0?", "", 2), ("", "", 0),
        ("i0=1/102 i0=1/101", "i0=2/102", 1),   # of two tallies, one after the other
        ("i0! i0.", "i0=2/101", 2),
    ],
)  # fmt: skip
def test_counters_that_are_right(first: str, second: str, value: int) -> None:
    assert counted(first, second, value) == []


@pytest.mark.parametrize(
    ("first", "second", "value", "message"),
    [
        ("i0=1/101 i0=2/101", "", 1, "counter 0 of tally 101 is 1: 2 counts were acknowledged"),
        ("i0=1/101", "", 2, "counter 0 of tally 101 is 2: 1 counts were acknowledged"),
        ("i0=1/101 i0?", "", 3, "is 3: 1 counts were acknowledged, and 1 are unknown"),
        ("i0=1/101", "i0=1/101", 2, "had the value 1 for 2 calls"),
        ("i0=2/101 i0=1/101", "", 2, "went backwards for worker 1: [2, 1]"),
        ("i0=2/101", "i0?", 1, "is 1, and was told to be more"),
    ],
)
def test_counters_that_are_wrong(first: str, second: str, value: int, message: str) -> None:
    assert any(message in complaint for complaint in counted(first, second, value))


def test_what_workers_say() -> None:
    worker = Worker(3, "node1", 1, (("w", 5), ("i", 1), ("p", 7), ("r", 0), ("c", 1)))
    lines = ["[3] 11", "@3 0 ok 1 0", "@13 1 ok 9 9", "x$ @3 1 ok 4 101", "@3 2 failed /bin/worker: no memory",
             "@3 3 ok 1", "@3 end"]
    assert [(step.result, step.value, step.epoch) for step in read_steps(worker, lines)] == [
        (Result.OK, 1, 0), (Result.OK, 4, 101), (Result.FAILED, 0, 0),
        (Result.SILENT, 0, 0),                  # a line that the console has cut
        (Result.SILENT, 0, 0),
    ]  # fmt: skip
    assert has_ended(3, lines) and not has_ended(1, lines)
    assert str(read_steps(worker, lines)[2]) == "worker 3, operation 2 (p7): failed /bin/worker: no memory"
