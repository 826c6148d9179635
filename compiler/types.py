"""The types of guest Python, as values that compare by what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atoll.compiler.symbols import ClassDecl, EnumDecl, ErrorDecl


class Type:
    """Any type. `str()` is how messages name it."""

    def __str__(self) -> str:
        raise AssertionError(type(self).__name__)


@dataclass(frozen=True)
class Int(Type):
    """A fixed-width integer of 8, 16, 32 or 64 bits."""

    bits: int
    signed: bool

    def __str__(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.bits}"

    @property
    def minimum(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    def holds(self, value: int) -> bool:
        """Whether the constant fits."""
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True)
class Simple(Type):
    """A type without parameters."""

    name: str

    def __str__(self) -> str:
        return self.name


BOOL = Simple("bool")
FLOAT = Simple("f64")
TEXT = Simple("Text")
BYTES = Simple("Bytes")
VOID = Simple("None")
# The result of a function that does not return.
NEVER = Simple("NoReturn")
# The type of an integer constant that has not met a neighbour yet.
LITERAL = Simple("integer constant")
U8, U16, U32, U64 = (Int(n, False) for n in (8, 16, 32, 64))
I8, I16, I32, I64 = (Int(n, True) for n in (8, 16, 32, 64))
INTEGERS = {str(t): t for t in (U8, U16, U32, U64, I8, I16, I32, I64)}
NAMED: dict[str, Type] = {**INTEGERS, "int": I64, "bool": BOOL, "f64": FLOAT, "float": FLOAT, "Text": TEXT, "str": TEXT,
                          "Bytes": BYTES, "bytes": BYTES}  # fmt: skip


@dataclass(frozen=True)
class ArrayType(Type):
    """`count` elements in place."""

    element: Type
    count: int

    def __str__(self) -> str:
        return f"Array[{self.element}, {self.count}]"


@dataclass(frozen=True)
class SliceType(Type):
    """A writable view of elements."""

    element: Type

    def __str__(self) -> str:
        return f"Slice[{self.element}]"


@dataclass(frozen=True)
class OptionalType(Type):
    """A value or None."""

    inner: Type

    def __str__(self) -> str:
        return f"{self.inner} | None"


@dataclass(frozen=True)
class RefType(Type):
    """Storage that refers to a structure; as an expression it is the structure."""

    inner: Type

    def __str__(self) -> str:
        return f"Ref[{self.inner}]"


@dataclass(frozen=True)
class TupleType(Type):
    elements: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple[{', '.join(map(str, self.elements))}]"


@dataclass(frozen=True)
class FunctionType(Type):
    parameters: tuple[Type, ...]
    result: Type

    def __str__(self) -> str:
        return f"Callable[[{', '.join(map(str, self.parameters))}], {self.result}]"


@dataclass(frozen=True)
class EnumType(Type):
    decl: EnumDecl

    def __str__(self) -> str:
        return self.decl.name


@dataclass(frozen=True)
class ErrorType(Type):
    """An error bound by `except E as name`."""

    decl: ErrorDecl

    def __str__(self) -> str:
        return self.decl.name


@dataclass(frozen=True)
class Variable(Type):
    """A type variable inside a generic declaration that is not being compiled for a use (only while it is declared)."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass
class Field:
    """A field of a structure; `index` is its place in the LLVM structure."""

    name: str
    type: Type
    index: int


@dataclass(eq=False)
class StructType(Type):
    """One use of a class: for a generic, one for each list of arguments. Compared by identity (see Program.struct)."""

    decl: ClassDecl
    arguments: tuple[Type | int, ...] = ()
    fields: dict[str, Field] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)  # fields that have no type
    complete: bool = False

    def __str__(self) -> str:
        if not self.arguments:
            return self.decl.name
        return f"{self.decl.name}[{', '.join(map(str, self.arguments))}]"


def an(type_: Type) -> str:
    """The type with its article."""
    name = str(type_)
    return f"an {name}" if name[0] in "aeioAEIO" else f"a {name}"


def nesting(type_: Type | int) -> int:
    """How many types stand one inside the other."""
    match type_:
        case ArrayType() | SliceType():
            inside: list[Type | int] = [type_.element]
        case OptionalType() | RefType():
            inside = [type_.inner]
        case TupleType():
            inside = list(type_.elements)
        case FunctionType():
            inside = [*type_.parameters, type_.result]
        case StructType():
            inside = list(type_.arguments)
        case _:
            return 0
    return 1 + max(map(nesting, inside), default=0)


def is_aggregate(type_: Type) -> bool:
    """Whether a value of it is handled through the address of its storage."""
    return isinstance(type_, StructType | ArrayType)


def is_reference(type_: Type) -> bool:
    """Whether a value of it may point into somebody's storage (what escape analysis follows)."""
    if isinstance(type_, OptionalType | RefType):
        return is_reference(type_.inner)
    if isinstance(type_, TupleType):
        return any(is_reference(t) for t in type_.elements)
    return is_aggregate(type_) or isinstance(type_, SliceType) or type_ in (TEXT, BYTES)


def stores_references(type_: Type) -> bool:
    """Whether storage of this type holds addresses, so that copying it copies references."""
    if isinstance(type_, ArrayType):
        return stores_references(type_.element)
    if isinstance(type_, StructType):
        return any(stores_references(f.type) for f in type_.fields.values())
    return is_reference(type_)


def least_size(type_: Type) -> int:
    """Bytes of storage, padding not counted."""
    match type_:
        case Int():
            return type_.bits // 8
        case ArrayType():
            return type_.count * least_size(type_.element)
        case StructType():
            return sum(least_size(f.type) for f in type_.fields.values())
    return 1 if type_ == BOOL else 8


def element_type(type_: Type) -> Type | None:
    """What indexing a built-in sequence gives; None if it is none."""
    if isinstance(type_, ArrayType | SliceType):
        element = type_.element
        return element.inner if isinstance(element, RefType) else element
    return {TEXT: TEXT, BYTES: U8}.get(type_)  # type: ignore[call-overload, no-any-return]


def common_integer(a: Int, b: Int) -> Int | None:
    """The operand type of `a op b`; None where no width holds both (write a conversion)."""
    if a.signed == b.signed:
        return a if a.bits >= b.bits else b
    unsigned, signed = (b, a) if a.signed else (a, b)
    return signed if signed.bits > unsigned.bits else None


def mentions_variable(type_: Type | int) -> bool:
    """Whether a type variable occurs in it (only while a generic call's types are being found)."""
    match type_:
        case Variable():
            return True
        case SliceType() | ArrayType():
            return mentions_variable(type_.element)
        case OptionalType() | RefType():
            return mentions_variable(type_.inner)
        case TupleType():
            return any(map(mentions_variable, type_.elements))
        case FunctionType():
            return any(map(mentions_variable, (*type_.parameters, type_.result)))
        case StructType():
            return any(map(mentions_variable, type_.arguments))
    return False
