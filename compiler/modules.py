"""From a file to its modules: reads and parses the program and every guest module that it imports, imports first."""

from __future__ import annotations

import ast
import sys
import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import atoll
from atoll.compiler.errors import CompileError, Location, Reporter
from atoll.compiler.symbols import Broken, Module

PACKAGE = Path(atoll.__file__).parent
GUEST_FOLDERS = ("abi", "kernel", "servers", "userland")
# Stands in a guest folder, but is what CPython runs in the place of compiled code.
_HOST_PREFIX = "atoll.abi.cpython"
# What guest code may import from the standard library: the compiler gives the names their meaning itself.
STANDARD = {
    "__future__": {"annotations"},
    "dataclasses": {"dataclass"},
    "enum": {"IntEnum", "IntFlag"},
    "typing": {
        "TYPE_CHECKING",
        "Callable",
        "Generic",
        "TypeAlias",
        "TypeVar",
        "Final",
        "ClassVar",
        "NoReturn",
        "Never",
    },
    "collections.abc": {"Callable"},
}
# Where interfaces come from, and what their stubs call.
INTERFACE, STUBS = "atoll.userland.runtime.interface", "atoll.userland.runtime.stubs"
# Modules whose functions the compiler itself implements.
INTRINSIC = {"atoll.abi.types": "types", "atoll.abi.raw": "raw", "atoll.abi.riscv": "riscv"}
_ADVICE = (
    "guest code imports guest modules: "
    "atoll.abi, atoll.kernel, atoll.servers, atoll.userland, and files beside the program"
)
# The compiler goes down a program's tree by calling itself; this many frames are enough for the deepest it accepts.
_FRAMES = 4000
_FRAMES_OF_CALL, _FRAMES_OF_NODE = 8, 4
_DEEPEST = 3200
# Parsed texts that a process keeps: more than there are guest modules.
MOST_KEPT = 500
# What Python says of misplaced statements: the checker says it too, of each.
_SAID_BY_CHECKER = ("outside", "not properly in loop", "import *", "keyword argument repeated", "global", "duplicate")


class Loader:
    """Finds and parses modules; `order` lists them with every import before its importer."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.modules: dict[str, Module] = {}
        self.order: list[Module] = []
        self.root_folder = Path(".")
        self.root_package = ""  # its dotted name, if that is part of Atoll
        # Whether a file has no syntax tree.
        self.unreadable = False
        # The modules whose imports are being loaded, outermost first.
        self._loading: list[Module] = []
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))

    def load_root(self, path: Path) -> Module:
        """Load the program's own file and all that it needs."""
        self.root_folder = path.parent
        resolved = path.resolve()
        name, shown = path.stem, str(path)
        for folder in PACKAGE.iterdir():
            if folder.is_dir() and resolved.is_relative_to(folder.resolve()):
                parts = resolved.relative_to(folder.resolve()).with_suffix("").parts
                name = ".".join(("atoll", folder.name, *parts))
                self.root_package = name.rpartition(".")[0]
                shown = "/".join((folder.name, *parts)) + ".py"
        return self._read(name, path, shown)

    def load(self, name: str) -> Module | None:
        """The guest module of that dotted name; None if there is none."""
        if name in self.modules:
            return self.modules[name]
        parts = name.split(".")
        if parts[0] == "atoll":
            if len(parts) < 3 or self._is_host_code(name):
                return None
            path = PACKAGE.joinpath(*parts[1:]).with_suffix(".py")
            shown = "/".join(parts[1:]) + ".py"
        else:
            path = self.root_folder.joinpath(*parts).with_suffix(".py")
            shown = str(path)
        return self._read(name, path, shown) if path.is_file() else None

    def _read(self, name: str, path: Path, shown: str) -> Module:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise CompileError(f"{path}: there is no such file") from None
        except UnicodeDecodeError as error:
            raise CompileError(f"{path}: not UTF-8 text (byte {error.start})") from None
        except OSError as error:
            raise CompileError(f"{path}: cannot be read: {error.strerror}") from None
        # Not splitlines(): Python's own lines end at line feeds only.
        lines = text.split("\n")
        self.reporter.lines[shown] = lines
        module = Module(name, path, shown, self._parse(text, shown), lines)
        self.modules[name] = module
        if name not in INTRINSIC:
            self._loading.append(module)
            self._load_imports(module)
            self._loading.pop()
        self.order.append(module)
        if name == INTERFACE:
            # Nobody imports it: what it holds is called by stubs.
            self.load(STUBS)
        return module

    def _parse(self, text: str, shown: str) -> ast.Module:
        """The syntax tree; an empty one after a report."""
        parsed = parse(text, shown)
        for location, message, advice in parsed.problems:
            self.reporter.report(location, message, advice)
        self.unreadable |= parsed.tree is None
        return parsed.tree or ast.Module([], [])

    # --- imports ------------------------------------------------------------------------------------------------------

    def _load_imports(self, module: Module) -> None:
        for node in module.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if not self._import(module, node, alias.name):
                        module.names[alias.asname or alias.name] = Broken()
            elif isinstance(node, ast.ImportFrom) and not self._import_from(module, node):
                # The names have no meaning, but that was said here: not again at each use.
                module.names.update({alias.asname or alias.name: Broken() for alias in node.names})

    def _import(self, module: Module, node: ast.stmt, name: str) -> bool:
        found = self.load(name)
        if found is None:
            return self._refuse(module, node, name)
        if found not in module.imports:
            module.imports.append(found)
        return True

    def _import_from(self, module: Module, node: ast.ImportFrom) -> bool:
        name = node.module or ""
        if node.level:
            self.reporter.report(module.at(node), "relative imports are not supported", "name the module in full")
            return False
        if name in STANDARD:
            self._import_standard(module, node, name)
            return True
        found = self.load(name)
        if found in self._loading:
            self._refuse_circle(module, node, name)
            return False
        if found is not None:
            return self._import(module, node, name)
        if all(self.load(f"{name}.{alias.name}") for alias in node.names):
            return all([self._import(module, node, f"{name}.{alias.name}") for alias in node.names])
        known = any(self.load(f"{name}.{alias.name}") for alias in node.names)
        missing = [f"{name}.{a.name}" for a in node.names if self.load(f"{name}.{a.name}") is None]
        return self._refuse(module, node, missing[0] if known or _is_guest_folder(name) else name)

    def _is_host_code(self, name: str) -> bool:
        """Whether a module of Atoll is no guest code. What lies beside the program is, as in any other folder."""
        is_guest = name.split(".")[1] in GUEST_FOLDERS or name.rpartition(".")[0] == self.root_package
        return not is_guest or name.startswith(_HOST_PREFIX)

    def _import_standard(self, module: Module, node: ast.ImportFrom, name: str) -> None:
        for alias in node.names:
            if alias.name not in STANDARD[name] and alias.name != "*":
                advice = f"{name} has these for it: {', '.join(sorted(STANDARD[name]))}"
                self.reporter.report(module.at(node), f"{name}.{alias.name} is not available to guest code", advice)
                module.names[alias.asname or alias.name] = Broken()

    def _refuse_circle(self, module: Module, node: ast.stmt, name: str) -> None:
        """`from X import y` while X is still waiting for this module: its names do not exist yet, in Python neither."""
        names = [m.name for m in self._loading]
        circle = " -> ".join([*names[names.index(name) :], name])
        self.reporter.report(
            module.at(node),
            f"circular import: {circle}",
            f"move what both need into a third module, or write: import {name} as NAME",
        )

    def _refuse(self, module: Module, node: ast.stmt, name: str) -> bool:
        parts = name.split(".")
        if parts[0] == "atoll" and len(parts) > 1 and self._is_host_code(name):
            message = f"module {name} is host code and cannot be used on the emulated CPU"
        elif parts[0] == "atoll":
            message = f"there is no guest module {name}"
        else:
            message = f"module {name} is not guest code"
        self.reporter.report(module.at(node), message, _ADVICE)
        return False


