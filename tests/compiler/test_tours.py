"""Longer programs that use the language as people do: CPython and the emulated CPU print the same, and end the same."""

from pathlib import Path

import pytest

from atoll.compiler.cpython import run_program
from tests.compiler.board_runner import run_on_board

TOURS = Path(__file__).parent / "tours"


@pytest.mark.parametrize("name", sorted(path.stem for path in TOURS.glob("*.py")))
def test_both_print_the_same(name: str, tmp_path: Path) -> None:
    expected = run_program(TOURS / f"{name}.py")
    found = run_on_board((TOURS / f"{name}.py").read_text(encoding="utf-8"), tmp_path)
    assert found.output.decode() == expected.output.decode()
    assert (found.status, found.error) == (expected.status, expected.error)


def test_the_language_tour_says_what_is_known(tmp_path: Path) -> None:
    """Lines worked out by hand: both could be wrong in the same way."""
    source = (TOURS / "language.py").read_text(encoding="utf-8")
    lines = run_on_board(source, tmp_path).output.decode().splitlines()
    known = (
        "vec 4 11 137 8",
        "full 3 [3]",
        "-4 1 3 -1",
        "sub two 2",
        "arith division by zero",
        "origin far axis plane",
        "over result does not fit u8",
        "<  0123> <0123  > < 0123 > 0xff -0005 True 3.14    2.500|",
    )
    for line in known:
        assert line in lines
