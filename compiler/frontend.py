"""The front half of the compiler: from a file to checked functions: load, declare, check, analyse."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from atoll.compiler.analyse.escape import Escape
from atoll.compiler.analyse.ownership import Ownership
from atoll.compiler.analyse.raises import Raises
from atoll.compiler.analyse.reachable import reachable
from atoll.compiler.annotations import Place
from atoll.compiler.check.function import check_function, check_initialiser, constant_checker
from atoll.compiler.constants import evaluate
from atoll.compiler.errors import CompileError, Location, Refused
from atoll.compiler.program import RUNTIME, Program
from atoll.compiler.symbols import (
    AliasDecl,
    Broken,
    ClassDecl,
    ConstantDecl,
    ErrorDecl,
    FunctionDecl,
    GlobalVariable,
    Module,
)
from atoll.compiler.tree import Assign, Call, Constant, Function, FunctionValue, Global, Make, MakeArray, Statement
from atoll.compiler.types import I64, VOID, FunctionType, Int

# Run-time functions that the lowering calls by name, and where they are.
RUNTIME_FUNCTIONS = {
    "errors": ("raise_error", "raise_text", "raise_words", "set_word", "pass_error", "save_error", "restore_error"),
    "memory": ("text_equal", "compare_bytes", "find_bytes"),
    "text": ("put_text", "put_unsigned", "put_signed", "put_float", "ord_of"),
    "traceback": ("error_text",),
    "console": ("print_sink", "print_done"),
}


@dataclass
class Checked:
    """A program that was accepted: what the lowering needs."""

    program: Program
    root: Module
    functions: list[Function]
    runtime: dict[str, Function]
    initialisers: list[Function]
    static: dict[GlobalVariable, Constant | None] = field(default_factory=dict)


def check_program(path: Path, kind: str) -> Checked:
    """Load and check a program; raises CompileError with all that was refused. `kind`: program, kernel or host."""
    checks = {"program": "raise", "kernel": "trap", "host": "none"}[kind]
    program = Program(checks, kernel=kind == "kernel")
    needed = [RUNTIME + name for name in RUNTIME_FUNCTIONS] if kind != "host" else []
    if kind == "program":
        needed += [RUNTIME + "start", RUNTIME + "system"]
    try:
        root = program.load(path, tuple(needed))
        runtime = _runtime_functions(program) if kind != "host" else {}
    except Refused:
        program.reporter.finish()
        raise
    _declare_all(program, root, kind)
    _check_pending(program)
    checked = Checked(program, root, [], runtime, [])
    _initialisers(checked)
    program.reporter.finish()
    _analyse(checked, kind)
    program.reporter.finish()
    if kind == "kernel" and not any(f.decl.exported == "kernel_main" for f in checked.functions):
        advice = 'write @export("kernel_main") def kernel_main(hart: u64, device_tree: u64) -> NoReturn: ...'
        program.reporter.report(root.at(root.tree), "a kernel needs a function that exports kernel_main", advice)
    program.reporter.finish()
    return checked


def _runtime_functions(program: Program) -> dict[str, Function]:
    found = {}
    for module, names in RUNTIME_FUNCTIONS.items():
        for name in names:
            decl = program.module(RUNTIME + module).names.get(name)
            if not isinstance(decl, FunctionDecl):
                raise CompileError(f"the run-time module {module} has no function {name}")
            if not (program.kernel and name == "put_float"):
                found[name] = program.function(decl)
    return found


def _declare_all(program: Program, root: Module, kind: str) -> None:
    """Ask for every function that is no generic, so that all errors of a file are found; check that `main` is there.

    Of the system's modules elsewhere only what is used is looked at: most programs use little of the library.
    """
    for module in program.loader.order:
        own = not module.name.startswith("atoll.") or _folder(module) == _folder(root)
        for symbol in list(module.names.values()):
            if getattr(symbol, "module", None) is not module or not (own or _always_there(symbol)):
                continue
            if program.kernel and module.name == RUNTIME + "floats":
                continue
            with suppress(Refused):
                _ask(program, symbol)
    main = root.names.get("main")
    if kind == "program" and not isinstance(main, FunctionDecl | Broken):
        message = "a program needs a function main"
        program.reporter.report(Location(root.shown, 0), message, "write def main() -> None: ...")


def _folder(module: Module) -> str:
    return module.name.rpartition(".")[0]


def _always_there(symbol: object) -> bool:
    """Whether an image needs this even if nobody names it."""
    if isinstance(symbol, FunctionDecl):
        return symbol.exported is not None
    return not isinstance(symbol, ClassDecl)


def _ask(program: Program, symbol: object) -> None:
    match symbol:
        case FunctionDecl(parameters=()):
            if not (program.kernel and _uses_float(symbol)):
                program.function(symbol)
        case ClassDecl(parameters=()):
            struct = program.struct(symbol, (), symbol.module.at(symbol.node))
            program.complete(struct)
            for method in symbol.methods.values():
                with suppress(Refused):
                    program.function(method, struct)
            for constant in symbol.constants.values():
                with suppress(Refused):
                    evaluate(program, constant)
        case ErrorDecl():
            program.error_fields(symbol)
        case ConstantDecl():
            evaluate(program, symbol)
        case AliasDecl():
            program.types.resolve(symbol.node, symbol.module, {}, Place.RESULT)
        case GlobalVariable():
            constant_checker(program, symbol.module, {}).global_type(symbol)


def _uses_float(decl: FunctionDecl) -> bool:
    """Run-time functions about floats are no part of the kernel."""
    names = {n.id for n in ast.walk(decl.node) if isinstance(n, ast.Name)}
    return decl.module.name.startswith(RUNTIME) and "f64" in names


def _check_pending(program: Program) -> None:
    while program.pending:
        function = program.pending.popleft()
        try:
            check_function(program, function)
        except Refused:
            continue


def _initialisers(checked: Checked) -> None:
    """Module state: constants and zero lie in the image; all else is computed before main, in the order of imports."""
    program = checked.program
    for module in program.loader.order:
        dynamic: list[Statement] = []
        for statement in check_initialiser(program, module):
            assert isinstance(statement, Assign) and isinstance(statement.target, Global)
            variable = statement.target.global_
            value = statement.value
            if isinstance(value, Constant):
                checked.static[variable] = value
            elif _is_zero(value):
                checked.static[variable] = None
            else:
                checked.static[variable] = None
                dynamic.append(statement)
                if variable.per_thread:
                    program.reporter.report(
                        statement.at,
                        f"{variable.name} is one for each thread and needs a constant first value",
                        "set it in main()",
                    )
        _check_pending(program)
        if dynamic:
            checked.initialisers.append(
                synthetic(module, "<module>", f"{module.name}.<module>", dynamic, program.checks)
            )


def _is_zero(value: object) -> bool:
    if isinstance(value, MakeArray):
        return not value.values
    return isinstance(value, Make) and value.init is None and not value.values


def synthetic(module: Module, shown: str, symbol: str, body: list[Statement], checks: str) -> Function:
    """A function that stands in no source file."""
    node = ast.parse("def none() -> None:\n    pass").body[0]
    assert isinstance(node, ast.FunctionDef)
    decl = FunctionDecl(shown, module, node)
    return Function(decl, symbol, shown, FunctionType((), VOID), body=body, checks=checks)


def _analyse(checked: Checked, kind: str) -> None:
    program = checked.program
    by_symbol = {f.decl.exported: f for f in program.functions.values() if f.decl.exported}
    _resolve_external(program, by_symbol)
    roots = [*by_symbol.values(), *checked.runtime.values(), *checked.initialisers]
    main = checked.root.names.get("main")
    if kind == "program" and isinstance(main, FunctionDecl):
        roots.append(_main(program, main))
    checked.functions = reachable(roots)
    Ownership([*program.functions.values(), *checked.initialisers], program.reporter).run()
    everything = [f for f in [*program.functions.values(), *checked.initialisers]]
    raises = Raises(program, everything, checked.runtime)
    raises.run()
    Escape(everything, program.reporter).run()
    if kind == "kernel":
        _refuse_lost_errors(checked, raises)


def _main(program: Program, decl: FunctionDecl) -> Function:
    main = program.function(decl)
    if main.type.parameters or not (main.type.result == VOID or isinstance(main.type.result, Int)):
        program.reporter.report(
            decl.module.at(decl.node),
            "main takes no parameters and returns None or an integer",
            f"write def main() -> None: or -> {I64}:",
        )
    return main


def _resolve_external(program: Program, by_symbol: dict[str, Function]) -> None:
    """An external function that this image exports somewhere is that function: it can be inlined, and can raise."""
    for function in program.functions.values():
        for statement in function.body:
            for node in statement.walk():
                if isinstance(node, Call | FunctionValue) and node.function.decl.external is not None:
                    found = by_symbol.get(node.function.decl.external)
                    if found is not None:
                        node.function = found


def _refuse_lost_errors(checked: Checked, raises: Raises) -> None:
    """In the kernel exported functions are called by the machine, and nobody there takes an error."""
    for function in checked.functions:
        lost = function.decl.exported is not None or function in checked.initialisers
        if lost and function.can_raise and not function.decl.is_assembly:
            checked.program.reporter.report(
                function.decl.module.at(function.decl.node),
                f"{function.decl.name} is called from outside and can raise: the error would be lost",
                f"catch Exception in it; it comes from {raises.way(function)}",
            )
