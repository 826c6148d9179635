"""`atoll compile` and `atoll disasm`: guest Python to ELF, and back to something a person reads."""

import os
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from atoll.cluster.guard import CommandError


class Emit(StrEnum):
    """What `atoll compile` writes: interfaces' stubs, LLVM's intermediate text, assembly text, or the linked image."""

    STUBS = "stubs"
    IR = "ir"
    ASM = "asm"
    ELF = "elf"


SUFFIXES = {Emit.STUBS: ".stubs.py", Emit.IR: ".ll", Emit.ASM: ".s", Emit.ELF: ".elf"}
STANDARD_OUTPUT = Path("-")

SourceFile = Annotated[Path, typer.Argument(metavar="FILE", help="A guest Python file.", exists=True, dir_okay=False)]
KernelFlag = Annotated[bool, typer.Option("--kernel", help="A kernel (supervisor mode), not a program.")]


def compile_(
    file: SourceFile,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="Where to; - is standard output.")
    ] = None,
    emit: Annotated[Emit, typer.Option(help="What to write.")] = Emit.ELF,
    kernel: KernelFlag = False,
) -> None:
    """Compile a guest Python file for the emulated machine."""
    result = compile_source(file, kernel, emit)
    target = out if out is not None else Path(file.with_suffix(SUFFIXES[emit]).name)
    if target == STANDARD_OUTPUT:
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()
        return
    if target.exists() and target.samefile(file):
        raise CommandError(f"{target} is the source file itself; choose another with -o")
    replace_file(target, result)


def disasm(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="An ELF file, or a guest .py file.", exists=True, dir_okay=False)
    ],
    symbol: Annotated[str | None, typer.Argument(metavar="[SYMBOL]", help="Only this function.")] = None,
    kernel: KernelFlag = False,
) -> None:
    """Show the instructions of an image, with the source lines they come from."""
    from atoll.compiler.disasm import DisassemblyError, disassemble

    elf = compile_source(image, kernel) if image.suffix == ".py" else image.read_bytes()
    try:
        lines = disassemble(elf, symbol)
    except DisassemblyError as error:
        raise CommandError(f"{image}: {error}") from error
    for line in lines:
        print(line)


def compile_source(file: Path, kernel: bool, emit: Emit = Emit.ELF) -> bytes:
    """The driver's result for one file, through the cache."""
    from atoll.compiler.cache import Cache
    from atoll.compiler.driver import compile_file, stub_source

    if emit is Emit.STUBS:
        return stub_source(file).encode()
    kind: Literal["program", "kernel"] = "kernel" if kernel else "program"
    wanted = cast(Literal["ir", "asm", "elf"], emit.value)
    return compile_file(file, kind, wanted, Cache())


def replace_file(target: Path, data: bytes) -> None:
    """Write a file that is either the old one or wholly the new one, whatever happens in between."""
    if target.exists() and not target.is_file():        # a device such as /dev/null is written, not replaced
        target.write_bytes(data)
        return
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_mask())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _mask() -> int:
    """The user's umask; mkstemp makes files that only the owner can read."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
