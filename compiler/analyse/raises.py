"""Which functions can raise: only these have an error as second result, and only their calls are tested."""

from __future__ import annotations

from collections.abc import Iterator

from atoll.compiler.tree import (
    Assert,
    AssignSlice,
    Binary,
    Call,
    CallValue,
    Constant,
    Convert,
    FormattedText,
    Function,
    Index,
    Intrinsic,
    Make,
    Node,
    Print,
    Raise,
    SliceOf,
    Try,
    Unary,
)
from atoll.compiler.types import FLOAT, EnumType, Int, Type, common_integer

_LONGEST_WAY = 12
# Intrinsics that can fail at run time.
_RAISING = ("power", "enum of", "ord")


class Raises:
    """Finds the functions that can raise: a call of one makes its caller one, unless it is caught."""

    def __init__(self, functions: list[Function], runtime: list[Function]) -> None:
        self.functions = functions
        self.runtime = runtime
        # For a function that can raise: where it does, or which call lets it.
        self.causes: dict[Function, Node] = {}

    def run(self) -> None:
        """Set `can_raise`."""
        for function in self.functions:
            function.can_raise = function.address_taken and function.decl.exported is None
        changed = True
        while changed:
            changed = False
            for function in self.functions:
                cause = (
                    None
                    if function.can_raise
                    else next((n for s in function.body for n in self._raises(s, function)), None)
                )
                if cause is not None:
                    function.can_raise = changed = True
                    self.causes[function] = cause

    def way(self, function: Function) -> str:
        """The calls that lead to where an error comes from, for a message."""
        steps: list[str] = []
        while function in self.causes and len(steps) < _LONGEST_WAY:
            cause = self.causes[function]
            steps.append(f"{cause.at.file}:{cause.at.line}")
            if not isinstance(cause, Call) or cause.function is function:
                break
            function = cause.function
        return " -> ".join(steps)

    def _raises(self, node: Node, function: Function) -> Iterator[Node]:
        """The nodes from which an error leaves `node`."""
        match node:
            case Raise():
                own = True
            case Call():
                own = node.function.can_raise
            case Make():
                own = node.init is not None and node.init.can_raise
            case CallValue():
                own = True
            case Print():
                own = any(f.can_raise for f in self.runtime)
            case Try():
                yield from self._try(node, function)
                return
            case _:
                own = function.checks == "raise" and may_fail(node)
        if own:
            yield node
        for child in node.children():
            yield from self._raises(child, function)

    def _try(self, node: Try, function: Function) -> Iterator[Node]:
        catches_all = any(e.base is None for h in node.handlers for e in h.errors)
        parts: list[Node] = [*node.orelse, *node.final, *(s for h in node.handlers for s in h.body)]
        if not catches_all:
            parts += node.body
        for part in parts:
            yield from self._raises(part, function)


def may_fail(node: Node) -> bool:
    """Whether a check is made when this node (not what is below it) is evaluated."""
    match node:
        case Assert() | AssignSlice() | FormattedText() | SliceOf():
            return True
        case Binary():
            return not node.wraps and (
                isinstance(node.type, Int) or (node.type == FLOAT and node.op in ("/", "//", "%"))
            )
        case Unary():
            return isinstance(node.type, Int) and node.op == "-"
        case Index():
            return not isinstance(node.index, Constant) or not hasattr(node.base.type, "count")
        case Convert():
            return node.kind == "unwrap" or (node.kind == "int" and not always_fits(node.operand.type, node.type))
        case Intrinsic():
            return node.name in _RAISING
    return False


def always_fits(found: Type, wanted: Type) -> bool:
    """Whether every value of the one integer type is one of the other."""
    if isinstance(found, Int) and isinstance(wanted, Int):
        return common_integer(found, wanted) == wanted
    if isinstance(found, EnumType):
        return isinstance(wanted, Int) and all(map(wanted.holds, found.decl.members.values())) and not found.decl.flags
    return not isinstance(found, Int) and found != FLOAT
