"""A generator of guest programs: integers of all widths, sequences, structures, errors, control flow.

`program(random, tag)` is one program: declarations and a function `program_TAG()`, which prints what it computes.
`batch(seeds)` is a file that runs many, each behind a line that says which; `alone(seed)` ends as the program ends,
with its status or an error that nobody catches.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from tests.compiler.program_blocks import Blocks
from tests.compiler.program_expressions import ARITHMETIC, KINDS, Function

HEADER = '''"""Generated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from atoll.abi.types import (
    Array, Bytes, Slice, Text, copy, i8, i16, i32, i64, low8, low16, low32, signed, u8, u16, u32, u64, unsigned,
    wrapping_add, wrapping_mul, wrapping_neg, wrapping_shl, wrapping_sub,
)
from atoll.userland.runtime.containers import Empty, Full, Ring, Table
'''

# How a run of one program among many ends, from the special to the general.
ENDS = (
    "Derived_{tag}",
    "Worded_{tag}",
    "Coded_{tag}",
    "OverflowError",
    "ZeroDivisionError",
    "IndexError",
    "ValueError",
    "AssertionError",
    "Full",
    "Empty",
    "Exception",
)
MARK = "=====> "  # begins the line before what a program of a batch prints
MEMBERS = ("RED", "GREEN", "BLUE")


class Program(Blocks):
    """Writes one program."""

    def __init__(self, random: Random, tag: str) -> None:
        super().__init__(random, tag)
        self.kind, self.other = self.pick(KINDS), self.pick(KINDS)  # of the fields of its structures
        self.length = self.random.randint(3, 6)  # of its arrays
        self.functions: list[Function] = []

    def write(self) -> str:
        """The whole text."""
        self.types()
        self.state()
        self.fixed_functions()
        for number in range(self.random.randint(1, 2)):
            self.function(number)
        self.main()
        return "\n".join(self.lines) + "\n"

    def lines_of(self, text: str) -> None:
        """Several lines, with the program's names put in: t its tag, k and o its kinds, n its length."""
        for name, value in {"@t": self.tag, "@k": self.kind, "@o": self.other, "@n": str(self.length)}.items():
            text = text.replace(name, value)
        self.lines += text.strip("\n").splitlines()

    def types(self) -> None:
        """Structures, enumerations and errors."""
        self.lines_of(f'''

@dataclass
class Point_@t:
    x: @k
    y: @o = {self.literal(self.other)}


class Box_@t:
    """Fields of all sorts."""

    flag: bool
    count: @k
    corner: Point_@t
    items: Array[@o, @n]
    next: Box_@t | None
    label: Text

    def add(self, by: @k) -> @k:
        self.count {self.pick(ARITHMETIC)}= by
        return self.count

    @property
    def height(self) -> @o:
        return self.corner.y

    def sum(self) -> i64:
        result: i64 = 0
        for item in self.items:
            result = wrapping_add(result, i64(item & 127))
        return result


class Color_@t(IntEnum):
    RED = {self.random.randint(0, 2)}
    GREEN = 5
    BLUE = {self.random.randint(6, 1 << 40)}


class Mode_@t(IntFlag):
    READ = 1
    WRITE = 2
    RUN = 4


class Coded_@t(Exception):
    """An error with a number."""

    code: u32


class Worded_@t(Exception):
    """An error with a text."""


class Derived_@t(Worded_@t):
    """A special one of those."""
