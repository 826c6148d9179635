"""What the shell makes of a line: words against `shlex`, patterns against `fnmatch`, plans against their making."""

from __future__ import annotations

import fnmatch
import importlib
import shlex
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules

PARTS = ("tokens", "plan", "variables", "expansion", "arguments")
JOINTS = {"&&": 1, "||": 2}


@pytest.fixture(scope="module")
def sh() -> SimpleNamespace:
    """The modules of the shell's language, by their names."""
    with guest_modules():
        modules: dict[str, ModuleType] = {
            part: importlib.import_module(f"atoll.userland.programs.sh.{part}") for part in PARTS
        }
    found = SimpleNamespace(**modules)
    # Structures of many kilobytes, which take long to make: made once, used again as the shell does.
    found.the_plan, found.the_word = found.plan.Plan(), found.expansion.Word()
    found.the_text, found.the_scope = found.expansion.Word().pattern, found.variables.Scope()
    return found


def plan_of(sh: SimpleNamespace, line: str) -> Any:
    sh.the_plan.read(line)
    return sh.the_plan


def scope_of(sh: SimpleNamespace, variables: dict[str, str] | None = None) -> Any:
    scope = sh.the_scope
    scope.variables.clear()
    scope.parameters.clear()
    for name, value in (variables or {}).items():
        scope.set(name, value)
    return scope


def meaning(sh: SimpleNamespace, raw: str, scope: Any) -> str:
    """What a word means, as text."""
    sh.the_word.read(raw, scope)
    sh.expansion.plain(sh.the_word.pattern.text, sh.the_text)
    return str(sh.the_text.text)


def words(sh: SimpleNamespace, line: str, scope: Any) -> list[str]:
    plan = plan_of(sh, line)
    return [meaning(sh, str(plan.tokens.text_of(index)), scope) for index in range(plan.tokens.count - 1)]


# ---- words ----

QUOTED = st.lists(
    st.one_of(
        st.text("ab.*?-/=@%", min_size=1, max_size=4),
        st.text("ab $*;|&<>#\"\\", max_size=4).map(lambda text: f"'{text}'"),
        st.text("ab *;|&<>#'()", max_size=4).map(lambda text: f'"{text}"'),
        st.sampled_from("ab $;|*'\"\\#").map(lambda byte: "\\" + byte),
    ),
    min_size=1,
    max_size=4,
).map("".join)


@given(st.lists(QUOTED, max_size=5))
def test_words_are_what_python_splits(sh: SimpleNamespace, raw: list[str]) -> None:
    line = " ".join(raw)
    assert words(sh, line, scope_of(sh)) == shlex.split(line, comments=False)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("$X", "one two"), ('"$X"', "one two"), ("'$X'", "$X"), ("\\$X", "$X"), ("a${X}b", "aone twob"), ("$XY", ""),
        ("$X/$Y", "one two/*"), ("$?", "7"), ("$$", "42"), ("$#", "2"), ("$1-$2", "p-q r"), ("$3", ""), ("$", "$"),
        ("a$", "a$"), ('"$@"', "p q r"), ("$%", "$%"), ("$0", "script"), ('"a\\nb"', "a\\nb"), ('"\\$X"', "$X"),
    ],
)
def test_what_a_dollar_stands_for(sh: SimpleNamespace, raw: str, text: str) -> None:
    scope = scope_of(sh, {"X": "one two", "Y": "*"})
    scope.status, scope.pid = 7, 42
    for parameter in ("script", "p", "q r"):
        builder = sh.variables.StringBuilder[480]()
        builder.set(parameter)
        scope.parameters.append(builder)
    assert meaning(sh, raw, scope) == text


def test_a_wildcard_from_a_variable_means_itself(sh: SimpleNamespace) -> None:
    word = sh.the_word
    word.read("$Y?", scope_of(sh, {"Y": "*"}))
    assert word.has_wildcard
    assert word.pattern.text == "\\*?"
    word.read("'*'", scope_of(sh))
    assert not word.has_wildcard


# ---- patterns ----


