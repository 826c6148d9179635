"""The mypy plugin: guest modules with counts among their type arguments pass a strict run, wrong ones do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = '''
"""Types with counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from atoll.abi.types import Array, Bytes, PerThread, Ref, Slice, Text, copy, export, u8, u16, u64, wrapping_add
from atoll.userland.runtime.containers import Ring, Table

T = TypeVar("T")
N = TypeVar("N")
PAGE = 64
WIDE: u64 = 32
Buffer: TypeAlias = "Array[u8, PAGE]"


@dataclass
class Event:
    number: u16
    name: Text


class Pool(Generic[T, N]):
    items: Array[T, N]
    parent: Ref[Event]

    def first(self) -> T:
        return self.items[0]


state: PerThread[u64] = 0
pool: Pool[Event, 64] = Pool()
ring: Ring[Event, PAGE] = Ring()
table: Table[Text, Event, 256] = Table()
grid: Array[Array[u8, 4], PAGE] = Array()
small: Array[u8, 4] = Array((1, 2, 3, 4))


@export("total")
def total(data: Bytes) -> u64:
    result: u64 = 0
    for byte in data:
        result = wrapping_add(result, byte)
    return result


def work(part: Slice[u8], whole: Array[u8, WIDE], buffer: Buffer) -> u64:
    part[0] = 5
    part[1:3] = b"ab"
    part[1:3] = whole[1:3]
    event = copy(pool).first()
    found = table.find("x")
    if found is not None:
        ring.push(found)
    return total(part) + total(whole) + total(b"x") + event.number + pool.parent.number + buffer[0] + grid[1][2]
'''

WRONG = {
    "element": ('def f(a: Array[u8, 16]) -> None:\n    a[0] = "a"\n', 'No overload variant of "__setitem__"'),
    "elements of another type": ("def f(a: Array[u8, 4], b: Slice[Text]) -> None:\n    g(b)\n\n"
                                 "def g(a: Slice[u8]) -> None: ...\n", 'incompatible type "Slice[str]"'),
    "result": ("def f(a: Array[u8, 16]) -> Text:\n    return a[0]\n", 'got "int", expected "str"'),
    "count that is a text": ('NAME = "x"\nLABEL: Text = NAME\na: Array[u8, LABEL] = Array()\n', "not valid as a type"),
    "count of nothing": ("a: Array[u8, 0] = Array()\n", "Invalid type"),
    "no count": ("a: Array[u8] = Array()\n", '"Array" expects 2 type arguments'),
    "number as an annotation": ("SIZE = 4\na: SIZE = 4\n", "not valid as a type"),
}  # fmt: skip

INTERFACE = '''
"""An interface, a server, a client."""

from atoll.abi.types import Slice, Text, u8, u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, call, idempotent
from atoll.userland.runtime.messages import Gate


class Missing(ServiceError):
    """Not there."""


class Naming(Interface, messages=0x1200, errors=(Missing,)):
    """Names."""

    @idempotent
    def lookup(self, name: Text) -> Gate:
        """The gate of a name."""

    def read(self, into: Slice[u8]) -> u64:
        """Bytes."""

    def both(self) -> tuple[u64, Handle]:
        """Two."""


class Other(Interface, messages=0x1300, errors=(Missing,)):
    """Others."""

    def nothing(self) -> None:
        """Nothing."""


class Server(Naming, Other):
    """Both."""

    waiting: u64

    def lookup(self, name: Text) -> Gate:
        self.waiting = call.postpone()
        return Gate(0)

    def read(self, into: Slice[u8]) -> u64:
        Naming.reply_read(self.waiting, into[0:1])
        Naming.reply_read(self.waiting, b"x")
        Naming.reply_both(self.waiting, 3, 4)
        Other.reply_nothing(self.waiting)
        Naming.fail(self.waiting, Missing("x"))
        return 0

    def both(self) -> tuple[u64, Handle]:
        return 1, 2

    def nothing(self) -> None:
        Naming.reply_lookup(self.waiting, Naming(3).lookup("x"))
'''

WRONG_USES = {
    "Naming.reply_lookup(1)": 'Missing positional argument "result"',
    "Naming.reply_lookup(1, 2)": 'expected "Gate"',
    "Naming.reply_read(1, 2)": 'expected "bytes | Slice[int]"',
    "Naming.reply_both(1, 2)": 'Missing positional argument "second"',
    "Naming.reply_find(1)": 'has no attribute "reply_find"',
    'Naming.fail(1, "x")': 'expected "ServiceError"',
    "Naming(1).lookup(2)": 'expected "str"',
}


def check(folder: Path, repository: Path, source: str) -> subprocess.CompletedProcess[str]:
    """A strict run of mypy over one module, with the project's settings."""
    path = folder / "guest.py"
    path.write_text(source)
    command = [sys.executable, "-m", "mypy", "--config-file", str(repository / "pyproject.toml"),
               "--cache-dir", str(folder.parent / "cache"), str(path)]  # fmt: skip
    environment = {**os.environ, "MYPYPATH": str(repository)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_right_module_passes(tmp_path: Path, repository: Path) -> None:
    result = check(tmp_path, repository, GOOD.lstrip())
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_wrong_module_fails(tmp_path: Path, repository: Path) -> None:
    header = "from atoll.abi.types import Array, Slice, Text, u8\n"
    for name, (source, message) in WRONG.items():
        result = check(tmp_path, repository, header + source)
        assert result.returncode == 1, name
        if message not in result.stdout:
            pytest.fail(f"{name}: {result.stdout}")


def test_an_interface_has_what_the_compiler_gives_it(tmp_path: Path, repository: Path) -> None:
    result = check(tmp_path, repository, "# mypy: disable-error-code=empty-body\n" + INTERFACE.lstrip())
    assert result.returncode == 0, result.stdout + result.stderr


def test_wrong_uses_of_an_interface_fail(tmp_path: Path, repository: Path) -> None:
    uses = "".join(f"    {use}\n" for use in WRONG_USES)
    source = "# mypy: disable-error-code=empty-body\n" + INTERFACE.lstrip() + f"\n\ndef main() -> None:\n{uses}"
    result = check(tmp_path, repository, source)
    lines = [line for line in result.stdout.splitlines() if ": error: " in line]
    assert len(lines) == len(WRONG_USES), result.stdout
    for line, message in zip(lines, WRONG_USES.values(), strict=True):
        assert message in line
