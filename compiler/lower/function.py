"""One function as LLVM text."""

from __future__ import annotations

from atoll.compiler.lower.errors import Errors
from atoll.compiler.lower.layout import quoted
from atoll.compiler.lower.module import ModuleLowering
from atoll.compiler.tree import Function
from atoll.compiler.types import NEVER, Int


class FunctionLowering(Errors):
    """All layers together."""

    def lower(self) -> None:
        """Add the function to the module."""
        self.setup()
        self.variables = {}
        function = self.function
        parameters = ["ptr noalias %result"] if function.makes_result else []
        for variable in function.parameters:
            kind = self.layout.value(variable.type)
            name = f"%p{variable.parameter}"
            parameters.append(f"{kind}{_extension(variable.type, function)} {name}")
            self.emit(f"store {kind} {name}, ptr {self.variable(variable)}")
        self.block(function.body)
        if self.open:
            if function.type.result == NEVER or not self.module.returns_nothing(function):
                self.end("unreachable")
            else:
                self.leave("")
        self.propagate()
        result = self.module.result_type(function)
        head = f"define {self._linkage()}{result} @{quoted(function.symbol)}({', '.join(parameters)})"
        text = f"{head} {self._attributes()} !dbg !{self.scope} {{\n{self.text()}\n}}"
        self.module.define(function.symbol, text)

    def _linkage(self) -> str:
        return "" if self.function.decl.exported else "internal "

    def _attributes(self) -> str:
        words = ["nounwind", '"frame-pointer"="all"']
        decl = self.function.decl
        runtime = decl.module.name.removeprefix("atoll.userland.runtime.")
        if decl.noinline or runtime in ("errors", "text", "floats", "console"):
            words.append("noinline")
        if runtime == "errors":
            words.append("cold")
        if runtime == "memory":
            words.append('"no-builtins"')
        return " ".join(words)


def _extension(type_: object, function: Function) -> str:
    """How the C calling convention widens a small integer parameter."""
    if function.decl.exported is None or not isinstance(type_, Int) or type_.bits == Int(64, False).bits:
        return ""
    return " signext" if type_.signed or type_.bits == Int(32, True).bits else " zeroext"


def lower_function(module: ModuleLowering, function: Function) -> None:
    """Lower a function into the module."""
    FunctionLowering(module, function).lower()
