"""What a name in a module means, found in syntax trees alone: classes, aliases and constants, through imports."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from atoll.compiler.modules import INTERFACE, INTRINSIC, STANDARD
from atoll.compiler.types import NAMED

# Where to look no further: names of these mean something by themselves.
_KNOWN = {*INTRINSIC, *STANDARD}
HANDLE = "Handle"  # an alias in interface.py that means more than the type behind it
_DEEPEST = 20  # aliases and imports on the way to a name; more are a circle


@dataclass(frozen=True)
class Known:
    """A name that the language itself has: `u64`, `Text`, `IntEnum`."""

    name: str


@dataclass(frozen=True, eq=False)
class Defined:
    """A class, or the value of an alias or constant, and the module where it stands."""

    module: str
    node: ast.ClassDef | ast.expr

    @property
    def full_name(self) -> str:
        """The class's name with its module's."""
        return f"{self.module}.{self.node.name}" if isinstance(self.node, ast.ClassDef) else self.module


class Names:
    """Finds names in the modules that `tree_of` gives the trees of (None: there is no such module)."""

    def __init__(self, tree_of: Callable[[str], ast.Module | None]) -> None:
        self.tree_of = tree_of

    def find(self, module: str, node: ast.expr, depth: int = 0) -> Known | Defined | None:
        """What a name, or `module.name`, means; aliases are followed."""
        if depth > _DEEPEST:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        if isinstance(node, ast.Name):
            return self._name(module, node.id, depth)
        if isinstance(node, ast.Attribute):
            owner = self._module(module, node.value)
            return self._name(owner, node.attr, depth) if owner is not None else None
        return None

    def _name(self, module: str, name: str, depth: int) -> Known | Defined | None:
        if module in _KNOWN:
            return Known(name)
        tree = self.tree_of(module)
        for node in tree.body if tree is not None else ():
            match node:
                case ast.ClassDef() if node.name == name:
                    return Defined(module, node)
                case ast.AnnAssign(ast.Name(target), annotation, value) if target == name and value is not None:
                    if (module, name) == (INTERFACE, HANDLE):
                        return Known(HANDLE)
                    alias = self.find(module, annotation, depth + 1) == Known("TypeAlias")
                    return self._alias(module, value, depth) if alias else Defined(module, value)
                case ast.Assign([ast.Name(target)], value) if target == name:
                    return Defined(module, value)
                case ast.ImportFrom(source, names):
                    for alias_ in names:
                        if (alias_.asname or alias_.name) == name and source is not None:
                            return self._name(source, alias_.name, depth + 1) if depth < _DEEPEST else None
        return Known(name) if name in NAMED else None

    def _alias(self, module: str, value: ast.expr, depth: int) -> Known | Defined | None:
        found = self.find(module, value, depth + 1)
        return found if found is not None else Defined(module, value)

    def _module(self, module: str, node: ast.expr) -> str | None:
        """The module that a name stands for."""
        tree = self.tree_of(module)
        for item in tree.body if tree is not None and isinstance(node, ast.Name) else ():
            match item:
                case ast.Import(names):
                    found = [a.name for a in names if a.asname == node.id]  # type: ignore[attr-defined]
                case ast.ImportFrom(source, names):
                    found = [f"{source}.{a.name}" for a in names if (a.asname or a.name) == node.id]  # type: ignore[attr-defined]
                case _:
                    continue
            if found:
                return found[0]
        return None

    # --- classes ------------------------------------------------------------------------------------------------------

    def bases(self, found: Defined) -> list[Known | Defined | None]:
        """What a class derives from."""
        assert isinstance(found.node, ast.ClassDef)
        return [self.find(found.module, base) for base in found.node.bases]

    def is_root(self, found: Known | Defined | None) -> bool:
        """Whether it is the class `Interface` itself."""
        return (
            isinstance(found, Defined)
            and found.module == INTERFACE
            and isinstance(found.node, ast.ClassDef)
            and found.node.name == "Interface"
        )

    def is_interface(self, found: Known | Defined | None) -> bool:
        """Whether it is a class that derives from `Interface` itself."""
        return (
            isinstance(found, Defined)
            and isinstance(found.node, ast.ClassDef)
            and any(self.is_root(base) for base in self.bases(found))
        )

    def integer(self, module: str, node: ast.expr, depth: int = 0) -> int | None:
        """The value of a number, or of a constant that is one."""
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.BinOp) and depth < _DEEPEST:
            left, right = (self.integer(module, part, depth + 1) for part in (node.left, node.right))
            if left is None or right is None:
                return None
            match node.op:
                case ast.LShift() if right < 64:
                    return left << right
                case ast.BitOr():
                    return left | right
                case ast.Add():
                    return left + right
            return None
        found = self.find(module, node, depth)
        if isinstance(found, Defined) and not isinstance(found.node, ast.ClassDef) and depth < _DEEPEST:
            return self.integer(found.module, found.node, depth + 1)
        return None
