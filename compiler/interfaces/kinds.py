"""How a type travels in a message: as a word, in the segment, as a handle; or not at all."""

from __future__ import annotations

import ast

from atoll.compiler.errors import shown
from atoll.compiler.interfaces.description import Item, Kind
from atoll.compiler.interfaces.names import HANDLE, Defined, Known, Names
from atoll.compiler.types import INTEGERS, NAMED

_INSTEAD = {
    "f64": "send the bits of it as u64",
    "Array": "put it into a structure, or take Bytes",
    "tuple": "a tuple is only a result",
    "Ref": "send the structure itself",
    "Callable": "send a number that stands for it",
}
_KNOWN = {**{name: Kind.INTEGER for name in INTEGERS}, "bool": Kind.BOOL, "Text": Kind.TEXT, "Bytes": Kind.BYTES}
_DEEPEST = 16  # structures inside structures


class Refusal(Exception):
    """A type that cannot be sent."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message, self.advice = message, advice


class Kinds:
    """Finds the kinds of types."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def item(self, module: str, name: str, node: ast.expr) -> Item:
        """A parameter, or a part of a result. Raises Refusal."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        written = ast.unparse(node)
        match node:
            case ast.Subscript(value, inside):
                outer = self.names.find(module, value)
                if outer == Known("Slice") and self.names.find(module, inside) == Known("u8"):
                    return Item(name, Kind.BUFFER, written, "Slice[u8]")
            case ast.Name() | ast.Attribute():
                found = self.names.find(module, node)
                if found == Known(HANDLE):
                    return Item(name, Kind.HANDLE, written, HANDLE)
                if isinstance(found, Known) and found.name in NAMED:
                    return self._known(name, written, str(NAMED[found.name]), node)
                if isinstance(found, Defined) and isinstance(found.node, ast.ClassDef):
                    return self._class(name, written, found, node)
        raise self._refusal(module, node)

    def _known(self, name: str, written: str, meaning: str, node: ast.expr) -> Item:
        kind = _KNOWN.get(meaning)
        if kind is None:
            raise Refusal(f"{shown(node)} cannot be sent", _INSTEAD.get(meaning, ""))
        return Item(name, kind, written, meaning)

    def _refusal(self, module: str, node: ast.expr) -> Refusal:
        base = node.value if isinstance(node, ast.Subscript) else node
        found = self.names.find(module, base)
        name = found.name if isinstance(found, Known) else ast.unparse(base)
        advice = _INSTEAD.get(name, "use integers, bool, enumerations, Text, Bytes, Slice[u8], structures, handles")
        if isinstance(node, ast.BinOp):
            advice = "let a value stand for None, or raise an error"
        return Refusal(f"{shown(node)} cannot be sent", advice)

    def _class(self, name: str, written: str, found: Defined, node: ast.expr) -> Item:
        class_ = found.node
        assert isinstance(class_, ast.ClassDef)
        bases = self.names.bases(found)
        for base, kind in (("IntEnum", Kind.ENUM), ("IntFlag", Kind.FLAGS)):
            if Known(base) in bases:
                return Item(name, kind, written, found.full_name, self._members(found))
        if any(self.names.is_root(base) for base in bases) or self._is_handle(found):
            return Item(name, Kind.HANDLE, written, found.full_name)
        if bases:
            advice = "send what it holds" if any(map(self.names.is_interface, bases)) else "send a plain structure"
            raise Refusal(f"{shown(node)} cannot be sent", advice)
        self._check_plain(found, node, 0)
        return Item(name, Kind.STRUCTURE, written, found.full_name)

    def _members(self, found: Defined) -> tuple[int, ...]:
        assert isinstance(found.node, ast.ClassDef)
        written = [part.value for part in found.node.body if isinstance(part, ast.Assign)]
        values = [self.names.integer(found.module, value) for value in written]
        return tuple(value for value in values if value is not None)

    def _is_handle(self, found: Defined) -> bool:
        """A class whose only field is `handle: u64`."""
        fields = list(_fields(found))
        return len(fields) == 1 and isinstance(fields[0].target, ast.Name) and fields[0].target.id == "handle" and (
            self.names.find(found.module, fields[0].annotation) == Known("u64")
        )

    def _check_plain(self, found: Defined, node: ast.expr, depth: int) -> None:
        """Structures are sent as their bytes: they must hold no addresses, and no handles."""
        for field in _fields(found):
            assert isinstance(field.target, ast.Name)
            if not self._is_plain(found.module, field.annotation, node, depth):
                # A bool from elsewhere could be neither: compiled code relies on 0 and 1.
                raise Refusal(
                    f"{shown(node)} cannot be sent: its field {field.target.id} is {shown(field.annotation)}",
                    "a structure is sent as its bytes: only numbers (u8 for bool), enumerations, arrays, structures",
                )

    def _is_plain(self, module: str, annotation: ast.expr, node: ast.expr, depth: int) -> bool:
        match annotation:
            case ast.Subscript(value, ast.Tuple([element, _])) if self.names.find(module, value) == Known("Array"):
                return self._is_plain(module, element, node, depth)
            case ast.Name() | ast.Attribute() | ast.Constant(str()):
                found = self.names.find(module, annotation)
                if isinstance(found, Known):
                    return found.name in NAMED and str(NAMED[found.name]) not in ("Text", "Bytes", "bool")
                if not isinstance(found, Defined) or depth > _DEEPEST:
                    return False
                if not isinstance(found.node, ast.ClassDef):
                    return self._is_plain(found.module, found.node, node, depth + 1)
                bases = self.names.bases(found)
                if bases:
                    return bases[0] in (Known("IntEnum"), Known("IntFlag"))
                if self._is_handle(found):
                    return False
                self._check_plain(found, node, depth + 1)
                return True
        return False


def _fields(found: Defined) -> list[ast.AnnAssign]:
    assert isinstance(found.node, ast.ClassDef)
    return [
        part
        for part in found.node.body
        if isinstance(part, ast.AnnAssign)
        and isinstance(part.target, ast.Name)
        and "ClassVar" not in ast.unparse(part.annotation)
    ]
