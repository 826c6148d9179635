"""A tour of the language: run by CPython and on the board, and compared (test_tours.py)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Generic, TypeVar

from atoll.abi.types import Array, Slice, Text, copy, i64, low8, u8, u64, wrapping_add

T = TypeVar("T")
N = TypeVar("N")
K = TypeVar("K", bound=int)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Color(IntEnum):
    RED = 1
    GREEN = 2
    BLUE = 4


class Perm(IntFlag):
    R = 1
    W = 2


@dataclass
class Vec:
    x: i64
    y: i64 = 7

    def norm(self) -> i64:
        return self.x * self.x + self.y * self.y

    @property
    def double(self) -> i64:
        return self.x * 2


class Stack(Generic[T, N]):
    items: Array[T, N]
    used: u64

    def push(self, item: T) -> None:
        if self.used == len(self.items):
            raise Full(self.used)
        self.items[self.used] = item
        self.used += 1

    def pop(self) -> T:
        self.used -= 1
        return self.items[self.used]

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[T]: ...

    def __len__(self) -> int:
        return i64(self.used)

    def __getitem__(self, i: int) -> T:
        return self.items[i]


class Full(Exception):
    size: u64


class MyError(Exception):
    pass


class Sub(MyError):
    pass


counter: u64 = 0
table: Array[u64, 5] = Array((5, 4, 3, 2, 1))
LIMIT = 3


def bump() -> u64:
    global counter
    counter += 1
    return counter


def add(a: Vec, b: Vec) -> Vec:
    return Vec(a.x + b.x, a.y + b.y)


def apply(f: Callable[[i64], i64], x: i64) -> i64:
    return f(x)


def square(x: i64) -> i64:
    return x * x


def largest(items: Slice[K]) -> K:
    best = items[0]
    for x in items:
        best = max(best, x)
    return best


def divide(a: i64, b: i64) -> tuple[i64, i64]:
    return a // b, a % b


def risky(n: i64) -> i64:
    if n == 1:
        raise MyError("one")
    if n == 2:
        raise Sub(f"two {n}")
    if n == 3:
        return 10 // (n - 3)
    return n


def classify(c: Color) -> Text:
    match c:
        case Color.RED:
            return "red"
        case Color.GREEN | Color.BLUE:
            return "cold"
    return "none"


def pick(t: tuple[i64, i64]) -> Text:
    match t:
        case (0, 0):
            return "origin"
        case (x, 0) if x > 5:
            return "far"
        case (_, 0):
            return "axis"
        case _:
            return "plane"


def fin(n: i64) -> i64:
    total = 0
    for i in range(5):
        try:
            if i == n:
                continue
            if i == n + 2:
                break
            total += risky(i + 3 if i != 4 else 9) if i != 0 else 0
        except ZeroDivisionError:
            total += 100
        finally:
            total += 1000
    else:
        total += 50000
    return total


def structures() -> Vec:
    v = add(Vec(1), Vec(3, 4))
    print("vec", v.x, v.y, v.norm(), v.double)
    s: Stack[u64, 3] = Stack()
    for i in range(3):
        s.push(i * 11)
    try:
        s.push(1)
    except Full as e:
        print("full", e.size, f"[{e}]")
    print("pop", s.pop(), len(s))
    for x in s:
        print("item", x)
    print(largest(table[:]), largest(table[3:]))
    print(apply(square, 9))
    q, r = divide(-7, 2)
    print(q, r, -7 // -2, divide(7, -2)[1])
    for n in range(5):
        try:
            print("risky", risky(n))
        except Sub as e:
            print("sub", f"{e}")
        except MyError as e:
            print("my", e)
        except ArithmeticError as e:
            print("arith", e)
        finally:
            bump()
    print("counter", counter)
    print(classify(Color.RED), classify(Color.BLUE), Color.GREEN.name, Color.BLUE.value, Color(2).name)
    print(pick((0, 0)), pick((9, 0)), pick((1, 0)), pick((1, 1)))
    print(fin(0), fin(9), fin(2))
    return v


def values(v: Vec) -> None:
    p = Perm.R | Perm.W
    print(p & Perm.W == Perm.W, f"{p}")
    text = "héllo"
    print(len(text), text[0], text[1:3], text == "héllo", "ll" in text, text.startswith("h"), ord("é"))
    b: Array[u8, 6] = Array(b"abcdef")
    b[1:3] = b[3:5]
    print(str(b[:], "utf-8"), 100 in b, b[-1])
    byte: u8 = 250
    try:
        byte += 10
    except OverflowError as e:
        print("over", e)
    print(wrapping_add(byte, 10), low8(1000), 2**10, 1 << 5, -1 >> 3, 7 % -3)
    w = copy(v)
    w.x = 99
    alias = v
    alias.y = 5
    print(v.x, v.y, w.x, v == w, v == copy(v))
    name = ""
    for i in range(4):
        name = f"{name}{i}"
    print(f"<{name:>6}> <{name:<6}> <{name:^6}> {255:#x} {-5:05d} {True} {3.14159:.2f} {2.5:8.3f}|")
    small = min(3, v.x, 9)
    print(small, max(1, 2), abs(-4))
    i = 0
    while True:
        i += 1
        if i > 3:
            break
    else:
        print("never")
    a, c = i, 2
    a, c = c, a
    print(a, c, 1 < a < 3, not a)
    z: Vec | None = None
    if z is None:
        print("none")
    z = v
    if z is not None:
        print("some", z.x)
    for i2, val in enumerate(table):
        if i2 == LIMIT:
            print("val", val)
    for k in (3, 1, 2):
        print(k, end=" ")
    print()
    assert v.x == 4, "v.x"
    assert v.x == 5, f"v.x is {v.x}"


def main() -> None:
    values(structures())
