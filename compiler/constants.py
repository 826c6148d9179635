"""Constant expressions: evaluated by the compiler with the same rules (and the same refusals) as at run time."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from atoll.compiler.errors import Location, shown
from atoll.compiler.symbols import ConstantDecl, Module
from atoll.compiler.tree import Constant
from atoll.compiler.types import I64, LITERAL, U64, Int, Type

if TYPE_CHECKING:
    from atoll.compiler.program import Program, Substitution

# A shift of a constant beyond this many bits cannot fit any type.
_WIDEST = 128
# Constants on their way to 64 bits may be wider; beyond this they are a mistake.
LARGEST = 1 << 256


def literal_type(value: int) -> Int | None:
    """The type of an integer constant that meets no neighbour."""
    return next((t for t in (I64, U64) if t.holds(value)), None)


def fold(op: str, a: int, b: int) -> int | None:
    """`a op b` in (nearly) unbounded integers; None where it has no value, such as a division by zero."""
    value = _fold(op, a, b)
    return value if value is not None and abs(value) <= LARGEST else None


def _fold(op: str, a: int, b: int) -> int | None:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "//":
            return a // b if b else None
        case "%":
            return a % b if b else None
        case "&":
            return a & b
        case "|":
            return a | b
        case "^":
            return a ^ b
        case "<<":
            return a << b if 0 <= b <= _WIDEST else None
        case ">>":
            return a >> b if b >= 0 else None
        case "**":
            return a**b if b >= 0 and a.bit_length() * b <= _WIDEST * 4 else None
    return None


def evaluate(program: Program, decl: ConstantDecl) -> Constant:
    """The value of a module or class constant."""
    from atoll.compiler.check.function import constant_checker

    place = decl.module.at(decl.node)
    if decl.evaluating:
        raise program.reporter.refuse(place, f"constant {decl.name} is defined by itself")
    if decl.type is None:
        decl.evaluating = True
        try:
            checker = constant_checker(program, decl.module, {})
            wanted = program.types.resolve(decl.annotation, decl.module, {}) if decl.annotation else None
            result = checker.expression(decl.node, wanted)
            if wanted is not None:
                result = checker.coerce(result, wanted, decl.node)
            if not isinstance(result, Constant):
                raise program.reporter.refuse(
                    place, f"{shown(decl.node)} is not a constant", "compute it in a function"
                )
            decl.value, decl.type = result.value, result.type
        finally:
            decl.evaluating = False
    assert decl.type is not None
    assert decl.value is None or isinstance(decl.value, int | bool | float | str | bytes)
    return Constant(place, decl.type, decl.value)


def evaluate_integer(program: Program, node: ast.expr, module: Module, substitution: Substitution) -> int:
    """The value of an expression that must be a constant integer."""
    from atoll.compiler.check.function import constant_checker

    result = constant_checker(program, module, substitution).expression(node, None)
    if not isinstance(result, Constant) or not isinstance(result.value, int):
        raise program.reporter.refuse(
            module.at(node), f"{shown(node)} is not a constant integer", "write a number or a module constant"
        )
    return int(result.value)


def fits(program: Program, value: int, type_: Type, at: Location) -> Constant:
    """The constant with a width; refused if it does not fit."""
    if isinstance(type_, Int) and not type_.holds(value):
        raise program.reporter.refuse(
            at, f"{value} does not fit {type_} ({type_.minimum} to {type_.maximum})", "use a wider type"
        )
    if type_ == LITERAL:
        raise AssertionError("a constant needs a width here")
    return Constant(at, type_, value)
