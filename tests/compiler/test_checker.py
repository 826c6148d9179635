"""What the checker accepts, and what it makes of it where Python's meaning is easily missed; without LLVM: quick."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from atoll.compiler.errors import CompileError
from atoll.compiler.frontend import Checked, check_program
from atoll.compiler.symbols import ConstantDecl
from atoll.compiler.tree import Assign, Call, Convert, Copy, Local, Node

HEADER = "from atoll.abi.types import Array, Bytes, Ref, Slice, Text, copy, i32, i64, u8, u32, u64\n"

ACCEPTED = {
    "an assignment on every way": """
        def f(x: int) -> int:
            if x > 1:
                a = 1
            elif x > 0:
                a = 2
            else:
                return 3
            while True:
                b = a
                if x > 2:
                    break
                x += 1
            for i in range(3):
                if i == x:
                    c = i
                    break
            else:
                c = 9
            match x:
                case 1 | 2:
                    d = 1
                case _:
                    d = 2
            return a + b + c + d
        """,
    "endless loops need no return": """
        def f(x: int) -> int:
            while True:
                x += 1
                if x > 9:
                    return x
        """,
    "a constant condition decides": """
        DEBUG = False
        def f(x: int) -> int:
            if DEBUG and x > 1:
                y = 1
            if not DEBUG or x > 2:
                y = 2
            return y
        """,
    "operands of different widths": """
        def f(a: u8, b: u32, c: i64, d: u64, e: i32) -> i64:
            x1: u32 = a + b
            x2: i64 = b + c
            x3: u64 = d + 1 + a
            x4 = e < d
            x5: u8 = a & 0xF
            x6 = -e + 2 ** 10
            for i in range(10):
                x3 += i
            return x2 + x1 + x5 + x6 if x4 else i64(x3)
        """,
    "wide constants that fit in the end": """
        MASK: u64 = (1 << 64) - 1
        LOWEST = -(1 << 63)
        def f(x: u64) -> u64:
            return x & ((1 << 64) - 1) & MASK
        """,
    "constants of other constants": """
        from enum import IntEnum, IntFlag
        SIZE = 4 * 1024
        class Kind(IntEnum):
            A = SIZE
            B = A + 1
        class Bit(IntFlag):
            R = 1
            W = R << 1
        LAST = Kind.B + 1
        class Page:
            COUNT = SIZE // 8
            data: Array[u64, 512]
        def f(table: Array[u8, SIZE]) -> int:
            return len(table) + Page.COUNT + LAST + Kind.A
        """,
    "flags": """
        from enum import IntFlag
        class Bit(IntFlag):
            R = 1
            W = 2
        def f(x: Bit) -> bool:
            x |= Bit.W
            x = x & ~Bit.R
            y: u8 = x
            return x == Bit.R | Bit.W or bool(x & Bit.W) or x in (Bit.R, Bit.W)
        """,
    "optionals": """
        class Node:
            value: int
            next: Node | None
        def f(n: Node | None, a: int | None, b: int | None) -> int:
            if n:
                n.value = 3
            if n is not None and n.next is not None:
                n.next.next = None
            if a == b or a == 3:
                return a
            c: int | None = None
            c = a
            return c + 1
        """,
    "generic classes and functions": """
        from typing import Generic, TypeVar
        T = TypeVar("T")
        N = TypeVar("N")
        class Ring(Generic[T, N]):
            items: Array[T, N]
            used: u64
            def push(self, item: T) -> None:
                self.items[self.used] = item
                self.used += 1
            def room(self) -> int:
                return N
        ring: Ring[u8, 4] = Ring()
        def first(r: Ring[T, N]) -> T:
            return r.items[0]
        def largest(items: Slice[T]) -> T:
            best = items[0]
            for item in items:
                if item > best:
                    best = item
            return best
        def f(table: Array[u32, 5]) -> u8:
            local = Ring[Ring[u8, 4], 2]()
            local.push(ring)
            ring.push(300 - 45)
            x: u32 = largest(table) + largest(table[1:])
            return first(ring) + u8(x % 3)
        """,
    "functions as values": """
        from collections.abc import Callable
        def double(x: int) -> int:
            return x * 2
        step: Callable[[int], int] = double
        class Button:
            pressed: Callable[[int], int]
        def f(b: Button, g: Callable[[int], int]) -> int:
            b.pressed = g
            h = double
            return b.pressed(1) + h(2) + step(3) + g(4)
        """,
    "dataclasses, properties, static methods": """
        from dataclasses import dataclass
        @dataclass
        class Point:
            x: int
            y: int = 7
            @property
            def sum(self) -> int:
                return self.x + self.y
            @staticmethod
            def origin() -> int:
                return 0
        class Named:
            value: int
            def __eq__(self, other: Named) -> bool:
                return self.value == other.value
        def f(a: Named, b: Named) -> bool:
            p = Point(y=1, x=2)
            return p == Point(3) or p.sum == Point.origin() or a != b
        """,
    "names of another module": """
        import atoll.abi.address_space as space
        from atoll.abi.riscv import CSR
        def f() -> u64:
            return CSR.SSTATUS + 1
        """,
    "a local of a module variable's name": """
        count: u64 = 0
        def f() -> u64:
            global count
            count += 1
            return count
        def g(count: u64) -> u64:
            return count
        """,
    "quoted and mutual types": """
        from typing import TypeAlias
        Address: TypeAlias = "u64"
        class A:
            b: "B | None"
            others: Array[Ref["B"], 3]
        class B:
            a: A | None
        def f(a: A, x: Address) -> "A | None":
            return a.others[0].a
        """,
    "targets": """
        class Box:
            left: Array[int, 2]
            size: tuple[int, bool]
        def pair() -> tuple[int, tuple[int, bool]]:
            return 1, (2, True)
        def f(b: Box, s: Slice[int]) -> None:
            a, (c, d) = pair()
            b.left[0], b.left[1] = b.left[1], b.left[0]
            b.size = a, d
            e = g = c
            s[0:2] = b.left
            b.left[a - 1] += e
            [h, i] = b.size
        """,
}


def check(source: str, folder: Path, kind: str = "host") -> Checked:
    """Check a program whose lines may be indented as the first one is."""
    lines = source.strip("\n").splitlines()
    depth = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    path = folder / "m.py"
    path.write_text(HEADER + "".join(f"{line[depth:]}\n" for line in lines), encoding="utf-8")
    return check_program(path, kind)


def body(checked: Checked, name: str) -> list[Node]:
    """All nodes of a function's body."""
    (function,) = [f for f in checked.program.functions.values() if f.decl.name == name]
    return [node for statement in function.body for node in statement.walk()]


