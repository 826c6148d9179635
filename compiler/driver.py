"""The compiler's driver: the whole pipeline as a table of contents."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from atoll.compiler.assembly import AssemblyError, assemble_function
from atoll.compiler.cache import Cache, image_key
from atoll.compiler.constants import evaluate
from atoll.compiler.debug_info import DebugError
from atoll.compiler.errors import CompileError, Reporter
from atoll.compiler.frontend import RUNTIME_FUNCTIONS, Checked, check_program
from atoll.compiler.image import Image
from atoll.compiler.link import KERNEL, PROGRAM, Linked, link
from atoll.compiler.llvm import emit as emit_code
from atoll.compiler.modules import Loader
from atoll.compiler.objects import ObjectError, ObjectFile, read_object
from atoll.compiler.program import RUNTIME, Program
from atoll.compiler.relocate import LinkError
from atoll.compiler.symbols import Builtin, ClassDecl, ConstantDecl, Module
from atoll.compiler.trace_table import ErrorClass, Site, build_trace_table

Kind = Literal["program", "kernel"]
Emit = Literal["elf", "ir", "asm"]


def compile_file(path: Path, kind: Kind = "program", emit: Emit = "elf", cache: Cache | None = None) -> bytes:
    """Compile a guest program (or the kernel) to an ELF image, to LLVM's optimised IR, or to assembly text.

    Raises CompileError, whose text is for the user. With a cache, an image of the same texts is taken from there.
    """
    key = ""
    if cache is not None:
        key = image_key(_sources(path, kind), {"kind": kind, "emit": emit, "path": str(path)})
        found = cache.get(key)
        if found is not None:
            return found
    result = _compile(path, kind, emit)
    if cache is not None:
        cache.put(key, result)
    return result


def stub_source(path: Path) -> str:
    """The stubs of the interfaces and servers in a file, as the guest Python that the compiler makes of them."""
    program = Program("none", kernel=False)
    root = program.load(path, ())
    program.reporter.finish()
    own = [s for s in root.names.values() if isinstance(s, ClassDecl) and s.module.name == root.name and s.stub_source]
    if not own:
        raise CompileError(f"{path}: there is no interface in this file, and no server")
    return "\n\n".join(decl.stub_source for decl in own)


def _compile(path: Path, kind: Kind, emit: Emit) -> bytes:
    checked = check_program(path, kind)
    image = Image(checked, kind)
    if emit != "elf":
        return emit_code(image.text, kind, str(path), emit)
    code = emit_code(image.text, kind, str(path), "object")
    return _link(checked, image, code, kind)


def _link(checked: Checked, image: Image, code: bytes, kind: Kind) -> bytes:
    lines = checked.program.reporter.lines

    def source_of(file: str, line: int) -> str:
        text = lines.get(file, [])
        return text[line - 1] if 0 < line <= len(text) else ""

    def trace(linked: Linked) -> bytes:
        sites = [Site(at.file, at.line, function) for at, function in image.module.sites]
        errors = [ErrorClass(e.name, e.last) for e in image.errors]
        return build_trace_table(linked, sites, errors, source_of)

    try:
        objects = [read_object(code, checked.root.shown), *_assembly(checked)]
        return link(objects, KERNEL if kind == "kernel" else PROGRAM, "_start", trace).elf
    except (AssemblyError, DebugError, LinkError, ObjectError) as error:
        raise CompileError(str(error)) from None


def _assembly(checked: Checked) -> list[ObjectFile]:
    """The @assembly functions of the image, assembled."""
    objects = []
    for function in checked.functions:
        decl = function.decl
        if decl.is_assembly:
            constants = _constants(checked, decl.module)
            objects.append(
                assemble_function(function.symbol, decl.node, constants, decl.module.shown, _imported(decl.module))
            )
    return objects


def _constants(checked: Checked, module: Module) -> dict[str, int]:
    """The integer constants that a module's names stand for."""
    found = {}
    for name, symbol in module.names.items():
        if isinstance(symbol, ConstantDecl):
            value = evaluate(checked.program, symbol).value
            if isinstance(value, int):
                found[name] = int(value)
    return found


def _imported(module: Module) -> dict[str, str]:
    return {local: s.name for local, s in module.names.items() if isinstance(s, Builtin) and s.kind == "riscv"}


def _sources(path: Path, kind: str) -> dict[str, str]:
    """The texts that an image is made from: the program's modules and the run-time library."""
    reporter = Reporter()
    loader = Loader(reporter)
    loader.load_root(path)
    for name in (*RUNTIME_FUNCTIONS, *(("start", "system") if kind == "program" else ())):
        loader.load(RUNTIME + name)
    return {module.name: "\n".join(module.lines) for module in loader.order}
