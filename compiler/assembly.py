"""`@assembly` functions: their bodies run here, in the compiler, and each mnemonic that they call emits an instruction.

The body is Python over a small vocabulary: mnemonics, registers, the module's constants, CSR, loops and conditions.
"""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType

from atoll.abi import riscv
from atoll.compiler.assembler import Assembler, mnemonics
from atoll.compiler.dwarf import LineTable
from atoll.compiler.encode import FLOAT_REGISTERS, REGISTERS
from atoll.compiler.objects import ObjectFile


class AssemblyError(ValueError):
    """An @assembly function that cannot be assembled; says where."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file, self.line, self.message = file, line, message


# What a body may be made of. It runs on the host, so nothing that reaches beyond the assembler is let in.
_ALLOWED = (
    *(ast.Expr, ast.Call, ast.keyword, ast.Name, ast.Constant, ast.Attribute, ast.expr_context),
    *(ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Tuple, ast.List, ast.Subscript, ast.Slice, ast.Starred, ast.Pass),
    *(ast.For, ast.While, ast.If, ast.IfExp, ast.Break, ast.Continue, ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.JoinedStr, ast.FormattedValue, ast.Assert),
)
_BUILTINS = {
    **{"range": range, "len": len, "enumerate": enumerate, "zip": zip, "reversed": reversed, "int": int, "u64": int},
    **{"min": min, "max": max, "AssertionError": AssertionError},
}
_MISTAKES = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, NameError, AssertionError)


def assemble_function(
    name: str, body: ast.FunctionDef, constants: Mapping[str, int], file: str, imported: Mapping[str, str] | None = None
) -> ObjectFile:
    """Run the body of an @assembly function; gives an object with the global function `name`.

    `constants` are the integers that the function's module knows; `file` is the name for messages and for DWARF.
    `imported` tells names that the module imported from atoll.abi.riscv under another name (`a0 as argument`).
    """
    statements = _checked_statements(body, file)
    assembler = Assembler()
    rows: list[tuple[int, int]] = []
    where = f"<assembly function {name}>"
    assembler.on_emit = lambda offset: rows.append((offset, _calling_line(where)))
    code = compile(ast.Module(statements, []), where, "exec")
    names = _namespace(assembler, constants)
    names |= {local: names[original] for local, original in (imported or {}).items() if original in names}
    try:
        exec(code, names)  # running the body is what @assembly means
        lines = LineTable(body.name, file, body.lineno, rows) if rows else None
        return replace(assembler.finish(name, lines=lines), name=file)
    except _MISTAKES as error:
        raise AssemblyError(file, _failing_line(error.__traceback__, where) or body.lineno, _message(error)) from None


def _checked_statements(body: ast.FunctionDef, file: str) -> list[ast.stmt]:
    """The body without its docstring, refused if it holds what has no business in assembly."""
    statements = body.body[1:] if ast.get_docstring(body) is not None else body.body
    for node in (node for statement in statements for node in ast.walk(statement)):
        line = getattr(node, "lineno", body.lineno)
        if not isinstance(node, _ALLOWED):
            what = type(node).__name__.lower()
            raise AssemblyError(file, line, f"{what} cannot stand in an @assembly function; use mnemonics, for and if")
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name.startswith("__") or (isinstance(node, ast.Attribute) and name.startswith("_")):
            raise AssemblyError(file, line, f"{name} cannot stand in an @assembly function")
    return statements


def _namespace(assembler: Assembler, constants: Mapping[str, int]) -> dict[str, object]:
    names: dict[str, object] = {"__builtins__": dict(_BUILTINS), **constants}
    names |= {mnemonic: getattr(assembler, mnemonic) for mnemonic in mnemonics()}
    names |= {register: register for register in (*REGISTERS, *FLOAT_REGISTERS)}
    names |= {"CSR": riscv.CSR, "REGISTERS": riscv.REGISTERS, "FLOAT_REGISTERS": riscv.FLOAT_REGISTERS}
    return names


def _calling_line(where: str) -> int:
    """The line of the body that is emitting now."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename != where:
        frame = frame.f_back
    return frame.f_lineno if frame is not None else 0


def _failing_line(trace: TracebackType | None, where: str) -> int:
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == where:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _message(error: Exception) -> str:
    if isinstance(error, NameError):
        return f"{error}: neither a mnemonic, a register nor a constant of this module"
    if isinstance(error, AssertionError):
        return f"assertion failed {error}".strip()
    if isinstance(error, KeyError):
        return f"no such key: {error}"
    return str(error)
