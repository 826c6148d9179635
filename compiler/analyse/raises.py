"""Which errors each function can raise: only those that can have a second result, and their calls are tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from atoll.compiler.analyse.reachable import called
from atoll.compiler.program import Program
from atoll.compiler.symbols import ErrorDecl
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
    Handler,
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
from atoll.compiler.types import FLOAT, ArrayType, EnumType, Int, Type, common_integer

_LONGEST_WAY = 12
# What a failed check raises.
_BINARY = {"//": ("ZeroDivisionError", "OverflowError"), "%": ("ZeroDivisionError",), "/": ("ZeroDivisionError",),
           "<<": ("OverflowError", "ValueError"), ">>": ("ValueError",), "&": (), "|": (), "^": ()}  # fmt: skip
_INTRINSIC = {"power": ("OverflowError", "ValueError"), "enum of": ("ValueError",)}

# Each error, with the node that it comes from (the first one that was found).
Errors = dict[ErrorDecl, Node]


class Raises:
    """Finds what leaves each function: a call adds what its callee can raise, a handler takes out what it catches."""

    def __init__(self, program: Program, functions: list[Function], runtime: dict[str, Function]) -> None:
        self.program = program
        self.functions = functions
        self.runtime = runtime
        self.errors: dict[Function, Errors] = defaultdict(dict)

    def run(self) -> None:
        """Set `can_raise`."""
        callers: dict[Function, list[Function]] = defaultdict(list)
        for function in self.functions:
            for statement in function.body:
                for callee in called(statement):
                    callers[callee].append(function)
        waiting = dict.fromkeys(self.functions)
        while waiting:
            function = next(iter(waiting))
            del waiting[function]
            found = self.errors[function]
            before = len(found)
            for statement in function.body:
                for error, node in self._leaving(statement, function, {}):
                    found.setdefault(error, node)
            if len(found) != before:
                waiting.update(dict.fromkeys(callers[function]))
        for function in self.functions:
            # Functions that are values all have the same shape: with an error.
            value = function.address_taken and not function.decl.is_assembly
            function.can_raise = value or bool(self.errors[function])

    def way(self, function: Function) -> str:
        """An error that leaves the function, and the calls that lead to where it comes from: for a message."""
        error = next(iter(self.errors[function]))
        steps: list[str] = []
        while error in self.errors[function] and len(steps) < _LONGEST_WAY:
            cause = self.errors[function][error]
            steps.append(f"{cause.at.file}:{cause.at.line}")
            if not isinstance(cause, Call) or cause.function is function:
                break
            function = cause.function
        return f"{error.name} from {' -> '.join(steps)}"

    def _leaving(self, node: Node, function: Function, caught: Errors) -> Iterator[tuple[ErrorDecl, Node]]:
        """The errors that leave `node`. `caught`: what a bare raise here would raise again."""
        if isinstance(node, Try):
            yield from self._try(node, function, caught)
            return
        if isinstance(node, Raise) and node.error is None:
            yield from caught.items()
        else:
            for error in self._own(node, function):
                yield error, node
        for child in node.children():
            yield from self._leaving(child, function, caught)

    def _own(self, node: Node, function: Function) -> Iterable[ErrorDecl]:
        match node:
            case Raise() if node.error is not None:
                return (node.error,)
            case Call():
                return tuple(self.errors[node.function])
            case Make() if node.init is not None:
                return tuple(self.errors[node.init])
            case CallValue():
                return (self.program.errors["Exception"],)
            case Print() | FormattedText():
                names = ("print_sink", "put_text", "print_done") if isinstance(node, Print) else ("put_text",)
                found = [e for n in names for e in self.errors[self.runtime[n]]]
                if isinstance(node, FormattedText) and function.checks == "raise":
                    found.append(self.program.errors["ValueError"])
                return found
            case Intrinsic() if node.name == "ord":
                return tuple(self.errors[self.runtime["ord_of"]])
        if function.checks != "raise":
            return ()
        return (self.program.errors[name] for name in failures(node))

    def _try(self, node: Try, function: Function, caught: Errors) -> Iterator[tuple[ErrorDecl, Node]]:
        body = [pair for statement in node.body for pair in self._leaving(statement, function, caught)]
        for error, cause in body:
            if not any(error.is_a(c) for h in node.handlers for c in h.errors):
                yield error, cause
        for handler in node.handlers:
            again = {e: n for e, n in body if _may_take(handler, e)}
            for statement in handler.body:
                yield from self._leaving(statement, function, again)
        for statement in (*node.orelse, *node.final):
            yield from self._leaving(statement, function, caught)


def _may_take(handler: Handler, error: ErrorDecl) -> bool:
    return any(error.is_a(c) or c.is_a(error) for c in handler.errors)


def failures(node: Node) -> tuple[str, ...]:
    """The errors of the checks that are made when this node (not what is below it) is evaluated."""
    match node:
        case Assert():
            return ("AssertionError",)
        case AssignSlice():
            return ("ValueError",)
        case SliceOf():
            return ("IndexError",)
        case Binary():
            return _binary_failures(node)
        case Unary() if isinstance(node.type, Int) and node.op == "-":
            return ("OverflowError",)
        case Index() if not (isinstance(node.index, Constant) and isinstance(node.base.type, ArrayType)):
            return ("IndexError",)
        case Convert() if node.kind == "unwrap":
            return ("AttributeError",)
        case Convert() if node.kind == "int" and not always_fits(node.operand.type, node.type):
            return ("OverflowError",)
        case Intrinsic():
            return _INTRINSIC.get(node.name, ())
    return ()


def _binary_failures(node: Binary) -> tuple[str, ...]:
    if node.type == FLOAT:
        return _BINARY[node.op] if node.op == "/" else ()
    if not isinstance(node.type, Int):
        return ()
    found = _BINARY.get(node.op, ("OverflowError",))
    return tuple(e for e in found if e != "OverflowError") if node.wraps else found


def always_fits(found: Type, wanted: Type) -> bool:
    """Whether every value of the one integer type is one of the other."""
    if isinstance(found, Int) and isinstance(wanted, Int):
        return common_integer(found, wanted) == wanted
    if isinstance(found, EnumType):
        return isinstance(wanted, Int) and all(map(wanted.holds, found.decl.members.values())) and not found.decl.flags
    return not isinstance(found, Int) and found != FLOAT
