"""The checked, typed tree: what the checker makes of a function's body and what the analyses and the lowering read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from atoll.compiler.errors import Location
from atoll.compiler.symbols import ErrorDecl, FunctionDecl, GlobalVariable
from atoll.compiler.types import Field, FunctionType, StructType, Type


@dataclass(eq=False)
class Node:
    """Any node; `at` is where it stands in the source."""

    at: Location

    def children(self) -> list[Node]:
        """The nodes directly below, in order."""
        found: list[Node] = []
        for name in _node_fields(type(self)):
            _collect(getattr(self, name), found)
        return found

    def walk(self) -> Iterator[Node]:
        """This node and all below it, each before what is below it."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children())


_FIELDS: dict[type, tuple[str, ...]] = {}


def _node_fields(kind: type[Node]) -> tuple[str, ...]:
    names = _FIELDS.get(kind)
    if names is None:
        skipped = {"at", "type", "variable", "function", "global_", "field"}
        names = _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in skipped)
    return names


def _collect(value: object, found: list[Node]) -> None:
    if isinstance(value, Node):
        found.append(value)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, found)


@dataclass(eq=False)
class LocalVariable:
    """A parameter or local. `owns`: it has storage for its structure or array, else refers to one (see ownership)."""

    name: str
    type: Type
    parameter: int | None = None
    owns: bool | None = None
    # While a loop over a range of constants is checked: the least and largest value.
    bounds: tuple[int, int] | None = None


@dataclass(eq=False)
class Function:
    """One use of a function: checked once for each list of type arguments."""

    decl: FunctionDecl
    symbol: str
    shown: str  # as tracebacks name it
    type: FunctionType
    variables: list[LocalVariable] = field(default_factory=list)
    body: list[Statement] = field(default_factory=list)
    parameters: list[LocalVariable] = field(default_factory=list)
    checks: str = "raise"  # what a failed check does: "raise", "trap" or "none"
    address_taken: bool = False
    # Results of the analyses.
    makes_result: bool = False  # the structure or array that it returns was made here: copied to the caller
    can_raise: bool = False


# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Expression(Node):
    type: Type


@dataclass(eq=False)
class Constant(Expression):
    """An integer, bool, float, text or bytes; `None` of an optional type."""

    value: int | bool | float | str | bytes | None


@dataclass(eq=False)
class Local(Expression):
    variable: LocalVariable


@dataclass(eq=False)
class Global(Expression):
    global_: GlobalVariable


@dataclass(eq=False)
class FunctionValue(Expression):
    function: Function


@dataclass(eq=False)
class FieldOf(Expression):
    base: Expression
    field: Field


@dataclass(eq=False)
class ErrorField(Expression):
    """A field (or the text, `name` empty) of a caught error."""

    base: Expression
    name: str


@dataclass(eq=False)
class Index(Expression):
    base: Expression
    index: Expression


@dataclass(eq=False)
class SliceOf(Expression):
    base: Expression
    low: Expression | None
    high: Expression | None


@dataclass(eq=False)
class Length(Expression):
    base: Expression


@dataclass(eq=False)
class Binary(Expression):
    """Arithmetic on two operands of type `type` (shifts: the right one has its own). `op` is Python's sign."""

    op: str
    left: Expression
    right: Expression
    wraps: bool = False


@dataclass(eq=False)
class Unary(Expression):
    """`-`, `~` or `not`."""

    op: str
    operand: Expression


@dataclass(eq=False)
class Compare(Expression):
    """`op` is one of == != < <= > >= is; operands of any comparable types."""

    op: str
    left: Expression
    right: Expression


@dataclass(eq=False)
class Logic(Expression):
    """`and` / `or` of conditions."""

    op: str
    operands: list[Expression]


@dataclass(eq=False)
class Choice(Expression):
    """`a if condition else b`."""

    condition: Expression
    then: Expression
    other: Expression


@dataclass(eq=False)
class Convert(Expression):
    """To `type`. kind: 'int' (checked if it may not fit), 'cut', 'reinterpret', 'float', 'view' (array or slice to
    slice or bytes), 'some' (to an optional), 'unwrap' (an optional's value, None is an error), 'same' (another type,
    same representation), 'truth'."""

    kind: str
    operand: Expression


