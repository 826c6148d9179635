"""The same compiler for the host: guest Python to machine code of this process, for the machine's hot paths."""

from __future__ import annotations

from pathlib import Path

import llvmlite.binding as llvm

from atoll.compiler.errors import CompileError
from atoll.compiler.frontend import check_program
from atoll.compiler.image import Image
from atoll.compiler.llvm import optimised

# Compiled code lives as long as the process: hooks may be called until its end.
_ENGINES: list[llvm.ExecutionEngine] = []


def compile_host(path: Path, exports: tuple[str, ...]) -> dict[str, int]:
    """Compile the guest module at `path` for this process; the addresses of its exported functions.

    They have the C calling convention. The module is compiled without checks: arithmetic wraps, indices are trusted.
    Raises CompileError.
    """
    checked = check_program(path, "host")
    image = Image(checked, "host")
    module, machine = optimised(image.text, "host", str(path))
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _ENGINES.append(engine)
    addresses = {name: engine.get_function_address(name) for name in exports}
    missing = [name for name, address in addresses.items() if not address]
    if missing:
        raise CompileError(f"{path}: exports no function {', '.join(missing)}")
    return addresses
