"""Guest modules in CPython without checks of widths: the same sources, some 50 times faster than by the import hook.

Bytes are `memoryview`s, arrays of numbers too (so that a value out of range is still an error), structures are objects
with zeroed fields. Assigning a structure does not copy here: tests by the hook and of compiled code see to that.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import struct
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import atoll

PACKAGE = Path(atoll.__file__).parent
FOLDERS = ("atoll.abi", "atoll.servers", "atoll.userland")
FORMATS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q"}


class Width(int):
    """What `u64` and the like are here: a call gives a plain int."""

    def __new__(cls, value: int = 0) -> int:  # type: ignore[misc]
        return int(value)


def width(name: str) -> Any:
    """One integer type."""
    return type(name, (Width,), {})


class ArrayOf:
    """`Array[kind, count]`: a call makes one."""

    def __init__(self, kind: Any, count: int) -> None:
        self.kind = kind
        self.count = count

    def __call__(self, values: Any = None) -> Any:
        form = FORMATS.get(getattr(self.kind, "__name__", ""))
        if form is None:
            return Structures(self.kind, self.count)
        made: Any = memoryview(bytearray(self.count * struct.calcsize(form)))
        made = made.cast(form)
        for place, value in enumerate(values or ()):
            made[place] = value
        return made


class Structures(dict[int, Any]):
    """An array of structures, each made when it is first asked for."""

    def __init__(self, kind: Any, count: int) -> None:
        super().__init__()
        self.kind = kind
        self.count = count

    def __missing__(self, place: int) -> Any:
        if not 0 <= place < self.count:
            raise IndexError(f"index {place} is out of range for length {self.count}")
        made = self[place] = zero(self.kind)
        return made

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(self.count))

    def __len__(self) -> int:
        return self.count


class Arrays:
    """The name `Array`."""

    def __class_getitem__(cls, arguments: Any) -> ArrayOf:
        return ArrayOf(*arguments)


class Views:
    """The names `Slice` and `Ref`: only annotations."""

    def __class_getitem__(cls, arguments: Any) -> Any:
        return None


def zero(kind: Any) -> Any:
    """The value of a field before anything is assigned."""
    if isinstance(kind, ArrayOf):
        return kind()
    if isinstance(kind, type) and issubclass(kind, int):
        return False if kind is bool else 0
    return object.__new__(kind).blank_() if isinstance(kind, type) and hasattr(kind, "fields_") else None


def build_class(function: Any, name: str, *bases: Any, **keywords: Any) -> Any:
    """`class`: a structure gets its fields before its `__init__` runs."""
    made = builtins.__build_class__(function, name, *bases, **keywords)
    if any(isinstance(base, type) and issubclass(base, (BaseException, Enum)) for base in bases):
        return made
    names = sys._getframe(1).f_globals
    declared = vars(made).get("__annotations__", {})

    def blank(self: Any) -> Any:
        if made.fields_ is None:
            made.fields_ = {field: eval(text, names) for field, text in declared.items()}
        for field, kind in made.fields_.items():
            self.__dict__[field] = zero(kind)
        return self

    made.fields_ = None
    made.blank_ = blank
    made.__new__ = lambda cls, *_, **__: object.__new__(cls).blank_()
    return made


def dataclass(cls: Any) -> Any:
    """A structure made from its fields in order, which compares by them."""

    def initialise(self: Any, *values: Any) -> None:
        for field, value in zip(self.fields_, values, strict=True):
            setattr(self, field, value)

    cls.__init__ = initialise
    cls.__eq__ = lambda self, other: vars(self) == vars(other)
    return cls


class Typed(ast.NodeTransformer):
    """`x: Array[u8, N] = Array()` becomes `x: Array[u8, N] = Array[u8, N]()`."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "Array":
            node.value.func = ast.parse(ast.unparse(node.annotation), mode="eval").body
        return node