@dataclass(eq=False)
class Make(Expression):
    """A new structure: zero or defaults, then `values` into fields, or `__init__` with arguments."""

    values: list[tuple[Field, Expression]]
    init: Function | None = None
    arguments: list[Expression] = field(default_factory=list)


@dataclass(eq=False)
class MakeArray(Expression):
    """A new array: `values` in order (fewer only if none: all zero), or the bytes of `data`."""

    values: list[Expression]


@dataclass(eq=False)
class Copy(Expression):
    operand: Expression


@dataclass(eq=False)
class MakeTuple(Expression):
    values: list[Expression]


@dataclass(eq=False)
class TupleItem(Expression):
    base: Expression
    index: int


@dataclass(eq=False)
class Let(Expression):
    """Set a temporary, then give `body`."""

    target: Local
    value: Expression
    body: Expression


@dataclass(eq=False)
class Call(Expression):
    function: Function
    arguments: list[Expression]


@dataclass(eq=False)
class CallValue(Expression):
    callee: Expression
    arguments: list[Expression]


@dataclass(eq=False)
class Intrinsic(Expression):
    """Something that only the lowering knows how to do; `detail` depends on `name`."""

    name: str
    arguments: list[Expression]
    detail: object = None


@dataclass(eq=False)
class FormatPart(Node):
    """One `{value:spec}` or constant text of an f-string or print."""

    value: Expression
    width: int = 0
    align: str = ""
    fill: str = " "
    kind: str = ""  # presentation: d x X b o f or nothing
    prefix: bool = False
    precision: int = 6


@dataclass(eq=False)
class FormattedText(Expression):
    parts: list[FormatPart]


# --- statements -------------------------------------------------------------------------------------------------------


class Statement(Node):
    """Any statement."""


@dataclass(eq=False)
class Evaluate(Statement):
    value: Expression


@dataclass(eq=False)
class Assign(Statement):
    """To a local, a field, an element, a module variable: `target` is a Local, FieldOf, Index or Global."""

    target: Expression
    value: Expression


@dataclass(eq=False)
class AssignSlice(Statement):
    """`target[lo:hi] = value`: lengths must agree."""

    target: Expression
    value: Expression


@dataclass(eq=False)
class If(Statement):
    condition: Expression
    body: list[Statement]
    orelse: list[Statement]


@dataclass(eq=False)
class While(Statement):
    """`step` runs after the body and on `continue`."""

    condition: Expression
    body: list[Statement]
    orelse: list[Statement]
    step: list[Statement] = field(default_factory=list)


@dataclass(eq=False)
class ForRange(Statement):
    """`for variable in range(start, stop, step)`; `step` is a constant other than 0."""

    variable: LocalVariable
    start: Expression
    stop: Expression
    step: int
    body: list[Statement]
    orelse: list[Statement]


@dataclass(eq=False)
class Block(Statement):
    """Statements in a row that a construct was rewritten to."""

    body: list[Statement]


@dataclass(eq=False)
class Return(Statement):
    value: Expression | None


@dataclass(eq=False)
class Break(Statement):
    pass


@dataclass(eq=False)
class Continue(Statement):
    pass


@dataclass(eq=False)
class Raise(Statement):
    """`error` None: the bare `raise` of a handler."""

    error: ErrorDecl | None
    text: Expression | None = None
    words: list[Expression] = field(default_factory=list)


@dataclass(eq=False)
class Assert(Statement):
    condition: Expression
    text: Expression | None


@dataclass(eq=False)
class Handler(Node):
    errors: list[ErrorDecl]
    variable: LocalVariable | None
    body: list[Statement]


@dataclass(eq=False)
class Try(Statement):
    body: list[Statement]
    handlers: list[Handler]
    orelse: list[Statement]
    final: list[Statement]


@dataclass(eq=False)
class Print(Statement):
    parts: list[FormatPart]


def struct_of(expression: Expression) -> StructType:
    """The structure type of an expression that the checker knows to be one."""
    assert isinstance(expression.type, StructType), expression.type
    return expression.type
