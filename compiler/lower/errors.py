"""`raise` and `try` in the lowering. An error travels as a code; what it says is in the thread's error record."""

from __future__ import annotations

from atoll.compiler.lower.statements import Statements
from atoll.compiler.tree import Handler, Raise, Try
from atoll.compiler.types import BOOL, Int


class Errors(Statements):
    """The layer of errors."""

    def setup(self) -> None:
        """Start outside any handler."""
        super().setup()
        # The handlers that are running: where the caught error's record and code are kept, for a bare raise.
        self.caught: list[tuple[str, str]] = []

    def _do_raise(self, node: Raise) -> None:
        if node.error is None:
            record, code = self.caught[-1]
            self.runtime("restore_error", f"ptr {record}")
            self.go(self.temp(f"load i64, ptr {code}"))
            return
        if node.text is not None:
            words = [(self.value(w), w.type) for w in node.words]
            operand = self.value(node.text)
            self.runtime("raise_text", f"i64 {node.error.code}, i32 {self.site()}, {{ ptr, i64 }} {operand}")
        else:
            words = [(self.value(w), w.type) for w in node.words]
            self.runtime("raise_error", f"i64 {node.error.code}, i32 {self.site()}")
        for position, (operand, type_) in enumerate(words):
            wide = operand
            if type_ == BOOL:
                wide = self.temp(f"zext i1 {operand} to i64")
            elif isinstance(type_, Int):
                wide = self.resize(operand, type_, Int(64, type_.signed))
            self.runtime("set_word", f"i64 {position}, i64 {wide}")
        self.go(str(node.error.code))

    def _do_try(self, node: Try) -> None:
        handler, final, done = self.label("except"), self.label("finally"), self.label("endtry")
        if node.final:
            self.finals.append((node.final, len(self.handlers), len(self.loops)))
            self.handlers.append(final)
        if node.handlers:
            self.handlers.append(handler)
        self.block(node.body)
        if node.handlers:
            self.handlers.pop()
        if self.open:
            self.block(node.orelse)
        if self.open:
            self.jump(done)
        if node.handlers:
            self.start_after(handler)
            self._handlers(node.handlers, done)
        if node.final:
            self.handlers.pop()
            self.finals.pop()
            self._final_after_error(node, final)
        self.start_after(done)
        self.block(node.final)

    def _handlers(self, handlers: list[Handler], done: str) -> None:
        """Choose by the error's code; what nobody takes goes on."""
        code = self.temp(f"load i64, ptr {self.error}")
        for handler in handlers:
            take, skip = self.label("take"), self.label("skip")
            self.branch(self._matches(handler, code), take, skip)
            self.start_after(take)
            self.locate(handler.at)
            self._handler(handler, code)
            if self.open:
                self.jump(done)
            self.start_after(skip)
        self.go(code)

    def _matches(self, handler: Handler, code: str) -> str:
        result = "false"
        for error in handler.errors:
            if error.base is None:
                return "true"
            offset = self.temp(f"sub i64 {code}, {error.code}")
            inside = self.temp(f"icmp ule i64 {offset}, {error.last - error.code}")
            result = self.temp(f"or i1 {result}, {inside}")
        return result

    def _handler(self, handler: Handler, code: str) -> None:
        raises_again = any(isinstance(n, Raise) and n.error is None for s in handler.body for n in s.walk())
        if handler.variable is None and not raises_again:
            self.block(handler.body)
            return
        record, kept = self._keep(code)
        if handler.variable is not None:
            self.emit(f"store ptr {record}, ptr {self.variable(handler.variable)}")
        self.caught.append((record, kept))
        self.block(handler.body)
        self.caught.pop()

    def _keep(self, code: str) -> tuple[str, str]:
        """Set the error record aside: other errors may come and go meanwhile."""
        record, kept = self.alloca(self.layout.storage(self.record_type)), self.alloca("i64")
        self.runtime("save_error", f"ptr {record}")
        self.emit(f"store i64 {code}, ptr {kept}")
        return record, kept

    def _final_after_error(self, node: Try, label: str) -> None:
        """`finally` while an error is on its way: afterwards it goes on."""
        self.start_after(label)
        record, kept = self._keep(self.temp(f"load i64, ptr {self.error}"))
        self.block(node.final)
        if self.open:
            self.runtime("restore_error", f"ptr {record}")
            self.go(self.temp(f"load i64, ptr {kept}"))
