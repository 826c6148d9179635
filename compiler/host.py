"""The same compiler for the host: guest Python to machine code of this process, for the machine's hot paths."""

from __future__ import annotations

from pathlib import Path

import llvmlite.binding as llvm

from atoll.compiler.cache import Cache, image_key
from atoll.compiler.errors import CompileError
from atoll.compiler.llvm import machine_for, optimised

# Compiled code lives as long as the process: hooks may be called until its end.
_ENGINES: list[llvm.ExecutionEngine] = []


def compile_host(path: Path, exports: tuple[str, ...], cache: Cache | None = None) -> dict[str, int]:
    """Compile the guest module at `path` for this process; the addresses of its exported functions.

    They have the C calling convention. The module is compiled without checks: arithmetic wraps, indices are trusted.
    It may import from abi/ and from its own folder. Raises CompileError.
    """
    machine = machine_for("host")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(_object_code(path, machine.triple, cache)))
    engine.finalize_object()
    _ENGINES.append(engine)
    addresses = {name: engine.get_function_address(name) for name in exports}
    missing = [name for name, address in addresses.items() if not address]
    if missing:
        raise CompileError(f"{path}: exports no function {', '.join(missing)}")
    return addresses


def _object_code(path: Path, triple: str, cache: Cache | None) -> bytes:
    """The module's code, from the cache if it is there."""
    if cache is None:
        return _compile(path)
    sources = {file.name: file.read_text(encoding="utf-8") for file in path.parent.glob("*.py")}
    key = image_key(sources, {"kind": "host", "path": str(path), "triple": triple})
    found = cache.get(key)
    if found is None:
        found = _compile(path)
        cache.put(key, found)
    return found


def _compile(path: Path) -> bytes:
    # Most of the compiler, and its import takes longer than all the rest here.
    from atoll.compiler.frontend import check_program
    from atoll.compiler.image import Image

    module, machine = optimised(Image(check_program(path, "host"), "host").text, "host", str(path))
    code: bytes = machine.emit_object(module)
    return code
