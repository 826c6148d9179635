"""The editor's text and command lines, in CPython: against a list of lines, and against `re.sub`."""

from __future__ import annotations

import importlib
import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules

STEPS = st.lists(
    st.tuples(st.sampled_from(["insert", "replace", "delete"]), st.integers(0, 8), st.text("abc", max_size=5)),
    max_size=20,
)


@pytest.fixture(scope="module")
def modules() -> tuple[ModuleType, ModuleType, ModuleType]:
    """lines, commands, matching."""
    with guest_modules():
        return (
            importlib.import_module("atoll.userland.programs.editor.lines"),
            importlib.import_module("atoll.userland.programs.editor.commands"),
            importlib.import_module("atoll.userland.library.matching"),
        )


@pytest.fixture(scope="module")
def lines(modules: tuple[ModuleType, ModuleType, ModuleType]) -> Any:
    return modules[0].Lines()


@given(steps=STEPS, squeezing=st.booleans())
def test_a_text_is_a_list_of_lines(lines: Any, steps: list[tuple[str, int, str]], squeezing: bool) -> None:
    lines.clear()
    model: list[str] = []
    for what, number, text in steps:
        if what == "insert":
            place = min(number, len(model))
            lines.insert_after(place, text)
            model.insert(place, text)
        elif model:
            place = number % len(model) + 1
            if what == "replace":
                lines.replace(place, text)
                model[place - 1] = text
            else:
                last = min(place + number // 4, len(model))
                lines.delete(place, last)
                del model[place - 1 : last]
        if squeezing:
            lines.squeeze()
            assert lines.pool.used == sum(map(len, model))
        assert [str(lines.text_of(index + 1)) for index in range(len(model))] == model


@pytest.mark.parametrize(
    ("text", "first", "last", "letter", "rest"),
    [
        ("p", 3, 3, "p", ""), ("2p", 2, 2, "p", ""), ("2,4p", 2, 4, "p", ""), ("%d", 1, 5, "d", ""),
        ("$a", 5, 5, "a", ""),
        (".,$n", 3, 5, "n", ""), ("+1p", 4, 4, "p", ""), ("2+2p", 4, 4, "p", ""), ("$-1p", 4, 4, "p", ""),
        ("-p", 2, 2, "p", ""),
        ("/b/p", 2, 2, "p", ""), ("/d/,$d", 4, 5, "d", ""), ("w file", 3, 3, "w", " file"),
        ("s/a/b/g", 3, 3, "s", "/a/b/g"),
        ("0a", 0, 0, "a", ""), ("4", 4, 4, "\0", ""), ("/a", 1, 1, "\0", ""),
    ],
)  # fmt: skip
def test_command_lines(modules: Any, lines: Any, text: str, first: int, last: int, letter: str, rest: str) -> None:
    command = read(modules, lines, text)
    assert (command.first, command.last, chr(command.letter), str(command.rest)) == (first, last, letter, rest)


def read(modules: Any, lines: Any, text: str) -> Any:
    """A command for the five lines a to e, of which the third is the current one."""
    lines.clear()
    for index, letter in enumerate("abcde"):
        lines.insert_after(index, letter)
    command = modules[1].Command()
    command.read(text, lines, 3, modules[2].Pattern())
    return command


@pytest.mark.parametrize(
    ("text", "message"),
    [("9p", "there are lines 1 to 5"), ("4,2p", "first address comes first"), ("2,p", "missing after the comma"),
     ("/x/p", "no line has that pattern"), ("-9p", "nothing before line 1"), ("99999999p", "too large")],
)  # fmt: skip
def test_bad_addresses_are_refused(modules: Any, lines: Any, text: str, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        read(modules, lines, text)
    assert type(caught.value).__name__ == "BadCommand"


@given(
    st.sampled_from(["a", "b+", "[ab]", "a*c", "^a", "c$", "a.c"]), st.sampled_from(["", "x", "<&>", "\\&", "y\\/"]),
    st.text("abc", max_size=8), st.booleans(),
)  # fmt: skip
def test_substitution_is_pythons(modules: Any, expression: str, put: str, line: str, everywhere: bool) -> None:
    if expression == "a*c" and everywhere:
        return  # matches of nothing beside others: Python and ed differ
    pattern, substitution = modules[2].Pattern(), modules[1].Substitution()
    substitution.read(f"/{expression}/{put}/{'g' if everywhere else ''}", pattern)
    found = substitution.apply(line, pattern)
    plain = {"<&>": r"<\g<0>>", "\\&": "&", "y\\/": "y/"}.get(put, put)
    wanted, count = re.subn(expression, plain, line, count=0 if everywhere else 1)
    assert (str(substitution.result.text), found) == (wanted, count > 0)


@pytest.mark.parametrize("rest", ["", "x", "/a", "|a|b|"])
def test_a_bad_substitution_is_refused(modules: Any, rest: str) -> None:
    with pytest.raises(Exception, match="s/pattern/text/"):
        modules[1].Substitution().read(rest, modules[2].Pattern())
