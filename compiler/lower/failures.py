"""Errors in the lowering: a failed check or a `raise` fills the error record, then control leaves for the handler."""

from __future__ import annotations

from atoll.compiler.lower.builder import Builder
from atoll.compiler.lower.module import ModuleLowering
from atoll.compiler.tree import Function


class Failures(Builder):
    """The layer that raises."""

    def __init__(self, module: ModuleLowering, function: Function) -> None:
        super().__init__(module, function)
        # Where an error goes: labels of the handlers around this statement, innermost last.
        self.handlers: list[str] = []
        self._error = ""

    @property
    def error(self) -> str:
        """The variable that holds the code of the error on its way."""
        if not self._error:
            self._error = self.alloca("i64")
        return self._error

    @property
    def checked(self) -> bool:
        """Whether checks are made in this function."""
        return self.function.checks != "none"

    def site(self) -> int:
        """The number of the current line for the error record."""
        return self.module.site(self.here, self.function.shown)

    def go(self, code: str) -> None:
        """Hand the error to the handler around, or to the caller."""
        self.emit(f"store i64 {code}, ptr {self.error}")
        self.jump(self.handlers[-1] if self.handlers else "propagate")

    def fail(self, error: str, a: str = "", b: str = "") -> None:
        """A check has failed: raise `error` (in the kernel: panic). `a` and `b` are numbers that its text will show."""
        code = self.module.program.errors[error].code
        if self.function.checks == "trap":
            self.module.need("check_failed", "void", "i64, i32, i64, i64", "noreturn cold")
            self.emit(f"call void @check_failed(i64 {code}, i32 {self.site()}, i64 {a or -1}, i64 {b or -1})")
            self.end("unreachable")
            return
        if a:
            self.runtime("raise_words", f"i64 {code}, i32 {self.site()}, i64 {a}, i64 {b or -1}")
        else:
            self.runtime("raise_error", f"i64 {code}, i32 {self.site()}")
        self.go(str(code))

    def require(self, ok: str, error: str, a: str = "", b: str = "") -> None:
        """Check a condition."""
        if self.checked and ok != "true":
            with self.rarely(ok):
                self.fail(error, a, b)

    def runtime(self, name: str, arguments: str) -> str:
        """Call a function of the run-time library that cannot raise; its result."""
        function = self.module.runtime[name]
        result = self.layout.value(function.type.result)
        call = f"call {result} {self.module.symbol(function)}({arguments})"
        if result == "void":
            self.emit(call)
            return ""
        return self.temp(call)

    def after_call(self, code: str) -> None:
        """Test the error of a call: the frame is noted and the error goes on."""
        ok = self.temp(f"icmp eq i64 {code}, 0")
        with self.rarely(ok):
            self.runtime("pass_error", f"i32 {self.site()}")
            self.go(code)

    def propagate(self) -> None:
        """The block where errors leave the function."""
        if not self._error:
            return
        self.start_after("propagate")
        code = self.temp(f"load i64, ptr {self.error}")
        if not self.function.can_raise:
            self.end("unreachable")
            return
        result = self.module.result_type(self.function)
        if result == "i64" and self.module.returns_nothing(self.function):
            self.end(f"ret i64 {code}")
        else:
            value = self.temp(f"insertvalue {result} zeroinitializer, i64 {code}, 1")
            self.end(f"ret {result} {value}")
