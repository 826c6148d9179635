"""From a file to its modules: reads and parses the program and every guest module that it imports, imports first."""

from __future__ import annotations

import ast
from pathlib import Path

import atoll
from atoll.compiler.errors import CompileError, Location, Reporter
from atoll.compiler.symbols import Module

PACKAGE = Path(atoll.__file__).parent
GUEST_FOLDERS = ("abi", "kernel", "servers", "userland")
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
# Modules whose functions the compiler itself implements.
INTRINSIC = {"atoll.abi.types": "types", "atoll.abi.raw": "raw", "atoll.abi.riscv": "riscv"}
_ADVICE = (
    "guest code imports guest modules: "
    "atoll.abi, atoll.kernel, atoll.servers, atoll.userland, and files beside the program"
)


class Loader:
    """Finds and parses modules; `order` lists them with every import before its importer."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.modules: dict[str, Module] = {}
        self.order: list[Module] = []
        self.root_folder = Path(".")

    def load_root(self, path: Path) -> Module:
        """Load the program's own file and all that it needs."""
        self.root_folder = path.parent
        resolved = path.resolve()
        name, shown = path.stem, str(path)
        for folder in PACKAGE.iterdir():
            if folder.is_dir() and resolved.is_relative_to(folder.resolve()):
                parts = resolved.relative_to(folder.resolve()).with_suffix("").parts
                name = ".".join(("atoll", folder.name, *parts))
                shown = "/".join((folder.name, *parts)) + ".py"
        return self._read(name, path, shown)

    def load(self, name: str) -> Module | None:
        """The guest module of that dotted name; None if there is none."""
        if name in self.modules:
            return self.modules[name]
        parts = name.split(".")
        if parts[0] == "atoll":
            if len(parts) < 3 or parts[1] not in GUEST_FOLDERS:
                return None
            path = PACKAGE.joinpath(*parts[1:]).with_suffix(".py")
            shown = "/".join(parts[1:]) + ".py"
        else:
            path = self.root_folder.joinpath(*parts).with_suffix(".py")
            shown = str(path)
        return self._read(name, path, shown) if path.is_file() else None

    def _read(self, name: str, path: Path, shown: str) -> Module:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise CompileError(f"{path}: there is no such file") from None
        except UnicodeDecodeError as error:
            raise CompileError(f"{path}: not UTF-8 text (byte {error.start})") from None
        except OSError as error:
            raise CompileError(f"{path}: cannot be read: {error.strerror}") from None
        lines = text.splitlines()
        self.reporter.lines[shown] = lines
        try:
            tree = ast.parse(text, shown)
        except SyntaxError as error:
            column = max((error.offset or 1) - 1, 0)
            place = Location(shown, error.lineno or 1, column, max((error.end_offset or 0) - 1, column))
            self.reporter.report(place, f"syntax error: {error.msg}")
            tree = ast.Module([], [])
        except (ValueError, RecursionError) as error:
            self.reporter.report(Location(shown, 1), f"cannot be parsed: {error}")
            tree = ast.Module([], [])
        module = Module(name, path, shown, tree, lines)
        self.modules[name] = module
        if name not in INTRINSIC:
            self._load_imports(module)
        self.order.append(module)
        return module

    def _load_imports(self, module: Module) -> None:
        for node in module.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._import(module, node, alias.name)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(module, node)

    def _import(self, module: Module, node: ast.stmt, name: str) -> Module | None:
        found = self.load(name)
        if found is None:
            self._refuse(module, node, name)
        elif found not in module.imports:
            module.imports.append(found)
        return found

    def _import_from(self, module: Module, node: ast.ImportFrom) -> None:
        name = node.module or ""
        if node.level:
            self.reporter.report(module.at(node), "relative imports are not supported", "name the module in full")
        elif name in STANDARD:
            for alias in node.names:
                if alias.name not in STANDARD[name]:
                    self.reporter.report(
                        module.at(node), f"{name}.{alias.name} is not available to guest code", _ADVICE
                    )
        elif self.load(name) is not None:
            self._import(module, node, name)
        elif all(self.load(f"{name}.{alias.name}") for alias in node.names):
            for alias in node.names:
                self._import(module, node, f"{name}.{alias.name}")
        else:
            self._refuse(module, node, name)

    def _refuse(self, module: Module, node: ast.stmt, name: str) -> None:
        parts = name.split(".")
        if parts[0] == "atoll" and len(parts) > 1 and parts[1] not in GUEST_FOLDERS:
            message = f"module {name} is host code and cannot be used on the emulated CPU"
        elif parts[0] == "atoll":
            message = f"there is no guest module {name}"
        else:
            message = f"module {name} is not guest code"
        self.reporter.report(module.at(node), message, _ADVICE)
