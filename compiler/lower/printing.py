"""Text in the lowering: `print` and f-strings become calls of the run-time library, one for each part; error texts."""

from __future__ import annotations

from atoll.compiler.lower.layout import VIEW
from atoll.compiler.lower.places import Places
from atoll.compiler.tree import Constant, ErrorField, FormatPart, FormattedText, Function, Print
from atoll.compiler.types import BOOL, FLOAT, TEXT, ErrorType, Int, StructType, Type

# An f-string that is a value lives in the frame; a longer one raises ValueError.
LARGEST_TEXT = 256
_BASES = {"x": 16, "X": 16, "b": 2, "o": 8}


class Printing(Places):
    """The layer of text."""

    def print(self, node: Print) -> None:
        """`print(...)`: parts into the thread's line buffer, then out."""
        parts = [(part, self.value(part.value)) for part in self._merged(node.parts)]
        # Only now: what a part calls may print something itself.
        sink = self.checked_runtime("print_sink", "")
        for part, operand in parts:
            self._put(sink, part, operand)
        self.checked_runtime("print_done", f"ptr {sink}")

    @staticmethod
    def _merged(parts: list[FormatPart]) -> list[FormatPart]:
        """Constant texts in a row become one."""
        result: list[FormatPart] = []
        for part in parts:
            value = part.value
            if isinstance(value, Constant) and isinstance(value.value, str) and not part.width:
                last = result[-1].value if result else None
                if isinstance(last, Constant) and isinstance(last.value, str) and not result[-1].width:
                    result[-1] = FormatPart(part.at, Constant(last.at, TEXT, last.value + value.value))
                    continue
            result.append(part)
        return result

    def _put(self, sink: str, part: FormatPart, operand: str) -> None:
        type_ = part.value.type
        shape = f"i64 {part.width}, i8 {ord(part.align) if part.align else 0}, i8 {ord(part.fill)}"
        if type_ == TEXT:
            self.checked_runtime("put_text", f"ptr {sink}, {VIEW} {operand}, {shape}")
        elif type_ == BOOL:
            words = [self.module.constant(TEXT, text) for text in ("True", "False")]
            text = self.temp(f"select i1 {operand}, {VIEW} {words[0]}, {VIEW} {words[1]}")
            self.checked_runtime("put_text", f"ptr {sink}, {VIEW} {text}, {shape}")
        elif type_ == FLOAT:
            self.checked_runtime("put_float", f"ptr {sink}, double {operand}, i64 {part.precision}, {shape}")
        else:
            assert isinstance(type_, Int)
            wide = self.resize(operand, type_, Int(64, type_.signed))
            base = _BASES.get(part.kind, 10)
            flags = f"i1 {str(part.kind == 'X').lower()}, i1 {str(part.prefix).lower()}"
            name = "put_signed" if type_.signed else "put_unsigned"
            self.checked_runtime(name, f"ptr {sink}, i64 {wide}, i64 {base}, {shape}, {flags}")

    def checked_runtime(self, name: str, arguments: str) -> str:
        """Call a run-time function, testing its error if it can raise."""
        function: Function = self.module.runtime[name]
        return self.call(function, [arguments] if arguments else [], None)

    def call(self, function: Function, arguments: list[str], into: str | None) -> str:
        """A call; given by the layer above."""
        raise AssertionError(function, arguments, into)

    def formatted(self, node: FormattedText) -> str:
        """An f-string as a value: a sink over a buffer of the frame."""
        buffer = self.alloca(f"[{LARGEST_TEXT} x i8]")
        final = buffer
        if any(p.value.type == TEXT and not isinstance(p.value, Constant) for p in node.parts):
            # A part may be what this f-string made the last time round a loop: write beside it, then over it.
            final = self.alloca(f"[{LARGEST_TEXT} x i8]")
        kind = self.module.runtime["put_text"].type.parameters[0]
        assert isinstance(kind, StructType)
        sink = self.alloca(self.layout.storage(kind))
        self.clear_storage(kind, sink)
        self._set_field(sink, kind, "data", self.view(buffer, str(LARGEST_TEXT)))
        for part in self._merged(node.parts):
            self._put(sink, part, self.value(part.value))
        used = self.temp(f"load i64, ptr {self._field(sink, kind, 'used')}")
        self.require(self.temp(f"icmp ule i64 {used}, {LARGEST_TEXT}"), "ValueError", used, str(LARGEST_TEXT))
        if final != buffer:
            self.move_bytes(final, buffer, used)
        return self.view(final, used)

    def _field(self, base: str, kind: StructType, name: str) -> str:
        return self.temp(
            f"getelementptr inbounds {self.layout.storage(kind)}, ptr {base}, i32 0, i32 {kind.fields[name].index}"
        )

    def _set_field(self, base: str, kind: StructType, name: str, operand: str) -> None:
        self.emit(f"store {self.layout.value(kind.fields[name].type)} {operand}, ptr {self._field(base, kind, name)}")

    # --- errors -------------------------------------------------------------------------------------------------------

    @property
    def record_type(self) -> StructType:
        """The error record's structure."""
        kind = self.module.runtime["save_error"].type.parameters[0]
        assert isinstance(kind, StructType)
        return kind

    def error_field(self, node: ErrorField) -> str:
        """A field of a caught error, or its text."""
        record = self.value(node.base)
        kind = self.record_type
        if node.type == TEXT:
            if not node.name:
                return self._error_text(record)
            length = self.temp(f"load i64, ptr {self._field(record, kind, 'text_length')}")
            return self.view(self._field(record, kind, "text"), length)
        assert isinstance(node.base.type, ErrorType)
        number = node.base.type.decl.fields[node.name].index
        words = self._field(record, kind, "words")
        word = self.temp(f"load i64, ptr {self.temp(f'getelementptr inbounds i64, ptr {words}, i64 {number}')}")
        return self._from_word(word, node.type)

    def _from_word(self, word: str, type_: Type) -> str:
        if type_ == BOOL:
            return self.temp(f"trunc i64 {word} to i1")
        return self.resize(word, Int(64, False), type_) if isinstance(type_, Int) else word

    def _error_text(self, record: str) -> str:
        """`f"{e}"`: what the run-time library makes of the record, in a buffer of the frame."""
        buffer = self.alloca(f"[{LARGEST_TEXT} x i8]")
        return self.checked_runtime("error_text", f"ptr {record}, {VIEW} {self.view(buffer, str(LARGEST_TEXT))}")
