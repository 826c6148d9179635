"""A mypy plugin: numbers among type arguments, as in `Array[u8, 16]` or `Ring[Event, CAPACITY]`; and interfaces.

mypy knows only types there. The plugin puts `Any` in the place of each number and each name of an integer variable, and
lets mypy go on as usual: element types are checked, counts are the compiler's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mypy.nodes import Var
from mypy.plugin import AnalyzeTypeContext, ClassDefContext, Plugin
from mypy.types import AnyType, Instance, RawExpressionType, Type, TypeOfAny, UnboundType

from atoll.compiler.mypy_interfaces import add_answers

INTERFACE = "atoll.userland.runtime.interface.Interface"
# Special forms with rules of their own for their arguments, numbers included.
OWN_RULES = ("builtins.", "typing.", "typing_extensions.", "types.", "collections.", "_typeshed.")


class CountPlugin(Plugin):
    """Replaces the counts in the arguments of every generic class."""

    # The hook hands its type back to mypy's own analysis, which would ask for the hook again.
    in_default_analysis = False

    def get_type_analyze_hook(self, fullname: str) -> Callable[[AnalyzeTypeContext], Type] | None:
        """The hook for every class that is not Python's own."""
        if self.in_default_analysis:
            self.in_default_analysis = False
            return None
        return None if fullname.startswith(OWN_RULES) else self.analyze

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """The hook for interfaces: classes that derive from `Interface` itself."""
        return add_answers if fullname == INTERFACE else None

    def analyze(self, context: AnalyzeTypeContext) -> Type:
        """The type with its counts replaced, analysed by mypy."""
        unbound = context.type
        unbound.args = tuple(
            AnyType(TypeOfAny.special_form) if is_count(part, context.api) else part for part in unbound.args
        )
        self.in_default_analysis = True
        try:
            return context.api.analyze_type(unbound)
        finally:
            self.in_default_analysis = False


def is_count(argument: Type, api: Any) -> bool:
    """Whether a type argument is a number: a literal, an expression of numbers, or the name of an integer variable."""
    if isinstance(argument, RawExpressionType):
        value = argument.literal_value
        return (type(value) is int and value > 0) or (value is None and argument.base_type_name == "typing.Any")
    if not isinstance(argument, UnboundType) or argument.args:
        return False
    symbol = api.lookup_qualified(argument.name, argument, suppress_errors=True)
    if symbol is None or not isinstance(symbol.node, Var):
        return False
    declared = symbol.node.type
    return declared is None or (isinstance(declared, Instance) and declared.type.fullname == "builtins.int")


def plugin(_version: str) -> type[Plugin]:
    """Where mypy enters."""
    return CountPlugin
