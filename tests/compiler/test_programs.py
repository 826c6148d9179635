"""The generator of programs: what it makes is valid, deterministic, and uses the whole language."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from atoll.compiler.cpython import run_program
from tests.compiler.programs import MARK, alone, batch

# What must be among the first programs, so that they test what they are said to test.
NODES = (
    ast.AnnAssign,
    ast.Assert,
    ast.AugAssign,
    ast.BoolOp,
    ast.Break,
    ast.Call,
    ast.Compare,
    ast.Continue,
    ast.For,
    ast.If,
    ast.IfExp,
    ast.JoinedStr,
    ast.Match,
    ast.MatchOr,
    ast.MatchSequence,
    ast.MatchAs,
    ast.Raise,
    ast.Return,
    ast.Slice,
    ast.Try,
    ast.Tuple,
    ast.UnaryOp,
    ast.While,
)
OPERATORS = (
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.FloorDiv,
    ast.Mod,
    ast.Div,
    ast.LShift,
    ast.RShift,
    ast.BitAnd,
    ast.BitOr,
    ast.BitXor,
    ast.Invert,
    ast.USub,
    ast.Not,
    ast.In,
    ast.NotIn,
    ast.Is,
    ast.IsNot,
)


def test_the_same_seed_gives_the_same_program() -> None:
    assert alone(Random(3)) == alone(Random(3)) != alone(Random(4))
    assert batch(range(3)) == batch(range(3))


def test_programs_end_in_every_way(tmp_path: Path) -> None:
    """None raises what a valid program cannot: Refused, or a Python error that comes of a mistake in the program."""
    ends = set()
    for seed in range(60):
        path = tmp_path / f"p{seed}.py"
        path.write_text(alone(Random(seed)), encoding="utf-8")
        ends.add(run_program(path).error)
    valid = {
        None,
        "OverflowError",
        "IndexError",
        "ZeroDivisionError",
        "ValueError",
        "AssertionError",
        "Coded_t",
        "Worded_t",
        "Derived_t",
    }
    assert {None, "OverflowError", "IndexError"} <= ends <= valid


def test_a_batch_runs_all_of_its_programs(tmp_path: Path) -> None:
    path = tmp_path / "batch.py"
    path.write_text(batch(range(20)), encoding="utf-8")
    outcome = run_program(path)
    assert outcome.error is None
    assert outcome.output.count(MARK.encode()) == 20
    assert outcome == run_program(path)


@pytest.mark.parametrize("kinds", [NODES, OPERATORS])
def test_programs_use_the_whole_language(kinds: tuple[type[ast.AST], ...]) -> None:
    used = {type(node) for node in ast.walk(ast.parse(batch(range(40))))}
    assert not [kind.__name__ for kind in kinds if kind not in used]


def test_programs_are_well_typed(tmp_path: Path, repository: Path) -> None:
    """mypy's strict mode finds nothing; only that a comparison is always false it must not hold against them."""
    path = tmp_path / "batch.py"
    path.write_text(batch(range(12)), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(repository / "pyproject.toml"),
        "--disable-error-code",
        "comparison-overlap",
        "--cache-dir",
        str(tmp_path / "cache"),
        str(path),
    ]
    environment = {**os.environ, "MYPYPATH": str(repository)}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