def _is_guest_folder(name: str) -> bool:
    top, *parts = name.split(".")
    return top == "atoll" and bool(parts) and parts[0] in GUEST_FOLDERS and PACKAGE.joinpath(*parts).is_dir()


class Parsed(NamedTuple):
    """What a text parses to: its tree (None: it has none), and what is to be reported (place, message, advice)."""

    tree: ast.Module | None
    problems: tuple[tuple[Location, str, str], ...] = ()


@lru_cache(maxsize=MOST_KEPT)
def parse(text: str, shown: str) -> Parsed:
    """Parse a module's text. Nobody changes a tree, so the programs that a process compiles share them."""
    try:
        if "\0" in text:
            raise ValueError("null character")
        with warnings.catch_warnings():
            # Python's own warnings, such as of a number that runs into a word, would come without our form.
            warnings.simplefilter("ignore")
            tree = ast.parse(text, shown)
            if (deep := too_deep(tree)) is None:
                return Parsed(tree, _python_refuses(tree, text, shown))
        problem = (Location.of(shown, deep), "this is nested too deeply", "write it in several steps")
    except SyntaxError as error:
        problem = (_place(error, text, shown), f"syntax error: {error.msg}", "")
    except (RecursionError, MemoryError):
        problem = (Location(shown, 0), "something in this file is nested too deeply", "")
    except ValueError:
        problem = (Location(shown, 0), "the file holds a null character", "it is no Python source")
    return Parsed(None, (problem,))


def _python_refuses(tree: ast.Module, text: str, shown: str) -> tuple[tuple[Location, str, str], ...]:
    """What Python itself finds only when it compiles, such as two parameters of one name."""
    try:
        compile(tree, shown, "exec", dont_inherit=True)
    except SyntaxError as error:
        if not any(part in error.msg for part in _SAID_BY_CHECKER):
            return ((_place(error, text, shown), f"syntax error: {error.msg}", ""),)
    return ()


def _place(error: SyntaxError, text: str, shown: str) -> Location:
    """Where a syntax error is; Python counts its columns in characters, we in bytes."""
    number = error.lineno or 1
    lines = text.split("\n")
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    column = len(line[: max((error.offset or 1) - 1, 0)].encode())
    end = column
    if error.end_lineno == number and error.end_offset:
        end = len(line[: max(error.end_offset - 1, 0)].encode())
    return Location(shown, number, column, max(end, column))


def too_deep(tree: ast.AST) -> ast.AST | None:
    """The first node that stands deeper than the compiler's own calls can follow; None if there is none."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        depth += _FRAMES_OF_CALL if isinstance(node, ast.Call | ast.stmt) else _FRAMES_OF_NODE
        if depth > _DEEPEST and hasattr(node, "lineno"):
            return node
        waiting += [(child, depth) for child in ast.iter_child_nodes(node)]
    return None
