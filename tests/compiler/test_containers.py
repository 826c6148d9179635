"""Ring and Table of the run-time library, run in CPython by the language's rules, against deque and dict."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules, run_module

USES = '''
"""Rings and tables of several types."""

from dataclasses import dataclass

from atoll.abi.types import Text, u16, u64
from atoll.userland.runtime.containers import Ring, Table

CAPACITY = 5


@dataclass
class Event:
    number: u16
    name: Text


numbers: Ring[u16, 3] = Ring()
events: Ring[Event, CAPACITY] = Ring()
by_number: Table[u64, u16, 7] = Table()
by_name: Table[Text, Event, CAPACITY] = Table()
'''


@pytest.fixture
def uses(tmp_path: Path) -> ModuleType:
    """A fresh module with empty containers."""
    return load(tmp_path)


def load(folder: Path) -> ModuleType:
    """The module of USES."""
    path = folder / "uses.py"
    path.write_text(USES)
    return run_module(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where property tests write their module."""
    return tmp_path_factory.mktemp("containers")


@given(steps=st.lists(st.one_of(st.integers(0, 65535), st.sampled_from(["pop", "peek", "clear"])), max_size=40))
def test_ring_is_a_bounded_deque(folder: Path, steps: list[int | str]) -> None:
    ring = load(folder).numbers
    model: deque[int] = deque()
    for step in steps:
        if isinstance(step, int):
            if len(model) == 3:
                assert ring.full
                with pytest.raises(Exception, match="the ring is full"):
                    ring.push(step)
            else:
                ring.push(step)
                model.append(step)
        elif step == "clear":
            ring.clear()
            model.clear()
        elif not model:
            assert ring.empty
            with pytest.raises(Exception, match="the ring is empty"):
                getattr(ring, step)()
        elif step == "pop":
            assert ring.pop() == model.popleft()
        else:
            assert ring.peek() == model[0]
        assert [ring[i] for i in range(len(ring))] == list(model)


KEYS = st.integers(0, 12).map(lambda n: n * 2**60)


STEPS = st.tuples(st.sampled_from(["insert", "remove", "find"]), KEYS, st.integers(0, 65535))


@given(steps=st.lists(STEPS, max_size=60))
def test_table_is_a_bounded_dict(folder: Path, steps: list[tuple[str, int, int]]) -> None:
    table = load(folder).by_number
    model: dict[int, int] = {}
    for step, key, value in steps:
        if step == "remove":
            assert table.remove(key) == (model.pop(key, None) is not None)
        elif step == "find":
            assert table.find(key) == model.get(key)
        elif key not in model and len(model) == 7:
            with pytest.raises(Exception, match="the table is full"):
                table.insert(key, value)
        else:
            table.insert(key, value)
            model[key] = value
        assert len(table) == len(model)
        assert all((key in table) == (key in model) for key in range(0, 13 * 2**60, 2**60))
        assert entries(table) == model
        # Marks are swept away with the last entry: a table that was emptied searches as fast as a new one.
        assert model or not any(table.states)


def entries(table: object) -> dict[int, int]:
    """All entries, by going over the places."""
    found = {}
    place = table.next_place(-1)  # type: ignore[attr-defined]  # a Table
    while place >= 0:
        found[table.keys[place]] = table.values[place]  # type: ignore[attr-defined]
        place = table.next_place(place)  # type: ignore[attr-defined]
    return found


def test_structures_are_copied_in_and_referred_to(uses: ModuleType) -> None:
    event = uses.Event(7, "boot")
    uses.events.push(event)
    event.number = 8
    assert uses.events.peek().number == 7
    uses.events.peek().number = 9
    assert uses.events.pop().number == 9


def test_values_by_text(uses: ModuleType) -> None:
    uses.by_name.insert("console", uses.Event(1, "a"))
    uses.by_name.insert("files", uses.Event(2, "b"))
    found = uses.by_name.find("files")
    found.number += 40
    uses.by_name.remove("console")
    assert uses.by_name.find("files").number == 42
    assert uses.by_name.find("console") is None
    assert "console" not in uses.by_name


def test_an_index_outside_the_ring_is_an_error(uses: ModuleType) -> None:
    uses.numbers.push(1)
    for index in (1, -1, 3):
        with pytest.raises(IndexError, match="out of range for length 1"):
            uses.numbers[index]


def test_hash_is_the_published_one() -> None:
    """FNV-1a of "a" and of nothing, from the specification's test vectors."""
    with guest_modules():
        from atoll.userland.runtime.containers import hash_of

        assert hash_of("a") == 0xAF63DC4C8601EC8C
        assert hash_of("") == 0xCBF29CE484222325
        assert hash_of(12) == hash_of("12")
