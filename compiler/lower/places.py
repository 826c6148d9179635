"""Places in the lowering: addresses of variables, fields and elements; views; checked indices."""

from __future__ import annotations

from atoll.compiler.lower.arithmetic import Arithmetic
from atoll.compiler.lower.layout import VIEW
from atoll.compiler.tree import Constant, Expression, FieldOf, Global, Index, Local, LocalVariable, SliceOf
from atoll.compiler.types import I64, TEXT, ArrayType, Int, SliceType, Type, element_type, is_aggregate


class Places(Arithmetic):
    """The layer of addresses. `value` is given by the layer above."""

    variables: dict[LocalVariable, str]

    def value(self, expression: Expression, into: str | None = None) -> str:
        """The operand of an expression."""
        raise AssertionError(expression, into)

    def variable(self, variable: LocalVariable) -> str:
        """The frame slot of a variable: its storage if it owns one, else its value."""
        slot = self.variables.get(variable)
        if slot is None:
            kind = self.layout.storage(variable.type) if variable.owns else self.layout.value(variable.type)
            slot = self.variables[variable] = self.alloca(kind)
        return slot

    def load(self, type_: Type, address: str) -> str:
        """What is stored at an address; of a structure or array, the address itself."""
        return address if is_aggregate(type_) else self.temp(f"load {self.layout.value(type_)}, ptr {address}")

    def address(self, place: Expression) -> str:
        """The address of a place that can be assigned to."""
        match place:
            case Local():
                return self.variable(place.variable)
            case Global():
                return self._global_address(place)
            case FieldOf():
                base = self.value(place.base)
                struct = self.layout.storage(place.base.type)
                return self.temp(f"getelementptr inbounds {struct}, ptr {base}, i32 0, i32 {place.field.index}")
            case Index():
                return self._element_address(place)
        raise AssertionError(place)

    def _global_address(self, place: Global) -> str:
        symbol = self.module.global_symbol(place.global_)
        if place.global_.per_thread and self.module.per_thread:
            self.module.need("llvm.threadlocal.address.p0", "ptr", "ptr")
            return self.temp(f"call ptr @llvm.threadlocal.address.p0(ptr {symbol})")
        return symbol

    def view_parts(self, base: Expression) -> tuple[str, str]:
        """Address and length of a sequence."""
        operand = self.value(base)
        if isinstance(base.type, ArrayType):
            return operand, str(base.type.count)
        return self.temp(f"extractvalue {VIEW} {operand}, 0"), self.temp(f"extractvalue {VIEW} {operand}, 1")

    def _position(self, index: Expression, length: str) -> tuple[str, str]:
        """An index as i64, counted from the end if it is negative; and as it was written, for the error."""
        type_ = index.type
        assert isinstance(type_, Int)
        if isinstance(index, Constant) and isinstance(index.value, int):
            written = str(index.value)
            if index.value >= 0:
                return written, written
            if length.isdigit():
                return str(int(length) + index.value), written
            return self.temp(f"add i64 {length}, {index.value}"), written
        value = self.resize(self.value(index), type_, I64)
        if not type_.signed or not self.checked:
            return value, value
        negative = self.temp(f"icmp slt i64 {value}, 0")
        return self.temp(f"add i64 {value}, {self.temp(f'select i1 {negative}, i64 {length}, i64 0')}"), value

    def checked_index(self, index: Expression, length: str) -> str:
        """An index that is surely below the length."""
        position, written = self._position(index, length)
        if not (position.isdigit() and length.isdigit() and int(position) < int(length)):
            self.require(self.temp(f"icmp ult i64 {position}, {length}"), "IndexError", written, length)
        return position

    def _element_address(self, place: Index) -> str:
        base, length = self.view_parts(place.base)
        position = self.checked_index(place.index, length)
        element = self._element_storage(place.base.type)
        return self.temp(f"getelementptr inbounds {element}, ptr {base}, i64 {position}")

    def _element_storage(self, type_: Type) -> str:
        if isinstance(type_, ArrayType | SliceType):
            return self.layout.storage(type_.element)
        return "i8"

    def index(self, place: Index) -> str:
        """`base[index]` as a value."""
        address = self._element_address(place)
        if place.base.type == TEXT:
            return self.view(address, "1")
        element = element_type(place.base.type)
        assert element is not None
        return self.load(element, address)

    def view(self, address: str, length: str) -> str:
        """A view from its parts."""
        half = self.temp(f"insertvalue {VIEW} poison, ptr {address}, 0")
        return self.temp(f"insertvalue {VIEW} {half}, i64 {length}, 1")

    def slice(self, part: SliceOf) -> str:
        """`base[low:high]`: bounds outside raise; a low bound above the high one gives an empty view."""
        base, length = self.view_parts(part.base)
        low, low_written = self._position(part.low, length) if part.low is not None else ("0", "0")
        high, high_written = self._position(part.high, length) if part.high is not None else (length, length)
        for bound, written in ((low, low_written), (high, high_written)):
            known = bound in (length, "0") or (bound.isdigit() and length.isdigit() and int(bound) <= int(length))
            if not known:
                self.require(self.temp(f"icmp ule i64 {bound}, {length}"), "IndexError", written, length)
        address = (
            base
            if low == "0"
            else self.temp(f"getelementptr inbounds {self._element_storage(part.base.type)}, ptr {base}, i64 {low}")
        )
        if low == "0":
            return self.view(base, high)
        forward = self.temp(f"icmp ugt i64 {high}, {low}")
        count = self.temp(f"sub i64 {high}, {low}")
        return self.view(address, self.temp(f"select i1 {forward}, i64 {count}, i64 0"))

    def move_bytes(self, to: str, source: str, size: str) -> None:
        """Copy bytes; the ranges may overlap."""
        self.module.need("llvm.memmove.p0.p0.i64", "void", "ptr, ptr, i64, i1")
        self.emit(f"call void @llvm.memmove.p0.p0.i64(ptr {to}, ptr {source}, i64 {size}, i1 false)")

    def copy_storage(self, type_: Type, to: str, source: str) -> None:
        """Copy a structure or array."""
        self.move_bytes(to, source, self.layout.size(type_))

    def clear_storage(self, type_: Type, to: str) -> None:
        """Make a structure or array all zero."""
        self.module.need("llvm.memset.p0.i64", "void", "ptr, i8, i64, i1")
        self.emit(f"call void @llvm.memset.p0.i64(ptr {to}, i8 0, i64 {self.layout.size(type_)}, i1 false)")