''')

    def state(self) -> None:
        """Module variables."""
        self.lines_of(f"""

state_@t: @k = {self.literal(self.kind)}
place_@t: Point_@t = Point_@t({self.literal(self.kind)})
table_@t: Array[@k, @n] = Array(({", ".join(self.literal(self.kind) for _ in range(self.length))}))
grid_@t: Array[Point_@t, 3] = Array()
""")

    def fixed_functions(self) -> None:
        """Functions whose shape is always the same: results of all sorts, recursion with a bound, module state."""
        self.lines_of(f"""

def maybe_@t(x: i32) -> i32 | None:
    return x // 2 if x & {self.random.randint(1, 3)} else None


def pair_@t(a: @k, b: @o) -> tuple[@o, bool]:
    return b, a > b


def point_@t(x: @k) -> Point_@t:
    return Point_@t(x, y={self.literal(self.other)})


def color_@t(x: u64) -> Color_@t:
    if x % 3 == 0:
        return Color_@t.RED
    return Color_@t.GREEN if x % 3 == 1 else Color_@t.BLUE


def down_@t(depth: u8, x: @k) -> @k:
    if depth == 0:
        return x
    return down_@t(depth - 1, {self.pick(("x", "x // 2", "x ^ 1", "wrapping_add(x, 3)", "x + 1"))})


def fill_@t(part: Slice[@o], x: @o) -> u64:
    done: u64 = 0
    for k in range(len(part)):
        part[k] = x
        x = wrapping_mul(x, 5)
        done += 1
    return done


def shift_@t(x: @k) -> None:
    global state_@t, place_@t
    state_@t = x
    place_@t = Point_@t(x, place_@t.y)
    print("shifted")


def twice_@t(f: Callable[[@k], @k], x: @k) -> @k:
    return f(f(x))


def step_@t(x: @k) -> @k:
    return {self.pick(("x", "x + 1", "x // 2", "~x", "wrapping_sub(x, 7)", "x ^ 3"))}
""")
        self.functions = [Function(f"step_{self.tag}", (self.kind,), self.kind)]

    def function(self, number: int) -> None:
        """A function of random statements; it may call those before it."""
        name, result = f"f{number}_{self.tag}", self.pick(KINDS)
        parameters = tuple(self.pick(KINDS) for _ in range(self.random.randint(1, 3)))
        shown = ", ".join(f"{'abc'[i]}: {kind}" for i, kind in enumerate(parameters))
        self.lines += ["", ""]
        with self.nested(f"def {name}({shown}) -> {result}:"):
            self.scope.functions = list(self.functions)
            self.scope.integers = dict(zip("abc", parameters, strict=False))
            self.scope.writable = dict(self.scope.integers)
            self.result = result
            self.block(1, self.random.randint(1, 2))
            self.emit(f"return {self.value(result)}")
            self.result = None
        self.functions.append(Function(name, parameters, result))

    def main(self) -> None:
        """The function that runs."""
        self.lines += ["", ""]
        with self.nested(f"def program_{self.tag}() -> None:"):
            self.scope.functions = list(self.functions)
            self.variables()
            if self.chance(60):
                self.structures()
            if self.chance(20):
                self.ring()
            if self.chance(20):
                self.table()
            if self.chance(20):
                self.flags()
            for _ in range(self.random.randint(1, 3)):
                self.step()
            self.summary()

    def step(self) -> None:
        """A statement of the program; its errors seldom end the program."""
        if not self.chance(85):
            self.statement(1)
            return
        with self.nested("try:"):
            self.block(2)
        with self.nested("except Exception:"):
            self.emit('print("caught")')

    def variables(self) -> None:
        """What every program starts with."""
        self.emit(f"global state_{self.tag}")
        for kind in (self.kind, self.other, *(self.pick(KINDS) for _ in range(4))):  # literals: nothing fails here
            name = self.fresh("v")
            self.emit(f"{name}: {kind} = {self.literal(kind)}")
            self.scope.integers[name] = self.scope.writable[name] = kind
        for name in (f"state_{self.tag}", f"place_{self.tag}.x", f"grid_{self.tag}[1].x"):
            self.scope.integers[name] = self.scope.writable[name] = self.kind
        self.scope.arrays[f"table_{self.tag}"] = self.kind, self.length
        self.emit(f"near: Array[{self.other}, 4] = Array()")
        self.emit(f"near[0] = {self.literal(self.other)}")
        self.scope.arrays["near"] = self.other, 4
        self.emit(f"rows: Array[Array[{self.other}, 3], 2] = Array()")
        self.scope.arrays["rows[1]"] = self.scope.arrays["rows[-2]"] = self.other, 3
        self.emit(f"word = {self.text()}")
        self.scope.texts.append("word")
        self.emit(f"color = color_{self.tag}({self.random.getrandbits(64)})")
        self.scope.enums["color"] = f"Color_{self.tag}", MEMBERS

    def structures(self) -> None:
        """Structures: fields in place and references, other names, copies, calls that give and take them."""
        tag = self.tag
        for line in (
            f"p = Point_{tag}({self.literal(self.kind)})",
            f"q = point_{tag}({self.leaf(self.kind)})",
            "r = p",
            "s = copy(q)",
            f"box = Box_{tag}()",
            f"other = Box_{tag}()",
            "box.next = other",
            "box.corner = p",
            "p.x = q.x",
            f"grid_{tag}[2] = q",
            f"grid_{tag}[0] = grid_{tag}[2]",
            f"{self.pick(('r', 's', 'q'))}.y = {self.leaf(self.other)}",
            f"number, larger = pair_{tag}(box.corner.x, p.y)",
            f"print(p == q, r == p, s == q, p == grid_{tag}[0], number, larger)",
        ):
            self.emit(line)
        places = {
            "p.x": self.kind,
            "r.x": self.kind,
            "s.y": self.other,
            "box.count": self.kind,
            "box.corner.x": self.kind,
        }
        self.scope.integers |= places | {"box.height": self.other, "number": self.other}
        self.scope.writable |= places
        self.scope.points += ["p", "q", "r", "s", "box.corner", f"grid_{tag}[1]"]
        self.scope.arrays["box.items"] = self.other, self.length
        self.scope.booleans += ["larger", "box.flag"]
        self.scope.texts.append("box.label")
        x, y = self.leaf(self.other), self.literal(self.other)
        self.emit(f"filled = fill_{tag}(box.items[1:], {x}) + fill_{tag}(near, {y})")
        self.scope.integers["filled"] = "u64"
        self.emit(f"cursor: Box_{tag} | None = box")
        with self.nested("while cursor is not None:"):
            self.emit("print(cursor.count, cursor.corner.x, cursor.sum())")
            self.emit("cursor.count = 9")
            self.emit("cursor = cursor.next")
        with self.nested("try:"):
            self.emit(
                f"print(box.add({self.operand(self.kind, 1)}), down_{tag}({self.random.randint(0, 5)}, box.count))"
            )
            self.emit(f"shift_{tag}(twice_{tag}(step_{tag}, {self.operand(self.kind, 1)}))")
        with self.nested(f"except {self.pick(('OverflowError', 'ArithmeticError'))}:"):
            self.emit('print("structures overflow")')

    def ring(self) -> None:
        """A generic container of the run-time library."""
        kind = self.pick(KINDS)
        self.emit(f"ring: Ring[{kind}, 3] = Ring()")
        for _ in range(self.random.randint(1, 3)):
            with self.nested("try:"):
                what = self.pick(
                    (
                        f"ring.push({self.operand(kind, 1)})",
                        "print(ring.pop())",
                        "print(ring[len(ring) - 1], ring.full)",
                    )
                )
                self.emit(what)
            with self.nested(f"except {self.pick(('(Full, Empty)', 'Exception'))}:"):
                self.emit('print("ring", len(ring))')

    def table(self) -> None:
        """The other container: integer keys, and structures as values."""
        self.emit(f"table: Table[{self.kind}, Point_{self.tag}, 3] = Table()")
        for _ in range(self.random.randint(1, 3)):
            key = self.operand(self.kind, 2)
            with self.nested("try:"):
                what = (f"table.insert({key}, Point_{self.tag}({self.leaf(self.kind)}))", f"print(table.remove({key}))",
                        f"print({key} in table, len(table))")  # fmt: skip
                self.emit(self.pick((what[0], *what)))
            with self.nested("except Full:"):
                self.emit('print("table", len(table))')
            with self.nested("except Exception:"):
                self.emit('print("key")')
        self.emit("place = table.next_place(-1)")
        with self.nested("while place >= 0:"):
            self.emit("print(table.keys[place], table.values[place].x)")
            self.emit("place = table.next_place(place)")

    def flags(self) -> None:
        """Sets of bits with names."""
        mode = f"Mode_{self.tag}"
        self.emit(f"mode = {mode}.{self.pick(('READ', 'RUN'))} | {mode}.WRITE")
        with self.nested(f"if mode & {mode}.READ:"):
            self.emit(f"mode = mode & ~{mode}.WRITE")
        self.emit(f"print(mode.value, mode == {mode}.READ, (mode ^ {mode}.RUN).value)")

    def summary(self) -> None:
        """Everything that is left, printed."""
        names = list(self.scope.integers)
        for start in range(0, len(names), 5):
            self.emit(f"print({', '.join(names[start : start + 5])})")
        for array in self.scope.arrays:
            with self.nested(f"for last in {array}:"):
                self.emit('print(last, end=" ")')
        self.emit(f"print(color.name, {', '.join(self.scope.texts)})")


def program(random: Random, tag: str) -> str:
    """The text of one program without its imports."""
    return Program(random, tag).write()


def batch(seeds: Iterable[int]) -> str:
    """A file that runs the programs of these seeds, one after another."""
    parts, calls = [HEADER], []
    for seed in seeds:
        tag = f"s{seed}"
        parts += [program(Random(seed), tag), runner(tag)]
        calls.append(f"    run_{tag}()")
    return "\n".join(parts) + "\n\ndef main() -> None:\n" + "\n".join(calls) + "\n"


def runner(tag: str) -> str:
    """A function that runs one program and prints how it ended."""
    lines = [
        "",
        f"def run_{tag}() -> None:",
        f'    print("{MARK}{tag}")',
        "    try:",
        f"        program_{tag}()",
        '        print("ended")',
    ]
    for name in ENDS:
        shown = name.format(tag=tag)
        lines += [f"    except {shown}:", f'        print("{shown}")']
    return "\n".join(lines) + "\n"


def alone(random: Random) -> str:
    """A file with one program, which ends as it ends: with a status, or with an error that nobody catches."""
    made = program(random, "t")
    status = random.randint(0, 255)
    return f"{HEADER}{made}\n\ndef main() -> i64:\n    program_t()\n    return {status}\n"