@given(st.text("ab*?", max_size=7), st.text("ab", max_size=7))
def test_patterns_are_fnmatch(sh: SimpleNamespace, pattern: str, name: str) -> None:
    assert sh.expansion.matches(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@given(st.text("a*?\\", max_size=6), st.text("a*?\\", max_size=6))
def test_a_quoted_pattern_is_its_text(sh: SimpleNamespace, text: str, name: str) -> None:
    word = sh.the_word
    word.read(shlex.quote(text), scope_of(sh))
    assert sh.expansion.matches(word.pattern.text, name) == (name == text)


def test_hidden_names_are_named_by_their_dot(sh: SimpleNamespace) -> None:
    assert not sh.expansion.matches("*", ".profile")
    assert sh.expansion.matches(".*", ".profile")


# ---- plans ----

PARTS_OF_COMMAND = ["ls", "-l", "> out", "< in", "2>> log", "2>&1", "'a | b'", ">&2"]
COMMAND = st.lists(st.sampled_from(PARTS_OF_COMMAND), min_size=1, max_size=3)
PIPELINE = st.lists(COMMAND, min_size=1, max_size=3)


@given(st.lists(st.tuples(PIPELINE, st.sampled_from([";", "&&", "||", "&"])), min_size=1, max_size=5))
def test_a_plan_is_what_the_line_was_made_from(sh: SimpleNamespace, parts: list[tuple[list[list[str]], str]]) -> None:
    whens = [0] + [JOINTS.get(joint, 0) for _, joint in parts[:-1]]
    for index, when in enumerate(whens):
        if when and parts[index][1] == "&":  # which would be refused
            parts[index] = (parts[index][0], ";")
    whens = [0] + [JOINTS.get(joint, 0) for _, joint in parts[:-1]]
    texts = [" | ".join(" ".join(command) for command in pipeline) for pipeline, _ in parts]
    joints = [joint for _, joint in parts]
    joints[-1] = joints[-1] if joints[-1] in {";", "&"} else ""
    line = " ".join(f"{text} {joint}" for text, joint in zip(texts, joints, strict=True))
    plan = plan_of(sh, line + " # a comment | that says nothing")
    assert [line[found.start : found.end] for found in plan.pipelines.items] == texts
    assert [found.when for found in plan.pipelines.items] == whens
    assert [found.count for found in plan.pipelines.items] == [len(pipeline) for pipeline, _ in parts]
    assert [bool(found.background) for found in plan.pipelines.items] == [joint == "&" for joint in joints]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a |", "column 3: a command is missing after |"),
        ("a &&", "column 3: a command is missing after &&"),
        ("| a", "column 1: a command is missing before |"),
        ("a ; ; b", "column 5: a command is missing before ;"),
        ("a | | b", "column 5: a command is missing before |"),
        ("a >", "column 3: a file name is missing after >"),
        ("a 2>> | b", "column 3: a file name is missing after 2>>"),
        ("echo 'x", "column 6: this quote is not closed"),
        ('echo "x\\"', "column 6: this quote is not closed"),
        ("echo x\\", "column 7: nothing stands after the \\ for it to quote"),
        ("echo $(ls)", "column 6: a command's output as part of a line is not supported: use a pipe"),
        ("(ls)", "column 1: groups in ( ) are not supported: write a script, or quote it"),
        ("a >&3", "column 3: after >& only 2 can stand, the standard error"),
        ("a && b &", "column 8: & after && or || is not supported: put them into a script"),
        ("a" + " | a" * 8, "column 1: more than 8 commands in a pipeline"),
        ("a " * 170, "column 321: more than 160 words and operators"),
        ("a;" * 33, "column 65: more than 32 pipelines in a line"),
        ("a" * 1025, "the line has more than 1024 bytes"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(sh: SimpleNamespace, line: str, message: str) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        plan_of(sh, line)
    assert type(caught.value).__name__ == "BadLine"
    assert str(caught.value) == message


@given(st.text("a |&;<>2'\"\\$#(=*", max_size=20))
def test_any_line_is_understood_or_refused(sh: SimpleNamespace, line: str) -> None:
    try:
        plan = plan_of(sh, line)
    except Exception as error:
        assert type(error).__name__ == "BadLine"
        return
    for index in range(plan.tokens.count):
        if plan.tokens.items[index].kind == 0:
            try:
                meaning(sh, str(plan.tokens.text_of(index)), scope_of(sh))
            except Exception as error:
                assert type(error).__name__ == "BadLine"


# ---- variables and arguments ----


def test_variables_are_set_exported_and_forgotten(sh: SimpleNamespace) -> None:
    scope = scope_of(sh, {"A": "1", "B": "2"})
    scope.set("A", "3", True)
    scope.set("A", "4")
    assert scope.get("A") == "4"
    assert [bool(variable.exported) for variable in scope.variables.items] == [True, False]
    scope.unset("A")
    assert scope.get("A") == ""
    assert scope.get("B") == "2"
    for name, why in (("1x", "no name"), ("", "no name"), ("x" * 33, "at most 32 bytes")):
        with pytest.raises(Exception, match=why):
            scope.set(name, "1")


@pytest.mark.parametrize(
    ("word", "place"), [("X=1", 1), ("LONG_1=", 6), ("=1", 0), ("1X=2", 0), ("X", 0), ("a-b=c", 0)]
)
def test_what_an_assignment_is(sh: SimpleNamespace, word: str, place: int) -> None:
    assert sh.variables.assignment_at(word) == place


@given(st.lists(st.text("ab", max_size=4), max_size=8))
def test_arguments_are_packed(sh: SimpleNamespace, texts: list[str]) -> None:
    arguments = sh.arguments.Arguments()
    for text in texts:
        arguments.add(text)
    assert bytes(arguments.packed) == b"".join(text.encode() + b"\0" for text in texts)
    assert [str(arguments[index]) for index in range(len(texts))] == texts
