"""Random simple statements of guest Python: assignments and output, for the generator in programs.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.compiler.program_expressions import ARITHMETIC, KINDS, Expressions, join


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
        """A few statements; the layer above knows all kinds of them."""
        raise NotImplementedError(depth, count)

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
        bounds = self.pick(
            (
                f"{low}:{high}",
                f"{low}:",
                f":{high}",
                ":",
                f"{self.index(length)}:",
                f":{self.index(length + 2)}",
                f"-{max(high, 1)}:",
                f"{self.index(2)}:{self.index(length + 3)}",
            )
        )
        new = self.fresh("part")
        self.emit(f"{new} = {name}[{bounds}]")
        self.scope.slices[new] = kind

    def copy_slice(self, depth: int) -> None:
        """`a[i:j] = b[k:l]` of one length; they may overlap."""
        pairs = [
            (a, b)
            for a, its in self.scope.arrays.items()
            for b, other in self.scope.arrays.items()
            if its[0] == other[0]
        ]
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
