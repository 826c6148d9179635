"""The library's pure parts, run in CPython by the language's rules, against Python itself."""

from __future__ import annotations

import importlib
import posixpath
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.abi.cpython.integers import i64, u64
from atoll.compiler.cpython import guest_modules, run_module

VECTOR = '''
"""A list of numbers."""

from atoll.abi.types import Array, i64
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector

numbers: Vector[i64, 5] = Vector()
texts: StringBuilder[12] = StringBuilder()
items: Array[i64, 40] = Array()
scratch: Array[i64, 40] = Array()
'''


@cache
def library(name: str) -> ModuleType:
    """A module of userland/library."""
    with guest_modules():
        return importlib.import_module(f"atoll.userland.library.{name}")


@pytest.fixture(scope="module")
def uses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file with containers of several types."""
    path = tmp_path_factory.mktemp("library") / "uses.py"
    path.write_text(VECTOR)
    yield path


# ---- numbers and texts ----


@given(st.text("0123456789+-_ x", max_size=6) | st.integers(-(2**65), 2**65).map(str))
def test_numbers_are_parsed_as_python_does(text: str) -> None:
    for name, low, high in (("parse_unsigned", 0, 2**64), ("parse_signed", -(2**63), 2**63)):
        plain = text.lstrip("+-") if name == "parse_signed" and text[:2] not in ("+-", "-+", "--", "++") else text
        wanted = int(text) if plain.isdigit() and low <= int(text) < high else None
        if wanted is None:
            with pytest.raises(ValueError, match="number"):
                getattr(library("text"), name)(text)
        else:
            assert getattr(library("text"), name)(text) == wanted


@given(st.integers(0, 2**64 - 1))
def test_hexadecimal_numbers(value: int) -> None:
    assert library("text").parse_unsigned(f"{value:x}", 16) == value
    assert library("text").parse_unsigned(f"{value:X}", 16) == value


@given(st.text(" \t\r\nab"))
def test_strip_and_words(text: str) -> None:
    assert library("text").strip(text) == text.strip()
    words = library("text").Words()
    words.start(text)
    found = []
    while (word := words.next()) is not None:
        found.append(str(word))
    assert found == text.split()


@given(st.text("ab=", max_size=8))
def test_cut_is_partition(text: str) -> None:
    before, _, after = text.partition("=")
    assert library("text").cut(text, ord("=")) == (before, after)
    assert library("text").find_byte(text, ord("=")) == text.find("=")
    assert library("text").find_last_byte(text, ord("=")) == text.rfind("=")


@given(st.lists(st.text("abc", max_size=5), max_size=6))
def test_a_builder_holds_what_fits(uses: Path, parts: list[str]) -> None:
    builder = run_module(uses).texts
    model = ""
    for part in parts:
        if len(model) + len(part) > 12:
            with pytest.raises(Exception, match="too long"):
                builder.add(part)
        else:
            builder.add(part)
            model += part
    assert builder.text == model
    assert len(builder) == len(model)


# ---- paths ----


@given(path=st.text("ab./", max_size=12))
def test_paths_are_normalised_as_python_does(normalised: Any, path: str) -> None:
    library("paths").normalise(f"/{path}", normalised)
    assert normalised.text == posixpath.normpath(f"/{path}").replace("//", "/")


@pytest.fixture(scope="module")
def normalised() -> Any:
    """Room for a path."""
    return library("paths").Working().path


@pytest.mark.parametrize(
    ("path", "name", "parent"),
    [("/a/b", "b", "/a"), ("/a", "a", "/"), ("a", "a", ""), ("/", "/", "/"), ("a/b/", "b", "a/b"), ("", "", "")],
)
def test_parts_of_paths(path: str, name: str, parent: str) -> None:
    assert library("paths").base_name(path) == name
    assert library("paths").parent_of(path) == parent


# ---- lists ----


@given(st.lists(st.tuples(st.sampled_from(["append", "insert", "remove", "pop"]), st.integers(0, 6)), max_size=25))
def test_a_vector_is_a_bounded_list(uses: Path, steps: list[tuple[str, int]]) -> None:
    vector = run_module(uses).numbers
    model: list[int] = []
    for step, number in steps:
        wanted = failure(model, step, number)
        if wanted is not None:
            with pytest.raises(Exception, match=wanted):
                getattr(vector, step)(*arguments(step, number))
        elif step == "append":
            vector.append(number)
            model.append(number)
        elif step == "insert":
            vector.insert(number, number + 10)
            model.insert(number, number + 10)
        elif step == "remove":
            vector.remove(number)
            del model[number]
        else:
            assert vector.pop() == model.pop()
        assert list(vector.items) == model


def arguments(step: str, number: int) -> tuple[int, ...]:
    return {"append": (number,), "insert": (number, number + 10), "remove": (number,), "pop": ()}[step]


def failure(model: list[int], step: str, number: int) -> str | None:
    """What a step must complain of."""
    if step == "pop":
        return None if model else "no element"
    if step in {"insert", "remove"} and number > len(model) - (step == "remove"):
        return "out of range"
    return "holds 5 elements" if step in {"append", "insert"} and len(model) == 5 else None


@given(st.lists(st.integers(-100, 100), max_size=40))
def test_sorting(uses: Path, values: list[int]) -> None:
    module, sorting = run_module(uses), library("sorting")

    def fresh() -> Any:
        for index, value in enumerate(values):
            module.items[index] = value
        return module.items[0 : len(values)]

    items = fresh()
    assert sorting.is_sorted(items, sorting.smaller) == (values == sorted(values))
    sorting.sort(items, sorting.smaller)
    assert list(items) == sorted(values)
    items = fresh()
    sorting.sort_by_key(items, abs)
    assert list(items) == sorted(values, key=abs)
    items = fresh()
    sorting.sort_stable(items, module.scratch[:], lambda a, b: a // 10 < b // 10)
    assert list(items) == sorted(values, key=lambda item: item // 10)


def test_a_stable_sort_asks_for_its_room(uses: Path) -> None:
    module, sorting = run_module(uses), library("sorting")
    with pytest.raises(Exception, match="room for as many"):
        sorting.sort_stable(module.items[0:3], module.scratch[0:2], sorting.smaller)


# ---- dates and sizes ----


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_dates_are_pythons(seconds: int) -> None:
    date, wanted = library("calendar").date_of(i64(seconds)), datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
    wanted = datetime.fromordinal(wanted.toordinal() + seconds // 86_400)
    assert (date.year, date.month, date.day) == (wanted.year, wanted.month, wanted.day)
    assert date.hour * 3600 + date.minute * 60 + date.second == seconds % 86_400
    assert date.weekday() == wanted.weekday()
    assert date.weekday_name() == wanted.strftime("%a")
    assert date.month_name() == wanted.strftime("%b")
    assert date.unix_time() == seconds


def test_a_stamp() -> None:
    assert library("calendar").date_of(1_700_000_000).stamp().text == "2023-11-14 22:13:20"


@given(st.integers(0, 60).flatmap(lambda bits: st.integers(0, 2**bits)) | st.integers(0, 2**64 - 1))
def test_human_sizes_are_short_and_never_too_small(size: int) -> None:
    text = str(library("sizes").human(u64(size)).text)
    unit = 1024 ** (" KMGTPE".index(text[-1])) if not text[-1].isdigit() else 1
    value = float(text.rstrip("KMGTPE"))
    assert len(text) <= 5
    assert value * unit >= size * (1 - 1e-12)
    assert value * unit - size < unit * (1 if "." not in text else 0.1) + 1e-3 * unit


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(999, "0 us"), (1500, "1 us"), (2_350_000, "2.3 ms"), (12_345_000_000, "12.34 s"), (61 * 10**9, "1:01"),
     (3 * 3600 * 10**9 + 5 * 10**9, "3:00:05")],
)
def test_durations(nanoseconds: int, text: str) -> None:
    assert library("calendar").duration(u64(nanoseconds)).text == text
