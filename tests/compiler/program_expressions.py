"""Random expressions of guest Python with a known type: the lower half of the generator in programs.py.

Every method takes what it needs from a `random.Random`, so a seed is a program, and Hypothesis (whose `randoms()` are
such objects) can shrink one. The rules of types are the reference's, written down here once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")

KINDS = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64")
TEXTS = ("", "a", "ab", "abc", "atoll", "reef", "hello, world", "h\u00e9llo", "na\u00efve \u2713", "\u6f2e")
ARITHMETIC = ("+", "-", "*", "//", "%", "&", "|", "^")
SPECS = ("", "", "", ":5", ":<8", ":>7", ":^9", ":08x", ":x", ":b", ":04", ":#x", ":X", ":o", ":*^12", ":#010x")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
DEEPEST = 3


def bits(kind: str) -> int:
    """The width of an integer type."""
    return int(kind[1:])


def limits(kind: str) -> tuple[int, int]:
    """The smallest and the largest value."""
    if kind[0] == "u":
        return 0, (1 << bits(kind)) - 1
    return -(1 << (bits(kind) - 1)), (1 << (bits(kind) - 1)) - 1


def join(a: str, b: str) -> str | None:
    """The type of an operation on both; None where a conversion has to be written."""
    if a[0] == b[0]:
        return max(a, b, key=bits)
    unsigned, signed = sorted((a, b), key=lambda kind: kind[0] == "i")
    return signed if bits(signed) > bits(unsigned) else None


class Function(NamedTuple):
    """A function that programs may call: its parameters (integer kinds) and result."""

    name: str
    parameters: tuple[str, ...]
    result: str


@dataclass
class Scope:
    """What expressions at this place may name: variables by their kind."""

    integers: dict[str, str] = field(default_factory=dict)  # anything readable of integer type: names, fields
    writable: dict[str, str] = field(default_factory=dict)  # those of them that may be assigned to
    booleans: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    arrays: dict[str, tuple[str, int]] = field(default_factory=dict)  # name -> element kind, length
    slices: dict[str, str] = field(default_factory=dict)  # name -> element kind; length not known
    enums: dict[str, tuple[str, Sequence[str]]] = field(default_factory=dict)  # variable -> class, members
    points: list[str] = field(default_factory=list)  # structures of the program's dataclass
    functions: list[Function] = field(default_factory=list)

    def inside(self) -> Scope:
        """A copy for a block, whose own variables stay inside."""
        return Scope(
            dict(self.integers),
            dict(self.writable),
            list(self.booleans),
            list(self.texts),
            dict(self.arrays),
            dict(self.slices),
            dict(self.enums),
            list(self.points),
            self.functions,
        )


class Expressions:
    """Makes expressions; `scope` is what they may name."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.scope = Scope()
        # Inside an f-string: no text constants there, whose quotes Python 3.11 would not parse.
        self.in_format = False

    # --- choices ------------------------------------------------------------------------------------------------------

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[self.random.randrange(len(values))]

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.random.randrange(100) < percent

    def literal(self, kind: str) -> str:
        """A constant that fits: small ones and those at the edges are the interesting ones."""
        low, high = limits(kind)
        number = self.pick(
            [
                self.random.randint(0, 9),
                self.random.randint(0, 127),
                self.random.randint(low, high),
                high,
                high - self.random.randint(0, 3),
                low,
                low + self.random.randint(0, 3),
                1 << self.random.randrange(bits(kind) - 1),
            ]
        )
        return str(number) if number >= 0 else f"({number})"

    # --- integers -----------------------------------------------------------------------------------------------------

    def integer(self, kind: str, depth: int = 0) -> str:
        """An expression whose type is exactly `kind`; never a constant for the compiler."""
        if depth >= DEEPEST or self.chance(35):
            return self.leaf(kind)
        makers = [
            self.operation,
            self.operation,
            self.mixed,
            self.shift,
            self.unary,
            self.conversion,
            self.wrapping,
            self.reinterpreted,
            self.choice,
            self.call,
            self.least,
        ]
        return self.pick(makers)(kind, depth + 1)

    def leaf(self, kind: str) -> str:
        """A variable, field or element of that kind; converted from another where there is none."""
        names = [name for name, its in self.scope.integers.items() if its == kind]
        elements = [name for name, (its, _) in self.scope.arrays.items() if its == kind]
        if elements and self.chance(30):
            return self.element(self.pick(elements))
        views = [name for name, its in self.scope.slices.items() if its == kind]
        if views and self.chance(30):
            return f"{self.pick(views)}[{self.index(4)}]"
        if names:
            return self.pick(names)
        return f"{kind}({self.pick(list(self.scope.integers))})"

    def element(self, name: str) -> str:
        """An element of an array, mostly inside it. Constant indices outside are refused, so there are none."""
        _, length = self.scope.arrays[name]
        if self.chance(50):
            return f"{name}[{self.random.randint(-length, length - 1)}]"
        return f"{name}[{self.index(length)}]"

    def index(self, length: int) -> str:
        """An index that is computed: mostly small."""
        variable = self.leaf_name(self.pick(KINDS))
        return f"{variable} % {length}" if self.chance(80) else variable

    def leaf_name(self, kind: str) -> str:
        """A readable name, of that kind if there is one."""
        names = [name for name, its in self.scope.integers.items() if its == kind]
        return self.pick(names or list(self.scope.integers))

    def operand(self, kind: str, depth: int) -> str:
        """An operand beside one that has the type `kind`: may be a constant."""
        return self.literal(kind) if self.chance(40) else self.integer(kind, depth)

    def operation(self, kind: str, depth: int) -> str:
        """Arithmetic in one type."""
        left, right, sign = self.integer(kind, depth), self.operand(kind, depth), self.pick(ARITHMETIC)
        if self.chance(20):
            left, right = right, left
        return f"({left} {sign} {right})"

    def mixed(self, kind: str, depth: int) -> str:
        """Arithmetic on two types that `kind` is the join of."""
        pairs = [(a, b) for a in KINDS for b in KINDS if join(a, b) == kind]
        a, b = self.pick(pairs)
        return f"({self.integer(a, depth)} {self.pick(ARITHMETIC)} {self.integer(b, depth)})"

    def shift(self, kind: str, depth: int) -> str:
        """A shift by a constant or a small count, now and then by anything."""
        count = str(self.random.randint(0, bits(kind) + 1))
        if self.chance(40):
            other = self.pick(KINDS)
            count = self.leaf(other) if self.chance(25) else f"({self.leaf(other)} & 7)"
        return f"({self.integer(kind, depth)} {self.pick(('<<', '>>', '>>'))} {count})"

    def unary(self, kind: str, depth: int) -> str:
        """`-x`, `~x`, `+x`."""
        return f"({self.pick('-~+')}{self.integer(kind, depth)})"

    def conversion(self, kind: str, depth: int) -> str:
        """`kind(x)` of another type."""
        return f"{kind}({self.integer(self.pick(KINDS), depth)})"

    def wrapping(self, kind: str, depth: int) -> str:
        """The operations that wrap, and those that cut."""
        if kind in ("u8", "u16", "u32") and self.chance(30):
            return f"low{bits(kind)}({self.integer(self.pick(KINDS), depth)})"
        name = self.pick(("add", "sub", "mul", "shl", "neg"))
        if name == "neg":
            return f"wrapping_neg({self.integer(kind, depth)})"
        other = self.operand(kind, depth)
        if name == "shl":
            other = self.pick((str(self.random.randrange(bits(kind) + 2)), f"({self.leaf('i64')} & 127)"))
        return f"wrapping_{name}({self.integer(kind, depth)}, {other})"

    def reinterpreted(self, kind: str, depth: int) -> str:
        """`signed(x)`, `unsigned(x)`."""
        name, other = ("signed", "u") if kind[0] == "i" else ("unsigned", "i")
        return f"{name}({self.integer(other + kind[1:], depth)})"

    def choice(self, kind: str, depth: int) -> str:
        """`a if condition else b`."""
        return f"({self.integer(kind, depth)} if {self.boolean(depth)} else {self.integer(kind, depth)})"

    def least(self, kind: str, depth: int) -> str:
        """`min`, `max`, `abs`."""
        if self.chance(40):
            return f"abs({self.integer(kind, depth)})"
        return f"{self.pick(('min', 'max'))}({self.integer(kind, depth)}, {self.operand(kind, depth)})"

    def call(self, kind: str, depth: int) -> str:
        """A call, or a number that a text or sequence gives."""
        functions = [f for f in self.scope.functions if f.result == kind]
        if functions:
            function = self.pick(functions)
            arguments = (self.operand(parameter, depth) for parameter in function.parameters)
            return f"{function.name}({', '.join(arguments)})"
        if kind == "i64" and self.scope.texts and self.chance(60):
            text = self.pick(self.scope.texts)
            return f"len({text})" if self.chance(50) else f"ord({text}[{self.index(3)}])"
        if kind == "i64" and self.scope.slices:
            return f"len({self.pick(list(self.scope.slices))})"
        return self.leaf(kind)

    # --- conditions ---------------------------------------------------------------------------------------------------

    def boolean(self, depth: int = 0) -> str:
        """A condition."""
        if depth >= DEEPEST:
            return self.comparison(depth)
        makers = [self.comparison, self.comparison, self.chain, self.logic, self.negation, self.known]
        return self.pick(makers)(depth + 1)

    def comparison(self, depth: int) -> str:
        """Two numbers of any types, or two of something else."""
        if self.scope.texts and not self.in_format and self.chance(15):
            return f"{self.text()} {self.pick(('==', '!=', 'in', 'not in'))} {self.text()}"
        if len(self.scope.points) > 1 and self.chance(10):
            return f"{self.pick(self.scope.points)} {self.pick(('==', '!='))} {self.pick(self.scope.points)}"
        if self.scope.enums and self.chance(10):
            name, (cls, members) = self.pick(list(self.scope.enums.items()))
            return f"{name} {self.pick(COMPARISONS)} {cls}.{self.pick(members)}"
        right = self.literal(self.pick(KINDS)) if self.chance(40) else self.integer(self.pick(KINDS), depth)
        return f"{self.integer(self.pick(KINDS), depth)} {self.pick(COMPARISONS)} {right}"

    def chain(self, depth: int) -> str:
        """`a <= b < c`."""
        parts = [self.integer(self.pick(KINDS), depth) for _ in range(3)]
        return f"({parts[0]} {self.pick(COMPARISONS)} {parts[1]} {self.pick(COMPARISONS)} {parts[2]})"

    def logic(self, depth: int) -> str:
        """`and`, `or`."""
        return f"({self.boolean(depth)} {self.pick(('and', 'or'))} {self.boolean(depth)})"

    def negation(self, depth: int) -> str:
        """`not`."""
        return f"(not {self.boolean(depth)})"

    def known(self, depth: int) -> str:
        """A variable that is a condition."""
        return self.pick(self.scope.booleans) if self.scope.booleans else self.comparison(depth)

    # --- text ---------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """A text: a variable, a part of one, a constant."""
        if not self.scope.texts or self.chance(25):
            return repr_text(self.pick(TEXTS))
        name = self.pick(self.scope.texts)
        if self.chance(50):
            return name
        if self.chance(30):
            return f"{name}[{self.index(3)}]"
        low, high = self.pick(("", "1", "2", self.index(3))), self.pick(("", "2", "-1", self.index(4)))
        return f"{name}[{low}:{high}]"

    def formatted(self) -> str:
        """One `{...}` of an f-string."""
        if self.scope.booleans and self.chance(8):
            return f"{{{self.pick(self.scope.booleans)}}}"
        if self.scope.texts and self.chance(15):
            return self.formatted_text()
        if self.scope.enums and self.chance(10):
            return f"{{{self.pick(list(self.scope.enums))}{self.pick(('', '.name', '.value'))}}}"
        if self.chance(3):
            kind = self.pick(("u8", "i16", "u32", "i32"))
            return f"{{{self.leaf(kind)} / {self.leaf(kind)}:{self.pick(('.3f', '.0f', '9.2f'))}}}"
        spec = self.pick(SPECS)
        return f"{{{self.integer(self.pick(KINDS), 1)}{spec}}}"

    def formatted_text(self) -> str:
        """A text in an f-string."""
        text = self.pick(self.scope.texts)
        return f"{{{text}{self.pick(('', ':8', ':>6', ':^7', ':-<5'))}}}"

    def line(self) -> str:
        """An f-string of some values."""
        self.in_format = True
        parts = [self.formatted() for _ in range(self.random.randint(1, 3))]
        self.in_format = False
        return f'f"{self.pick(("", "= ", "v: "))}{" ".join(parts)}"'


def repr_text(text: str) -> str:
    """A text as a literal in double quotes."""
    return '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"'
