"""How guest types look in LLVM: as values in registers, and as storage in memory."""

from __future__ import annotations

from atoll.compiler.types import (
    BOOL,
    BYTES,
    FLOAT,
    NEVER,
    TEXT,
    VOID,
    ArrayType,
    EnumType,
    ErrorType,
    FunctionType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    is_aggregate,
)

VIEW = "{ ptr, i64 }"


def quoted(name: str) -> str:
    """A name as LLVM writes it after @ or %."""
    return '"' + name.replace("\\", "\\5C").replace('"', "\\22") + '"'


class Layout:
    """LLVM types, with the structures met so far (`definitions`)."""

    def __init__(self) -> None:
        self._names: dict[StructType, str] = {}
        self.definitions: list[str] = []

    def value(self, type_: Type) -> str:
        """The type of a value in a register; structures and arrays are addresses."""
        if isinstance(type_, Int):
            return f"i{type_.bits}"
        if type_ == BOOL:
            return "i1"
        if type_ == FLOAT:
            return "double"
        if type_ in (TEXT, BYTES) or isinstance(type_, SliceType):
            return VIEW
        if is_aggregate(type_) or isinstance(type_, FunctionType | RefType | ErrorType):
            return "ptr"
        if isinstance(type_, EnumType):
            return "i64"
        if isinstance(type_, OptionalType):
            return "ptr" if is_aggregate(type_.inner) else f"{{ {self.value(type_.inner)}, i1 }}"
        if isinstance(type_, TupleType):
            return f"{{ {', '.join(self.value(t) for t in type_.elements)} }}" if type_.elements else "{}"
        if type_ in (VOID, NEVER):
            return "void"
        raise AssertionError(type_)

    def storage(self, type_: Type) -> str:
        """The type of storage: structures and arrays lie in place."""
        if isinstance(type_, StructType):
            return self._struct(type_)
        if isinstance(type_, ArrayType):
            return f"[{type_.count} x {self.storage(type_.element)}]"
        return self.value(type_)

    @staticmethod
    def _plain(struct: StructType) -> str:
        return f"{struct.decl.module.name}.{struct}"

    def _struct(self, struct: StructType) -> str:
        name = self._names.get(struct)
        if name is None:
            plain = self._plain(struct)
            # Uses with type arguments of one name, from two modules, are two structures.
            same = sum(self._plain(other) == plain for other in self._names)
            name = self._names[struct] = "%" + quoted(plain if same == 0 else f"{plain}#{same + 1}")
            fields = ", ".join(self.storage(f.type) for f in struct.fields.values())
            self.definitions.append(f"{name} = type {{ {fields} }}")
        return name

    def size(self, type_: Type) -> str:
        """The size in bytes, as a constant expression."""
        return f"ptrtoint (ptr getelementptr ({self.storage(type_)}, ptr null, i32 1) to i64)"
