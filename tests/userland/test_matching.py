"""Regular expressions of `grep` and `edit` against Python's `re`."""

import importlib
import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules

SINGLE = st.sampled_from([".", "a", "b", "B", "[ab]", "[^a]", "[a-c]", "[^b-d]", "[]a]", "\\.", "\\*", "-"])
ELEMENT = st.tuples(SINGLE, st.sampled_from(["", "", "*", "+", "?"])).map("".join)
EXPRESSION = st.tuples(
    st.sampled_from(["", "^"]), st.lists(ELEMENT, max_size=5).map("".join), st.sampled_from(["", "$"])
).map("".join)


@pytest.fixture(scope="module")
def matching() -> ModuleType:
    """The guest module."""
    with guest_modules():
        return importlib.import_module("atoll.userland.library.matching")


@pytest.fixture(scope="module")
def pattern(matching: ModuleType) -> Any:
    """A pattern, to be read anew for each example."""
    return matching.Pattern()


@given(EXPRESSION, st.text("abBc.*-]", max_size=8), st.booleans())
def test_what_is_found_is_what_python_finds(pattern: Any, expression: str, text: str, ignore_case: bool) -> None:
    pattern.read(expression, ignore_case)
    wanted = re.search(expression, text, re.IGNORECASE if ignore_case else 0)
    assert pattern.can_match(text.encode()) == (wanted is not None)
    assert pattern.find(text) == (wanted.start() if wanted else -1)
    if wanted:
        start = wanted.start()
        ends = [end for end in range(start, len(text) + 1) if is_whole(expression, text, start, end, ignore_case)]
        assert pattern.end_of(text.encode(), start) == max(ends)


def is_whole(expression: str, text: str, start: int, end: int, ignore_case: bool) -> bool:
    """Whether the whole of a part is of the expression."""
    if expression.endswith("$") and not expression.endswith("\\$") and end != len(text):
        return False
    return re.fullmatch(expression, text[start:end], re.IGNORECASE if ignore_case else 0) is not None


@given(st.text("ab.*[]\\^$", max_size=5), st.text("ab.*[]\\^$", max_size=10))
def test_plain_text_is_itself(pattern: Any, wanted: str, text: str) -> None:
    pattern.read_literal(wanted)
    assert pattern.find(text) == text.find(wanted)


@pytest.mark.parametrize(
    ("expression", "message"),
    [("*a", "nothing stands before"), ("[ab", "this \\[ has no \\]"), ("a\\", "nothing stands after"),
     ("[b-a]", "from the smaller"), ("a" * 64, "more than 63 elements"), ("a**", "nothing stands before")],
)
def test_a_bad_pattern_is_refused(pattern: Any, expression: str, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        pattern.read(expression)
    assert type(caught.value).__name__ == "BadPattern"
