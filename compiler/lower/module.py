"""The LLVM module: constants, module state, functions, and the numbers of sites and error classes for tracebacks."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from atoll.compiler.errors import Location
from atoll.compiler.lower.debug import DebugInfo
from atoll.compiler.lower.layout import VIEW, Layout, quoted
from atoll.compiler.program import Program
from atoll.compiler.symbols import EnumDecl, ErrorDecl, GlobalVariable
from atoll.compiler.tree import Constant, Function
from atoll.compiler.types import BOOL, FLOAT, NEVER, VOID, EnumType, Int, OptionalType, Type, is_aggregate

if TYPE_CHECKING:
    from atoll.compiler.llvm import Target


class ModuleLowering:
    """Collects the parts of one LLVM module."""

    def __init__(
        self, program: Program, runtime: dict[str, Function], unit_file: str, target: Target, per_thread: bool
    ) -> None:
        self.program = program
        self.runtime = runtime
        self.triple, self.data_layout = target.triple, target.data_layout
        self.per_thread = per_thread
        self.layout = Layout()
        self.debug = DebugInfo(unit_file)
        self.parts: list[str] = []
        self.sites: list[tuple[Location, str]] = []
        self._site_numbers: dict[tuple[str, int, str], int] = {}
        self._texts: dict[bytes, str] = {}
        self._needed: dict[str, str] = {}
        self._enums: dict[EnumDecl, str] = {}
        self.defined: set[str] = set()

    # --- numbers ------------------------------------------------------------------------------------------------------

    def site(self, at: Location, function: str) -> int:
        """The number by which an error record names a line of a function."""
        key = (at.file, at.line, function)
        if key not in self._site_numbers:
            self._site_numbers[key] = len(self.sites)
            self.sites.append((at, function))
        return self._site_numbers[key]

    def number_errors(self) -> list[ErrorDecl]:
        """Give every error class its code, depth first, so that a class and its descendants are a range."""
        order: list[ErrorDecl] = []

        def visit(decl: ErrorDecl) -> None:
            order.append(decl)
            decl.code = len(order)
            for child in decl.children:
                visit(child)
            decl.last = len(order)

        visit(self.program.errors["Exception"])
        return order

    # --- constants ----------------------------------------------------------------------------------------------------

    def bytes_constant(self, data: bytes) -> str:
        """The address of read-only bytes."""
        if data not in self._texts:
            name = self._texts[data] = f"@.text{len(self._texts)}"
            # LLVM has no name for the address of nothing: one byte stands for it.
            shown = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:02X}" for b in data or b"\0")
            self.parts.append(f'{name} = private unnamed_addr constant [{max(len(data), 1)} x i8] c"{shown}"')
        return self._texts[data]

    def constant(self, type_: Type, value: object) -> str:
        """A constant as an operand."""
        if isinstance(value, str | bytes):
            data = value.encode() if isinstance(value, str) else value
            return f"{{ ptr {self.bytes_constant(data)}, i64 {len(data)} }}"
        if value is None:
            return "null" if isinstance(type_, OptionalType) and is_aggregate(type_.inner) else "zeroinitializer"
        if type_ == BOOL:
            return "true" if value else "false"
        if type_ == FLOAT:
            assert isinstance(value, float | int)
            return f"0x{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016X}"
        assert isinstance(type_, Int | EnumType) and isinstance(value, int)
        return str(int(value))

    def enum_names(self, decl: EnumDecl) -> str:
        """A function from a member's value to its name."""
        if decl not in self._enums:
            symbol = self._enums[decl] = "@" + quoted(f"{decl.module.name}.{decl.name}.name")
            # A value with two names has the first.
            names = {value: name for name, value in reversed(decl.members.items())}
            cases = " ".join(f"i64 {value}, label %m{n}" for n, value in enumerate(names))
            blocks = "".join(
                f"m{n}:\n  ret {VIEW} {self.constant(VOID, name)}\n" for n, name in enumerate(names.values())
            )
            self.parts.append(
                f"define internal {VIEW} {symbol}(i64 %v) nounwind {{\n  switch i64 %v, label %none [{cases}]\n"
                f"{blocks}none:\n  ret {VIEW} {self.constant(VOID, '')}\n}}"
            )
        return self._enums[decl]

    # --- module state -------------------------------------------------------------------------------------------------

    def global_symbol(self, variable: GlobalVariable) -> str:
        """The name of a module variable."""
        return "@" + quoted(variable.symbol)

    def define_global(self, variable: GlobalVariable, initial: Constant | None) -> None:
        """The storage of a module variable: constant initial value, or zero."""
        assert variable.type is not None
        thread = "thread_local(localexec) " if variable.per_thread and self.per_thread else ""
        value = self.constant(initial.type, initial.value) if initial is not None else "zeroinitializer"
        if value in ("zeroinitializer", "null"):
            value = "zeroinitializer"
        self.parts.append(
            f"{self.global_symbol(variable)} = internal {thread}global {self.layout.storage(variable.type)} {value}"
        )

    # --- functions ----------------------------------------------------------------------------------------------------

    def symbol(self, function: Function) -> str:
        """The name of a function; one that is only declared is noted as needed."""
        if function.decl.external is not None or function.decl.is_assembly:
            parameters = ", ".join(self.layout.value(t) for t in function.type.parameters)
            self.need(
                function.symbol,
                self.result_type(function),
                parameters,
                "noreturn" if function.type.result == NEVER else "",
            )
        return "@" + quoted(function.symbol)

    def need(self, symbol: str, result: str, parameters: str, attributes: str = "") -> None:
        """Declare a function that is defined elsewhere (or later in this module)."""
        self._needed[symbol] = f"declare {result} @{quoted(symbol)}({parameters}) nounwind {attributes}"

    def returns_nothing(self, function: Function) -> bool:
        """Whether no value comes back in registers."""
        return function.makes_result or function.type.result in (VOID, NEVER)

    def result_type(self, function: Function) -> str:
        """What the LLVM function returns: the value, the error code, or both."""
        if self.returns_nothing(function):
            return "i64" if function.can_raise else "void"
        value = self.layout.value(function.type.result)
        return f"{{ {value}, i64 }}" if function.can_raise else value

    def define(self, symbol: str, text: str) -> None:
        """Add a function's text."""
        self.defined.add(symbol)
        self.parts.append(text)

    def text(self) -> str:
        """The whole module."""
        target = [f'target datalayout = "{self.data_layout}"', f'target triple = "{self.triple}"']
        head = [*target, *self.layout.definitions]
        declared = [d for s, d in self._needed.items() if s not in self.defined]
        return "\n".join([*head, *self.parts, *declared, self.debug.text(), ""])
