"""Imports guest modules into CPython by the language's rules: while the hook is in, they are rewritten as they load."""

from __future__ import annotations
import __future__

import ast
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import atoll
from atoll.abi.cpython.integers import Refused
from atoll.abi.cpython.structures import evaluate
from atoll.compiler.cpython import runtime, system
from atoll.compiler.cpython.rewrite import GUEST, Rewriter

PACKAGE = Path(atoll.__file__).parent
FOLDERS = ("abi", "kernel", "servers", "userland")
# Modules that are CPython's side of the language itself.
PLAIN = ("atoll.abi.types", "atoll.abi.raw", "atoll.abi.riscv", "atoll.abi.operands", "atoll.abi.cpython")
MAX_STATUS = 255


class Outcome(NamedTuple):
    """How a program ended: exit status, everything that it printed, the class of the error that nobody caught."""

    status: int
    output: bytes
    error: str | None


class GuestModule(ModuleType):
    """A guest module: assignments from other modules are coerced too."""

    def __setattr__(self, name: str, value: Any) -> None:
        names = vars(self)
        annotation = names.get("__annotations__", {}).get(name)
        if annotation is not None and name in names:
            value = runtime.store(names[name], evaluate(annotation, names, {}), value)
        super().__setattr__(name, value)


class Finder(MetaPathFinder, Loader):
    """Finds guest modules in the package's guest folders and beside a program."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders

    def path_of(self, name: str) -> Path | None:
        """The file of a guest module; None if it is none."""
        parts = name.split(".")
        if name.startswith(PLAIN):
            return None
        if parts[0] == "atoll":
            places = [PACKAGE] if len(parts) > 2 and parts[1] in FOLDERS else []
            parts = parts[1:]
        else:
            places = list(self.folders)
        found = (place.joinpath(*parts).with_suffix(".py") for place in places)
        return next((path for path in found if path.is_file()), None)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The hook itself."""
        found = self.path_of(fullname)
        return None if found is None else ModuleSpec(fullname, self, origin=str(found))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module."""
        module = GuestModule(spec.name)
        module.__file__ = spec.origin
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Rewrite and run."""
        assert module.__file__ is not None
        path = Path(module.__file__)
        names = vars(module)
        names[GUEST] = runtime
        names["__builtins__"] = runtime.BUILTINS
        exec(rewritten(path, path.stat().st_mtime_ns), names)
        names.update(system.REPLACEMENTS.get(module.__name__, {}))


@lru_cache(maxsize=256)
def rewritten(path: Path, _changed: int) -> CodeType:
    """The code of a guest module as CPython shall run it."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    flags = __future__.annotations.compiler_flag
    code: CodeType = compile(Rewriter(tree).rewrite(), str(path), "exec", flags=flags, dont_inherit=True)
    return code


@contextmanager
def guest_modules(*folders: Path) -> Iterator[None]:
    """Inside, guest modules are imported fresh and by the language's rules; `folders` are where programs lie.

    Outside they are what they were before: imported plainly, or not at all.
    """
    finder = Finder(folders)
    plain = take_out(finder)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        take_out(finder)
        for name, module in plain.items():
            sys.modules[name] = module
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)


def take_out(finder: Finder) -> dict[str, ModuleType]:
    """Remove all guest modules from the interpreter's table and from their packages."""
    taken = {name: module for name, module in sys.modules.items() if finder.path_of(name) is not None}
    for name, module in taken.items():
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if parent in sys.modules and vars(sys.modules[parent]).get(child) is module:
            delattr(sys.modules[parent], child)
    return taken


def run_module(path: Path) -> ModuleType:
    """Load one file as a guest module; its imports come from the guest folders and its own folder."""
    with guest_modules(path.parent):
        return importlib.import_module(path.stem)


def run_program(path: Path, arguments: Sequence[str] = ()) -> Outcome:
    """Run `main` of a program, as the emulated CPU would; what the compiler refuses raises Refused."""
    system.start(arguments)
    sink = bytearray()
    runtime.printed.append(sink)
    try:
        status = run_module(path).main()
    except Refused:
        raise
    except system.Exited as end:
        return Outcome(clamped(end.status), bytes(sink), None)
    except Exception as error:  # whatever the program raises is its outcome
        return Outcome(1, bytes(sink), type(error).__name__)
    finally:
        runtime.printed.pop()
    return Outcome(clamped(0 if status is None else int(status)), bytes(sink), None)


def clamped(status: int) -> int:
    """The status as it leaves the machine: 0 to 255."""
    return status if 0 <= status <= MAX_STATUS else MAX_STATUS
