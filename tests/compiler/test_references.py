"""References: what would outlive its frame, or see its storage used again, is refused; what is safe is accepted."""

from pathlib import Path

import pytest

from atoll.compiler.errors import CompileError
from atoll.compiler.frontend import check_program

HEAD = '''"""A program."""
from dataclasses import dataclass

from atoll.abi.types import Array, Ref, Slice, Text, copy, u8, u64
from atoll.userland.runtime.containers import Ring


class Node:
    value: u64
    next: "Node | None"


@dataclass
class Pair:
    x: u64
    y: u64


@dataclass
class Named:
    name: Text


kept: Node | None = None
nodes: Array[Node, 4] = Array()
names: Ring[Named, 4] = Ring()


def keep(node: Node) -> None:
    global kept
    kept = node


def add(a: Pair, b: Pair) -> Pair:
    return Pair(a.x + b.x, a.y + b.y)


def larger(a: Pair, b: Pair) -> Pair:
    return a if a.x > b.x else b


'''


def messages(body: str, folder: Path) -> list[str]:
    """What the compiler says of a program with these functions."""
    path = folder / "program.py"
    path.write_text(HEAD + body + "\n\ndef main() -> None:\n    pass\n", encoding="utf-8")
    try:
        check_program(path, "program")
    except CompileError as error:
        return [d.message for d in error.diagnostics]
    return []


REFUSED = {
    "a slice of an own array": (
        """
def f() -> Slice[u8]:
    data: Array[u8, 4] = Array()
    return data[1:3]
""",
        "data ends with this function, and is returned",
    ),
    "the text of an f-string": (
        """
def f(n: u64) -> Text:
    return f"x{n}"
""",
        "the text of this f-string ends with this function, and is returned",
    ),
    "a text through a variable and a tuple": (
        """
def f(n: u64) -> tuple[u64, Text]:
    text = f"x{n}"
    pair = (n, text)
    return pair
""",
        "the text of this f-string ends with this function, and is returned",
    ),
    "stored by another function": (
        """
def f() -> None:
    node = Node()
    keep(node)
""",
        "node ends with this function, and is stored in what outlives it",
    ),
    "stored two calls away": (
        """
def pass_on(node: Node) -> None:
    keep(node)


def f() -> None:
    node = Node()
    pass_on(node)
""",
        "node ends with this function, and is stored in what outlives it",
    ),
    "stored in what a parameter refers to": (
        """
def f(list: Node) -> None:
    node = Node()
    list.next = node
""",
        "node ends with this function, and is stored in what outlives it",
    ),
    "a text inside a structure that is copied out": (
        """
def f(n: u64) -> None:
    names.push(Named(f"{n}"))
""",
        "the text of this f-string ends with this function, and is stored in what outlives it",
    ),
    "a structure with a text of the frame, returned": (
        """
def f(n: u64) -> Named:
    return Named(f"{n}")
""",
        "the text of this f-string ends with this function, and is returned",
    ),
    "made here and given": (
        """
def f(a: Pair) -> Pair:
    if a.x > 1:
        return a
    return Pair(1, 2)
""",
        "f returns a structure made here and, elsewhere, one that it was given",
    ),
    "a variable of both kinds": (
        """
def f(a: Pair) -> u64:
    b = Pair(1, 2)
    if a.x > 1:
        b = a
    return b.x
""",
        "b is made here and also a name for another structure",
    ),
    "a list of nodes of a loop": (
        """
def f() -> None:
    head: Node | None = None
    for i in range(3):
        node = Node()
        node.next = head
        head = node
""",
        "head names node, whose storage is used again for another",
    ),
    "a name for what a loop makes again": (
        """
def f() -> u64:
    best = nodes[0]
    for i in range(3):
        node = Node()
        best = node
    return best.value
""",
        "best names node, whose storage is used again for another",
    ),
    "a name for the text of a loop": (
        """
def f() -> None:
    best = ""
    for i in range(3):
        text = f"{i}"
        if i == 1:
            best = text
    print(best)
""",
        "best names the text of this f-string, whose storage is used again for another",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    body, message = REFUSED[name]
    assert message in messages(body, tmp_path)


ACCEPTED = {
    "a structure that is made here": """
def f() -> Pair:
    made = Pair(1, 2)
    made.x = 3
    return made
""",
    "one of two that were given": """
def f() -> u64:
    return larger(Pair(1, 2), Pair(3, 4)).x
""",
    "a part of a parameter": """
def f(list: Node) -> Node:
    return nodes[1] if list.next is None else list
""",
    "a view of a parameter": """
def f(data: Slice[u8]) -> Slice[u8]:
    return data[1:2]
""",
    "static storage kept": """
def f() -> None:
    keep(nodes[2])
""",
    "an own node in an own list": """
def f() -> None:
    first = Node()
    second = Node()
    first.next = second
    print(first.value)
""",
    "a structure copied out": """
def f() -> None:
    names.push(Named("static"))
""",
    "a name inside the loop": """
def f() -> u64:
    total: u64 = 0
    for i in range(3):
        pair = Pair(i, i)
        same = pair
        for k in range(2):
            inner = same
            total += inner.x
    return total
""",
    "a text that grows": """
def f() -> None:
    text = ""
    for i in range(3):
        text = f"{text}{i}"
    print(text)
""",
    "a copy where a name is refused": """
def f() -> u64:
    best = Pair(0, 0)
    for i in range(3):
        pair = Pair(i, i)
        best = copy(pair)
    return best.x
""",
    "made again from itself": """
def f() -> u64:
    sum = Pair(0, 0)
    for i in range(3):
        sum = add(sum, Pair(1, 2))
    return sum.x
""",
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str, tmp_path: Path) -> None:
    assert messages(ACCEPTED[name], tmp_path) == []