def wrapping(operation: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """Arithmetic modulo two to 64."""
    return lambda a, b: operation(a, b) & 0xFFFF_FFFF_FFFF_FFFF


TYPES = SimpleNamespace(
    **{name: width(name) for name in ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64")},
    Array=Arrays, Slice=Views, Ref=Views, Bytes=None, Text=str, noinline=lambda function: function,
    PerThread=None, low8=lambda x: x & 0xFF, low16=lambda x: x & 0xFFFF, low32=lambda x: x & 0xFFFF_FFFF,
    wrapping_add=wrapping(int.__add__), wrapping_sub=wrapping(int.__sub__), wrapping_mul=wrapping(int.__mul__),
)  # fmt: skip
RAW = SimpleNamespace(
    address_of=None, load16=None, load32=None, load64=None, store16=None, store32=None, store64=None, view=None
)
class Interface:
    """The base of interfaces, of which only the errors are used here."""

    def __init_subclass__(cls, **_: Any) -> None:
        pass


INTERFACES = SimpleNamespace(
    Interface=Interface, ServiceError=type("ServiceError", (Exception,), {}), idempotent=lambda method: method
)
GET16, GET32, BIG = struct.Struct("<H"), struct.Struct("<I"), struct.Struct(">I")


def clear(data: memoryview) -> None:
    """Fill with zeros."""
    data[:] = bytes(len(data))


# What needs raw memory in the guest, or is too slow byte by byte.
FIELDS = {
    "get16": lambda data, place: GET16.unpack_from(data, place)[0], "put16": GET16.pack_into,
    "get32": lambda data, place: GET32.unpack_from(data, place)[0], "put32": GET32.pack_into,
    "get_big": lambda data, place: BIG.unpack_from(data, place)[0], "put_big": BIG.pack_into, "clear": clear,
}  # fmt: skip


class Loader:
    """Loads guest modules, each loader its own; nothing of them gets into `sys.modules`.

    `damage` breaks a module on purpose: its name, a text in it, and what stands for that. `folder` is where programs
    and the modules beside them are.
    """

    def __init__(self, *damage: tuple[str, str, str], folder: Path | None = None) -> None:
        self.damage = damage
        self.folder = folder
        self.modules: dict[str, Any] = {
            "atoll.abi.types": TYPES, "atoll.abi.raw": RAW, "atoll.userland.runtime.interface": INTERFACES,
            "atoll.userland.runtime.system": SimpleNamespace(clock=lambda: 0),
        }  # fmt: skip
        self.printed: list[str] = []
        self.builtins = {**vars(builtins), "__import__": self.find, "__build_class__": build_class, "print": self.print}

    def print(self, *values: object, **_: object) -> None:
        self.printed.append(" ".join(map(str, values)))

    def find(self, name: str, names: Any = None, places: Any = None, wanted: Any = (), level: int = 0) -> Any:
        """`import`."""
        if name == "dataclasses":
            return SimpleNamespace(dataclass=dataclass)
        if self.path_of(name).is_file():
            return self.load(name)
        if not name.startswith(FOLDERS):
            return builtins.__import__(name, names, places, wanted, level)
        if name not in self.modules:
            return SimpleNamespace(**{part: self.load(f"{name}.{part}") for part in wanted})
        return self.load(name)

    def load(self, name: str) -> Any:
        """A module by its full name."""
        if name not in self.modules:
            module = self.modules[name] = SimpleNamespace(__name__=name)
            path = self.path_of(name)
            tree = ast.fix_missing_locations(Typed().visit(ast.parse(self.source(name, path))))
            names = vars(module)
            names["__builtins__"] = self.builtins
            exec(compile(tree, str(path), "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True), names)
            if name == "atoll.servers.files.fields":
                names.update(FIELDS)
        return self.modules[name]

    def path_of(self, name: str) -> Path:
        """The file of a module, if there is such a file."""
        if name.startswith(FOLDERS) or self.folder is None:
            return PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        return self.folder / f"{name}.py"

    def source(self, name: str, path: Path) -> str:
        """The text of a module, damaged if it is to be."""
        text = path.read_text(encoding="utf-8")
        for module, old, new in self.damage:
            if name == module:
                assert old in text, f"{module} has no {old!r} to damage"
                text = text.replace(old, new)
        return text
