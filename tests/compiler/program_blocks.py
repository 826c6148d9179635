"""Random statements with blocks: conditions, loops, errors, for the generator in programs.py.

A variable that a block makes is known in that block only, so it surely has a value wherever it is read. Loops are
short, and nothing calls itself without a bound: every program ends.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.compiler.program_expressions import KINDS
from tests.compiler.program_statements import Statements

Maker = Callable[[int], None]

ERRORS = (
    "OverflowError",
    "ZeroDivisionError",
    "IndexError",
    "ArithmeticError",
    "LookupError",
    "ValueError",
    "Exception",
)
DEEPEST_BLOCK = 3


class Blocks(Statements):
    """The layer of statements that hold others."""

    def block(self, depth: int, count: int | None = None) -> None:
        """A few statements."""
        for _ in range(count or self.random.randint(1, 3)):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        """Any statement."""
        simple: list[Maker] = [
            self.assign,
            self.assign,
            self.augment,
            self.show,
            self.show,
            self.declare,
            self.set_element,
            self.set_flag,
            self.swap,
            self.view,
            self.set_text,
            self.copy_slice,
            self.optional,
        ]
        nested: list[Maker] = [
            self.condition,
            self.condition,
            self.while_loop,
            self.range_loop,
            self.array_loop,
            self.text_loop,
            self.guarded,
            self.guarded,
            self.match_number,
            self.match_other,
            self.leave,
        ]
        self.pick(simple if depth >= DEEPEST_BLOCK or self.chance(55) else nested)(depth)

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
        bounds, kind = self.pick(
            (
                (str(self.random.randint(0, 4)), "i64"),
                (f"{self.random.randint(-3, 1)}, {self.random.randint(0, 3)}", "i64"),
                (f"{self.random.randint(3, 6)}, {self.random.randint(-2, 2)}, -{self.random.randint(1, 3)}", "i64"),
                (f"{self.random.randint(0, 3)}, {self.random.randint(4, 12)}, {self.random.randint(2, 5)}", "i64"),
                (computed, kind),
                (f"{self.random.randint(0, 2)}, {computed}", kind),
                (f"{computed}, -1, -1" if kind[0] == "i" else f"{computed}, 0, -1", kind if kind[0] == "i" else "i64"),
            )
        )
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
            self.loop(
                f"for {name} in {text}[:{self.index(4)}].encode():",
                depth,
                lambda: self.scope.integers.update({name: "u8"}),
            )
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
        error = self.fresh("error")
        if self.chance(35):
            with self.nested(f"except Coded_{self.tag} as {error}:"):
                self.scope.integers[f"{error}.code"] = "u32"
                self.emit(f'print(f"code {{{error}.code}}")')
                self.block(depth + 1, 1)
        if self.chance(30):
            with self.nested(f"except Worded_{self.tag} as {error}:"):
                self.emit(f'print(f"words {{{error}}}")')
        if self.chance(30):
            worded = self.pick(("OverflowError", "ZeroDivisionError", "ArithmeticError"))
            with self.nested(f"except {worded} as {error}:"):
                self.emit(f'print(f"arithmetic: {{{error}}}")')
        classes = self.pick(
            (*ERRORS, "(OverflowError, IndexError)", "(ZeroDivisionError, ValueError)", "Exception", "Exception")
        )
        with self.nested(f"except {classes}:"):
            self.emit(f'print("caught {classes.strip("()")}")')
            self.block(depth + 1, 1)
            if self.chance(10):
                self.emit("raise")

    def raising(self, depth: int) -> None:
        """Raise something, if."""
        with self.nested(f"if {self.boolean()}:"):
            self.block(depth + 1, 1)
            self.emit(
                self.pick(
                    (
                        f"raise Coded_{self.tag}({self.operand('u32', 1)})",
                        f'raise Worded_{self.tag}("no more")',
                        "raise IndexError",
                        f"raise Worded_{self.tag}({self.line()})",
                        f'raise Derived_{self.tag}("derived")',
                        'raise ValueError("wrong")',
                    )
                )
            )

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
