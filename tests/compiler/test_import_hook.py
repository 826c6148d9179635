"""The import hook: in CPython guest modules follow the language's rules, where they are imported through it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from atoll.abi.cpython.integers import Refused
from atoll.compiler.cpython import Outcome, guest_modules, run_module, run_program

HEADER = '''"""A test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from atoll.abi.types import Array, Bytes, PerThread, Ref, Slice, Text, copy, i8, i16, i64, u8, u16, u32, u64

'''


def module(folder: Path, source: str) -> ModuleType:
    """A guest module with this text."""
    path = folder / "guest.py"
    path.write_text(HEADER + source)
    return run_module(path)


def run(folder: Path, body: str, declarations: str = "") -> Outcome:
    """The outcome of a program: declarations, and the body of main."""
    path = folder / "program.py"
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    path.write_text(f"{HEADER}{declarations}\n\ndef main() -> None:\n{lines}\n")
    return run_program(path)


def printed(folder: Path, body: str, declarations: str = "") -> list[str]:
    """What a program printed that ended well."""
    outcome = run(folder, body, declarations)
    assert outcome.error is None
    return outcome.output.decode().splitlines()


def test_parameters_and_results_are_coerced(tmp_path: Path) -> None:
    guest: Any = module(tmp_path, "def f(x: u8) -> u16:\n    return x\n\ndef g(x: u16) -> i8:\n    return x\n")
    assert type(guest.f(5)).__name__ == "u16"
    for function, value in ((guest.f, 256), (guest.f, -1), (guest.g, 128)):
        with pytest.raises(OverflowError):
            function(value)


def test_local_variables_keep_their_type(tmp_path: Path) -> None:
    body = """
a: u8 = 200
b = a
c = 5
for j in range(3):
    c += 1
try:
    b = 300 + c
except OverflowError:
    print("b", b)
try:
    a += 100
except OverflowError:
    print("a", a)
big = 0x8000000000000000
print(c, big + 1)
"""
    assert printed(tmp_path, body) == ["b 200", "a 200", "8 9223372036854775809"]


def test_module_state(tmp_path: Path) -> None:
    declarations = """
LIMIT = 4
counter: u8 = 250
plain = 7
place: Array[u16, LIMIT] = Array((1, 2, 3, 4))
mine: PerThread[u16] = 3

def count() -> u8:
    global counter, plain, place, mine
    counter += LIMIT
    plain += counter
    mine += 1
    other: Array[u16, LIMIT] = Array()
    place = other
    other[0] = 9
    return counter
"""
    body = "before = place\nprint(count(), plain, before[3], place[0], mine)\ncount()"
    outcome = run(tmp_path, body, declarations)
    assert outcome == Outcome(1, b"254 261 0 0 4\n", "OverflowError")


STRUCTURES = """
@dataclass
class Point:
    x: i16
    y: i16 = 7


class Node:
    SIZE = 3
    value: u8 = 9
    place: Point
    places: Array[Point, 2]
    next: Node | None
    owner: Ref[Point]

    def bump(self, by: u8) -> u8:
        self.value += by
        return self.value

    @property
    def double(self) -> u16:
        return u16(self.value) * 2


class Started:
    number: u32

    def __init__(self, number: u32) -> None:
        self.number = number + 1
"""


def test_structures_are_in_place_and_assigning_to_a_field_copies(tmp_path: Path) -> None:
    body = """
n = Node()
p = Point(1)
n.place = p
p.x = 5
inner = n.place
print(n.place.x, inner.y, p == Point(5, 7), n.value, n.next is None, Node.SIZE)
n.place = Point(y=3, x=8)
print(inner.x, inner.y)
n.places[1] = inner
inner.x = 0
q = n.places[1]
c = copy(n)
q.y = 100
print(q.x, n.places[1].y, c.places[1].y)
m = Node()
n.next = m
m.value = 250
following = n.next
if following is not None:
    print(following.bump(5), m.value, m.double)
n.owner = p
n.owner.x = 77
print(p.x, Started(4).number)
"""
    assert printed(tmp_path, body, STRUCTURES) == [
        "1 7 True 9 True 3", "8 3", "8 100 3", "255 255 510", "77 5",
    ]  # fmt: skip


def test_fields_are_checked(tmp_path: Path) -> None:
    guest: Any = module(tmp_path, STRUCTURES)
    node = guest.Node()
    with pytest.raises(OverflowError):
        node.value = 256
    with pytest.raises(Refused, match="no field"):
        node.valeu = 1
    with pytest.raises(OverflowError):
        guest.Point(1 << 15)


def test_text_counts_bytes(tmp_path: Path) -> None:
    body = """
text = "h\\u00e9llo"
print(len(text), text[1:3], text[3:], ord(text[1]), text.find("llo"), "\\u00e9l" in text, text[1:2] in text)
for c in text[:1]:
    print(c, len(text.encode()), len("\\u00e9"))
half = text[1:2]
rest = text[2:3]
print(f"{half}{rest}" == "\\u00e9", f"{half}{rest}|{text:>8}|")
data = text.encode()
print(data[1] + 1, str(data[0:3], "utf-8"), data == text.encode())
print(text[4:9])
"""
    outcome = run(tmp_path, body)
    lines = ["6 \u00e9 llo 195 3 True True", "h 6 2", "True \u00e9|   h\u00e9llo|", "196 h\u00e9 True"]
    assert outcome == Outcome(1, "".join(line + "\n" for line in lines).encode(), "IndexError")


def test_a_cut_character_is_printed_as_its_bytes(tmp_path: Path) -> None:
    assert run(tmp_path, 'print("\\u00e9"[0:1], end="")').output == b"\xc3"


def test_errors(tmp_path: Path) -> None:
    declarations = """
class Numbered(Exception):
    address: u64
    size: u8

class Worded(Exception):
    pass

class Special(Worded):
    pass
"""
    body = """
try:
    raise Numbered(0x1000, size=3)
except Numbered as e:
    print(e.address, e.size, f"[{e}]")
try:
    try:
        raise Special(f"no {5:03}")
    finally:
        print("finally")
except Worded as e:
    print(f"{e}")
try:
    raise Worded("x" * 1)
except (ValueError, Worded) as e:
    print(e)
raise Special("end")
"""
    outcome = run(tmp_path, body, declarations)
    assert outcome == Outcome(1, b"4096 3 [(4096, 3)]\nfinally\nno 005\nx\n", "Special")


def test_an_f_string_has_a_limit_and_printing_has_none(tmp_path: Path) -> None:
    body = 'n: u64 = 5\nprint(f"{n:300}")\ntext = f"{n:257}"\nprint(text)'
    assert run(tmp_path, body) == Outcome(1, b" " * 299 + b"5\n", "ValueError")


def test_ranges_and_loops(tmp_path: Path) -> None:
    body = """
n: u8 = 3
for j in range(n):
    print(j + 252, end=" ")
for k in range(n, 0, -1):
    print(k - 5, end=" ")
for index, item in enumerate(b"ab"):
    print(index, item, end=" ")
else:
    print("else")
match (n % 2, True):
    case (1, False) | (0, _):
        print("no")
    case (x, True) if x == 1:
        print("yes", x)
print(min(n, 7), max(n, u16(9)), abs(-4), len(b"abc"))
"""
    assert printed(tmp_path, body) == ["252 253 254 -2 -3 -4 0 97 1 98 else", "yes 1", "3 9 4 3"]


def test_enumerations(tmp_path: Path) -> None:
    declarations = "class Color(IntEnum):\n    RED = 1\n    BLUE = 4\n"
    body = "c = Color.BLUE\nn: u8 = 255\nprint(c, c.name, c.value + 1, n - c, c > Color.RED, f'{c:3}')\nprint(n + c)"
    assert run(tmp_path, body, declarations) == Outcome(1, b"4 BLUE 5 251 True   4\n", "OverflowError")


def test_generics(tmp_path: Path) -> None:
    declarations = """
T = TypeVar("T")
N = TypeVar("N")

class Stack(Generic[T, N]):
    items: Array[T, N]
    used: u64

    def push(self, item: T) -> None:
        self.items[self.used] = item
        self.used += 1

    def top(self) -> T | None:
        last: T = self.items[self.used - 1]
        return last if self.used > 0 else None

class Holder:
    bytes: Stack[u8, 2]
"""
    body = """
words: Stack[Text, 3] = Stack()
words.push("a")
h = Holder()
h.bytes.push(200)
top = h.bytes.top()
if top is not None:
    print(words.top(), top)
    print(top + 100)
"""
    assert run(tmp_path, body, declarations) == Outcome(1, b"a 200\n", "OverflowError")


def test_the_status_of_main(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    for status, seen in ((0, 0), (7, 7), (255, 255), (256, 255), (-1, 255)):
        path.write_text(f"{HEADER}def main() -> i64:\n    return {status}\n")
        assert run_program(path) == Outcome(seen, b"", None)


def test_arguments_and_exit(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    imports = (
        "from atoll.userland.runtime.startup import argument, argument_count\n"
        "from atoll.userland.runtime.system import exit_program\n"
    )
    path.write_text(f"""{HEADER}{imports}

def main() -> None:
    for index in range(argument_count()):
        print(argument(index))
    try:
        exit_program(4)
    except Exception:
        print("not an error")
""")
    assert run_program(path, ["a", "b c"]) == Outcome(4, b"a\nb c\n", None)


def test_programs_import_what_lies_beside_them(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text('"""Helps."""\nfrom atoll.abi.types import u8\nnumber: u8 = 255\n')
    path = tmp_path / "program.py"
    path.write_text(HEADER + "import beside\n\ndef main() -> None:\n    print(beside.number + 1)\n")
    assert run_program(path).error == "OverflowError"
    assert "beside" not in sys.modules


def test_plain_imports_stay_plain(repository: Path) -> None:
    import atoll.abi.board as plain

    name = next(name for name, value in vars(plain).items() if type(value) is int)
    with guest_modules():
        import atoll.abi.board as guest

        assert guest is not plain
        assert guest.__name__ == "atoll.abi.board"
    import atoll.abi.board as again

    assert again is plain
    assert sys.modules["atoll.abi.board"] is plain
    assert getattr(plain, name) == getattr(guest, name)
    assert Path(str(guest.__file__)).resolve() == repository / "abi" / "board.py"


def test_instructions_cannot_run(tmp_path: Path) -> None:
    source = "from atoll.abi.types import assembly, external\n\n@assembly\ndef f() -> None:\n    ret()\n"
    guest: Any = module(tmp_path, source + '\n@external("g")\ndef g(x: u8) -> u8: ...\n')
    with pytest.raises(NotImplementedError, match="f\\(\\) is made of RISC-V instructions"):
        guest.f()
    with pytest.raises(NotImplementedError, match="g is defined elsewhere"):
        guest.g(1)
