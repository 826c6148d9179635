"""Random statements of guest Python: the middle of the generator in programs.py.

A variable that a block makes is known in that block only, so it surely has a value wherever it is read. Loops are
short, and nothing calls itself without a bound: every program ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from tests.compiler.program_expressions import ARITHMETIC, KINDS, Expressions, join

Maker = Callable[[int], None]

ERRORS = ("OverflowError", "ZeroDivisionError", "IndexError", "ArithmeticError", "LookupError", "ValueError", "Exception")
DEEPEST_BLOCK = 3


class Statements(Expressions):
    """Writes statements into `lines`; `tag` ends every name at module level, so that programs can share a file."""

    def __init__(self, random: Random, tag: str) -> None:
        super().__init__(random)
        self.tag = tag
        self.lines: list[str] = []
        self.level = 0
        self.names = 0
        self.loops = 0
        self.finals = 0  # how many `finally` blocks surround this place: nothing may leave them
        self.result: str | None = None  # the integer kind that this function returns

    def emit(self, line: str) -> None:
        """One line at the current indentation."""
        self.lines.append("    " * self.level + line)

    def fresh(self, start: str) -> str:
        """A new local name."""
        self.names += 1
        return f"{start}{self.names}"

    @contextmanager
    def nested(self, head: str) -> Iterator[None]:
        """A block below a line that ends with a colon, with a scope of its own."""
        self.emit(head)
        outer, self.scope = self.scope, self.scope.inside()
        self.level += 1
        yield
        self.level -= 1
        self.scope = outer

    def block(self, depth: int, count: int | None = None) -> None:
        """A few statements."""
        for _ in range(count or self.random.randint(1, 3)):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        """Any statement."""
        simple: list[Maker] = [self.assign, self.assign, self.augment, self.show, self.show, self.declare, self.set_element,
                               self.set_flag, self.swap, self.view, self.set_text, self.copy_slice, self.optional]  # fmt: skip
        nested: list[Maker] = [self.condition, self.condition, self.while_loop, self.range_loop, self.array_loop, self.text_loop,
                               self.guarded, self.guarded, self.match_number, self.match_other, self.leave]  # fmt: skip
        self.pick(simple if depth >= DEEPEST_BLOCK or self.chance(55) else nested)(depth)

    # --- assignments --------------------------------------------------------------------------------------------------

    def value(self, kind: str) -> str:
        """Something that can be assigned to a variable of that kind."""
        if self.chance(15):
            return self.literal(kind)
        return self.integer(kind if self.chance(60) else self.pick(KINDS))

    def assign(self, _depth: int) -> None:
        """To something that is there."""
        name = self.pick(list(self.scope.writable))
        self.emit(f"{name} = {self.value(self.scope.writable[name])}")

    def augment(self, _depth: int) -> None:
        """`x += y` and its like."""
        name = self.pick(list(self.scope.writable))
        kind = self.scope.writable[name]
        if self.chance(20):
            self.emit(f"{name} {self.pick(('<<', '>>'))}= {self.random.randint(0, 4)}")
            return
        others = [other for other in KINDS if join(kind, other) is not None]
        right = self.literal(kind) if self.chance(40) else self.integer(self.pick(others), 1)
        self.emit(f"{name} {self.pick(ARITHMETIC)}= {right}")

    def declare(self, _depth: int) -> None:
        """A new variable, with and without an annotation."""
        name, kind = self.fresh("n"), self.pick(KINDS)
        if self.chance(50):
            self.emit(f"{name}: {kind} = {self.value(kind)}")
        elif self.chance(20):
            kind = "i64"
            self.emit(f"{name} = {self.random.randint(-9, 99)}")
        else:
            self.emit(f"{name} = {self.integer(kind)}")
        self.scope.integers[name] = self.scope.writable[name] = kind

    def set_element(self, depth: int) -> None:
        """An element of an array or slice."""
        targets = {name: kind for name, (kind, _) in self.scope.arrays.items()} | self.scope.slices
        if not targets:
            return self.assign(depth)
        name = self.pick(list(targets))
        target = self.element(name) if name in self.scope.arrays else f"{name}[{self.index(3)}]"
        sign = self.pick(("=", "=", "+=", "^="))
        value = self.value(targets[name]) if sign == "=" else self.operand(targets[name], 1)
        self.emit(f"{target} {sign} {value}")

    def set_flag(self, _depth: int) -> None:
        """A condition as a value."""
        if self.scope.booleans and self.chance(50):
            self.emit(f"{self.pick(self.scope.booleans)} = {self.boolean()}")
        else:
            name = self.fresh("flag")
            self.emit(f"{name} = {self.boolean()}")
            self.scope.booleans.append(name)

    def swap(self, depth: int) -> None:
        """Two variables of one kind."""
        for kind in KINDS:
            same = [name for name, its in self.scope.writable.items() if its == kind]
            if len(same) > 1:
                self.emit(f"{same[0]}, {same[1]} = {same[1]}, {same[0]}")
                return
        self.assign(depth)

    def view(self, depth: int) -> None:
        """A slice of an array or of another slice."""
        if not self.scope.arrays:
            return self.declare(depth)
        name, (kind, length) = self.pick(list(self.scope.arrays.items()))
        low, high = sorted((self.random.randint(0, length), self.random.randint(0, length)))
        bounds = self.pick((f"{low}:{high}", f"{low}:", f":{high}", ":", f"{self.index(length)}:", f":{self.index(length + 2)}",
                            f"-{max(high, 1)}:", f"{self.index(2)}:{self.index(length + 3)}"))  # fmt: skip
        new = self.fresh("part")
        self.emit(f"{new} = {name}[{bounds}]")
        self.scope.slices[new] = kind

    def copy_slice(self, depth: int) -> None:
        """`a[i:j] = b[k:l]` of one length; they may overlap."""
        pairs = [(a, b) for a, its in self.scope.arrays.items() for b, other in self.scope.arrays.items() if its[0] == other[0]]
        if not pairs:
            return self.assign(depth)
        a, b = self.pick(pairs)
        longest = min(self.scope.arrays[a][1], self.scope.arrays[b][1])
        size = self.random.randint(1, longest)
        to = self.random.randint(0, self.scope.arrays[a][1] - size)
        source = self.random.randint(0, self.scope.arrays[b][1] - size)
        self.emit(f"{a}[{to}:{to + size}] = {b}[{source}:{source + size}]")

    def set_text(self, _depth: int) -> None:
        """A text variable; in a block that runs once it may be an f-string."""
        name = self.fresh("text")
        value = self.line() if self.level == 1 and self.chance(40) else self.text()
        self.emit(f"{name} = {value}")
        self.scope.texts.append(name)

    def optional(self, depth: int) -> None:
        """A value or None, looked at before it is used."""
        name = self.fresh("maybe")
        self.emit(f"{name} = maybe_{self.tag}({self.operand('i32', 1)})")
        with self.nested(f"if {name} is {self.pick(('not None', 'not None', 'None'))}:"):
            if self.lines[-1].endswith("not None:"):
                self.scope.integers[name] = "i32"
            self.block(depth + 1, 1)
        if "is None" in self.lines[-2]:
            with self.nested("else:"):
                self.scope.integers[name] = "i32"
                self.block(depth + 1, 1)

    # --- output -------------------------------------------------------------------------------------------------------

    def show(self, _depth: int) -> None:
        """Print something."""
        if self.chance(25):
            values = ", ".join(self.leaf_name(self.pick(KINDS)) for _ in range(2))
            option = self.pick(("", ', end=" "', ', sep="-"'))
            self.emit(f"print({values}{option})")
        else:
            self.emit(f"print({self.line()})")

    # --- conditions and loops -----------------------------------------------------------------------------------------

    def condition(self, depth: int) -> None:
        """`if`, `elif`, `else`."""
        with self.nested(f"if {self.boolean()}:"):
            self.block(depth + 1)
        if self.chance(25):
            with self.nested(f"elif {self.boolean()}:"):
                self.block(depth + 1)
        if self.chance(50):
            with self.nested("else:"):
                self.block(depth + 1)

    def loop(self, head: str, depth: int, start: Callable[[], None]) -> None:
        """A loop with `break`, `continue` and `else` now and then."""
        finals, self.finals = self.finals, 0
        with self.nested(head):
            start()
            self.loops += 1
            if self.chance(35):
                with self.nested(f"if {self.boolean()}:"):
                    self.block(depth + 2, 1)
                    self.emit(self.pick(("break", "continue")))
            self.block(depth + 1)
            self.loops -= 1
        self.finals = finals
        if self.chance(25):
            with self.nested("else:"):
                self.block(depth + 1, 1)

    def while_loop(self, depth: int) -> None:
        """At most a few times round."""
        name, kind = self.fresh("round"), self.pick(KINDS)
        self.emit(f"{name}: {kind} = 0")

        def start() -> None:
            self.emit(f"{name} += 1")
            self.scope.integers[name] = kind

        self.loop(f"while {name} < {self.random.randint(1, 4)} and {self.boolean(2)}:", depth, start)

    def range_loop(self, depth: int) -> None:
        """Over constant and computed bounds, up and down."""
        kind = self.pick(KINDS)
        computed = f"({self.leaf(kind)} & {self.random.randint(1, 5)})"
        bounds, kind = self.pick((
            (str(self.random.randint(0, 4)), "i64"),
            (f"{self.random.randint(-3, 1)}, {self.random.randint(0, 3)}", "i64"),
            (f"{self.random.randint(3, 6)}, {self.random.randint(-2, 2)}, -{self.random.randint(1, 3)}", "i64"),
            (f"{self.random.randint(0, 3)}, {self.random.randint(4, 12)}, {self.random.randint(2, 5)}", "i64"),
            (computed, kind),
            (f"{self.random.randint(0, 2)}, {computed}", kind),
            (f"{computed}, -1, -1" if kind[0] == "i" else f"{computed}, 0, -1", kind if kind[0] == "i" else "i64"),
        ))  # fmt: skip
        name = self.fresh("j")
        self.loop(f"for {name} in range({bounds}):", depth, lambda: self.scope.integers.update({name: kind}))

    def array_loop(self, depth: int) -> None:
        """Over the elements of an array or slice, with and without their numbers."""
        if not self.scope.arrays:
            return self.range_loop(depth)
        array, (kind, length) = self.pick(list(self.scope.arrays.items()))
        name, number = self.fresh("x"), self.fresh("k")
        over = self.pick((array, f"{array}[{self.random.randint(0, length)}:]"))
        if self.chance(50):
            self.loop(f"for {name} in {over}:", depth, lambda: self.scope.integers.update({name: kind}))
        else:
            known = {name: kind, number: "i64"}
            self.loop(f"for {number}, {name} in enumerate({over}):", depth, lambda: self.scope.integers.update(known))
        return None

    def text_loop(self, depth: int) -> None:
        """Over the bytes of a text, as texts or as numbers."""
        if not self.scope.texts:
            return self.range_loop(depth)
        text, name = self.pick(self.scope.texts), self.fresh("c")
        if self.chance(50):
            self.loop(f"for {name} in {text}[:{self.index(4)}]:", depth, lambda: self.scope.texts.append(name))
        else:
            self.loop(f"for {name} in {text}[:{self.index(4)}].encode():", depth, lambda: self.scope.integers.update({name: "u8"}))
        return None

    def match_number(self, depth: int) -> None:
        """`match` with constants, alternatives, a guard."""
        kind = self.pick(KINDS)
        with self.nested(f"match {self.leaf(kind)} % 5:"):
            with self.nested("case 0:"):
                self.block(depth + 2, 1)
            with self.nested("case 1 | 3:"):
                self.block(depth + 2, 1)
            name = self.fresh("m")
            if self.chance(50):
                with self.nested(f"case {name} if {name} > {self.random.randint(0, 4)}:"):
                    self.scope.integers[name] = kind
                    self.block(depth + 2, 1)
            if self.chance(60):
                with self.nested("case _:"):
                    self.block(depth + 2, 1)

    def match_other(self, depth: int) -> None:
        """`match` on an enumeration, a text or a tuple."""
        if self.scope.enums and self.chance(50):
            name, (cls, members) = self.pick(list(self.scope.enums.items()))
            subject, cases = name, [f"{cls}.{members[0]}", f"{cls}.{members[1]} | {cls}.{members[2]}"]
        elif self.scope.texts and self.chance(50):
            subject, cases = self.pick(self.scope.texts), ['"a"', '"atoll" | "reef"']
        else:
            kind = self.pick(KINDS)
            subject, cases = f"({self.leaf(kind)} % 3, {self.boolean(2)})", ["(0, True)", "(1 | 2, False)", "(0, _)"]
        with self.nested(f"match {subject}:"):
            for case in cases:
                with self.nested(f"case {case}:"):
                    self.block(depth + 2, 1)
            if self.chance(60):
                with self.nested("case _:"):
                    self.block(depth + 2, 1)

    # --- errors -------------------------------------------------------------------------------------------------------

    def guarded(self, depth: int) -> None:
        """`try` with some of `except`, `else`, `finally`."""
        with self.nested("try:"):
            self.block(depth + 1)
            if self.chance(30):
                self.raising(depth + 1)
        caught = self.chance(85)
        if caught:
            self.handlers(depth)
        if caught and self.chance(25):
            with self.nested("else:"):
                self.block(depth + 1, 1)
        if not caught or self.chance(25):
            with self.nested("finally:"):
                self.finals += 1
                self.emit('print("finally")')
                self.block(max(depth + 1, DEEPEST_BLOCK), 1)
                self.finals -= 1

    def handlers(self, depth: int) -> None:
        """One or two `except` blocks; only texts and fields of the program's own errors are looked at."""
        if self.chance(35):
            with self.nested(f"except Coded_{self.tag} as error:"):
                self.scope.integers["error.code"] = "u32"
                self.emit('print(f"code {error.code}")')
                self.block(depth + 1, 1)
        if self.chance(30):
            with self.nested(f"except Worded_{self.tag} as error:"):
                self.emit('print(f"words {error}")')
        classes = self.pick((*ERRORS, "(OverflowError, IndexError)", "(ZeroDivisionError, ValueError)", "Exception", "Exception"))
        with self.nested(f"except {classes}:"):
            self.emit(f'print("caught {classes.strip("()")}")')
            self.block(depth + 1, 1)
            if self.chance(10):
                self.emit("raise")

    def raising(self, depth: int) -> None:
        """Raise something, if."""
        with self.nested(f"if {self.boolean()}:"):
            self.block(depth + 1, 1)
            self.emit(self.pick((
                f"raise Coded_{self.tag}({self.operand('u32', 1)})", f'raise Worded_{self.tag}("no more")', "raise IndexError",
                f"raise Worded_{self.tag}({self.line()})", f'raise Derived_{self.tag}("derived")', 'raise ValueError("wrong")',
            )))  # fmt: skip

    def leave(self, depth: int) -> None:
        """Out of a loop or function, or an assertion."""
        if self.finals:
            return self.assign(depth)
        if self.loops and self.chance(50):
            with self.nested(f"if {self.boolean()}:"):
                self.emit(self.pick(("break", "continue")))
        elif self.result is not None:
            with self.nested(f"if {self.boolean()}:"):
                self.block(depth + 1, 1)
                self.emit(f"return {self.value(self.result)}")
        else:
            self.emit(f'assert {self.boolean()}, "asserted"')
        return None
