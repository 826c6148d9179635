"""From a checked program to LLVM's text: functions, module state, and the few functions that no source file holds."""

from __future__ import annotations

from atoll.compiler.frontend import Checked, synthetic
from atoll.compiler.llvm import target
from atoll.compiler.lower.function import FunctionLowering, lower_function
from atoll.compiler.lower.layout import quoted
from atoll.compiler.lower.module import ModuleLowering
from atoll.compiler.symbols import ErrorDecl, FunctionDecl
from atoll.compiler.tree import Call, Constant, Convert, Evaluate, Expression, Return
from atoll.compiler.types import I64, VOID, FunctionType, Int


class EntryLowering(FunctionLowering):
    """The function that starts the program: an error that comes here was caught by nobody."""

    def after_call(self, code: str) -> None:
        """Hand the error over without a frame of its own: the traceback begins at `main`."""
        ok = self.temp(f"icmp eq i64 {code}, 0")
        with self.rarely(ok):
            self.go(code)

    def propagate(self) -> None:
        """Report the error; this does not come back."""
        if not self._error:
            return
        self.start_after("propagate")
        record = self.alloca(self.layout.storage(self.record_type))
        self.runtime("save_error", f"ptr {record}")
        self.module.need("uncaught", "void", "ptr")
        self.emit(f"call void @uncaught(ptr {record})")
        self.end("unreachable")


class Image:
    """LLVM's text of an image, with the tables that its tracebacks need."""

    def __init__(self, checked: Checked, kind: str) -> None:
        self.checked = checked
        self.module = ModuleLowering(
            checked.program, checked.runtime, checked.root.shown, target(kind), per_thread=kind == "program"
        )
        self.errors: list[ErrorDecl] = self.module.number_errors()
        self._globals()
        for function in checked.functions:
            # Debuggers and disassemblers are asked for these first, so they keep a symbol of their own.
            if function.decl is checked.root.names.get("main") or function.decl.exported == "kernel_main":
                function.decl.noinline = True
            if not function.decl.is_assembly and function.decl.external is None:
                lower_function(self.module, function)
        if kind == "program":
            self._program_main()
        elif kind == "kernel":
            self._kernel_start()
        self.text = self.module.text()

    def _globals(self) -> None:
        for variable in self.checked.program.globals:
            self.module.define_global(variable, self.checked.static.get(variable))

    def _entry(self, symbol: str, parameters: tuple[Int, ...], result: Int | None, main: Expression | None) -> None:
        """A function that runs the initialisers, then `main`."""
        root = self.checked.root
        at = root.at(root.tree)
        function = synthetic(root, symbol, symbol, [], self.checked.program.checks)
        function.decl.exported = symbol
        function.type = FunctionType(parameters, result or VOID)
        function.body = [Evaluate(at, Call(at, VOID, f, [])) for f in self.checked.initialisers]
        if main is not None and main.type == VOID:
            function.body.append(Evaluate(at, main))
        if result is not None:
            value = Constant(at, I64, 0) if main is None or main.type == VOID else Convert(at, I64, "int", main)
            function.body.append(Return(at, value))
        EntryLowering(self.module, function).lower()

    def _program_main(self) -> None:
        decl = self.checked.root.names["main"]
        assert isinstance(decl, FunctionDecl)
        main = self.checked.program.function(decl)
        self._entry("program_main", (), I64, Call(self.checked.root.at(decl.node), main.type.result, main, []))

    def _kernel_start(self) -> None:
        """`kernel_start(hart, device_tree)`: the initialisers, then `kernel_main` with the same arguments."""
        calls = "".join(f"  call void @{quoted(f.symbol)}()\n" for f in self.checked.initialisers)
        self.module.define(
            "kernel_start",
            f'define void @kernel_start(i64 %hart, i64 %tree) nounwind "frame-pointer"="all" {{\n{calls}'
            f"  call void @kernel_main(i64 %hart, i64 %tree)\n  unreachable\n}}",
        )