@pytest.mark.parametrize("source", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(source: str, tmp_path: Path) -> None:
    check(source, tmp_path)


def test_the_value_of_several_targets_is_made_once(tmp_path: Path) -> None:
    checked = check(
        """
        def g() -> int:
            return 3
        def f() -> int:
            a = b = c = g()
            return a + b + c
        """,
        tmp_path,
    )
    assert sum(isinstance(node, Call) for node in body(checked, "f")) == 1


def test_an_augmented_target_is_evaluated_once(tmp_path: Path) -> None:
    checked = check(
        """
        def g() -> int:
            return 3
        def f(a: Array[int, 4]) -> None:
            a[g()] += 2
        """,
        tmp_path,
    )
    assert sum(isinstance(node, Call) for node in body(checked, "f")) == 1


def test_a_chained_comparison_evaluates_its_middle_once(tmp_path: Path) -> None:
    checked = check(
        """
        def g() -> int:
            return 3
        def f(a: int) -> bool:
            return a < g() < 9
        """,
        tmp_path,
    )
    assert sum(isinstance(node, Call) for node in body(checked, "f")) == 1


def test_structures_that_change_places_are_copied_first(tmp_path: Path) -> None:
    """Both sides lie in place: without a copy the second would be read after the first was overwritten."""
    checked = check(
        """
        class Point:
            x: int
        def f(a: Array[Point, 2]) -> None:
            a[0], a[1] = a[1], a[0]
        def g(p: Point, q: Point) -> int:
            p, q = q, p
            return p.x
        """,
        tmp_path,
    )
    assert sum(isinstance(node, Copy) for node in body(checked, "f")) == 2
    assert not any(isinstance(node, Copy) for node in body(checked, "g"))


def test_a_loop_over_named_structures_copies_none(tmp_path: Path) -> None:
    checked = check(
        """
        class Point:
            x: int
        def f(p: Point, q: Point) -> None:
            for point in (p, q):
                point.x = 1
        """,
        tmp_path,
    )
    stored = {str(n.variable.type) for n in body(checked, "f") if isinstance(n, Local)}
    assert "Array[Ref[Point], 2]" in stored


def test_annotated_points_convert_and_others_do_not(tmp_path: Path) -> None:
    checked = check(
        """
        def f(a: u8, b: u64) -> u64:
            c: u64 = a
            d = a
            b = a
            return d
        """,
        tmp_path,
    )
    assignments = [n for n in body(checked, "f") if isinstance(n, Assign)]
    assert [isinstance(n.value, Convert) for n in assignments] == [True, False, True]


def test_constants_have_the_type_of_their_neighbour(tmp_path: Path) -> None:
    checked = check("A = 7\nB: u8 = 3\nC = B + 1\nD = 1 << 63\n", tmp_path)
    types = {n: str(s.type) for n, s in checked.root.names.items() if isinstance(s, ConstantDecl)}
    assert types == {"A": "integer constant", "B": "u8", "C": "u8", "D": "integer constant"}


def test_uses_that_look_alike_have_different_symbols(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("class Point:\n    x: int\n", encoding="utf-8")
    (tmp_path / "two.py").write_text("class Point:\n    y: int\n", encoding="utf-8")
    checked = check(
        """
        import one
        import two
        from typing import TypeVar
        T = TypeVar("T")
        def first(items: Slice[T]) -> T:
            return items[0]
        def f(a: Slice[one.Point], b: Slice[two.Point]) -> int:
            return first(a).x + first(b).y
        """,
        tmp_path,
    )
    symbols = [f.symbol for f in checked.program.functions.values()]
    assert len(set(symbols)) == len(symbols)


def test_floats_are_refused_in_the_kernel_only(tmp_path: Path) -> None:
    source = "def main() -> None:\n    x = 1.5\n    print(f'{x / 2:.2f}')\n"
    check(source, tmp_path, "program")
    with pytest.raises(CompileError, match=re.escape("the kernel has no floating point")):
        check(source, tmp_path, "kernel")
