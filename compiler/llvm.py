"""LLVM: checks IR, optimises it, emits object code. What it rejects is our mistake, and is written to a file to see."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import llvmlite.binding as llvm

from atoll.compiler.errors import CompileError

# What a function of a program may cost to be put into its callers, in LLVM's units.
PROGRAM_INLINING = 50
# RV64IMA without compressed instructions and without linker relaxation; programs also have F and D.
_FEATURES = {"kernel": "+m,+a,-c,-relax", "program": "+m,+a,+f,+d,-c,-relax"}


class Target(NamedTuple):
    """What LLVM must know of the machine before it reads code: without the layout it would assume loose alignments."""

    triple: str
    data_layout: str


@cache
def _initialise() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()


def machine_for(kind: str) -> llvm.TargetMachine:
    """LLVM's code generator for a kind of image: program, kernel or host."""
    _initialise()
    if kind == "host":
        return llvm.Target.from_default_triple().create_target_machine(opt=2, jit=True)
    target = llvm.Target.from_triple("riscv64-unknown-none-elf")
    return target.create_target_machine(
        cpu="generic-rv64", features=_FEATURES[kind], opt=2, reloc="static", codemodel="medium",
        abiname="lp64d" if kind == "program" else "lp64",
    )  # fmt: skip


def target(kind: str) -> Target:
    """The target that the code of a kind of image is for."""
    machine = machine_for(kind)
    return Target(machine.triple, str(machine.target_data))


def optimised(ir: str, kind: str, name: str) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    """Parse, verify and optimise IR text for a kind of image."""
    machine = machine_for(kind)
    try:
        module = llvm.parse_assembly(ir)
        module.verify()
    except RuntimeError as error:
        raise CompileError(_rejected(ir, name, str(error))) from None
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    if kind == "program":
        # LLVM's own 225 makes code a fifth larger and takes a quarter more time over it, and it is not faster.
        options.inlining_threshold = PROGRAM_INLINING
    options.loop_unrolling = False
    options.slp_vectorization = options.loop_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module, machine


def _rejected(ir: str, name: str, message: str) -> str:
    """Keep the IR for whoever mends the compiler."""
    with tempfile.NamedTemporaryFile(
        "w", prefix=f"atoll-{Path(name).stem}-", suffix=".ll", delete=False, encoding="utf-8"
    ) as file:
        file.write(ir)
    first = ": ".join(message.strip().splitlines()[:2]) or "no reason given"
    return (
        f"{name}: internal error of the compiler: LLVM rejects its code: {first}\n"
        f"    the code is in {file.name}\n"
        "    help: please report it with that file"
    )


def emit(ir: str, kind: str, name: str, what: str) -> bytes:
    """Object code (`object`), assembly (`asm`) or optimised IR (`ir`)."""
    module, machine = optimised(ir, kind, name)
    if what == "ir":
        return str(module).encode()
    code: bytes = machine.emit_assembly(module).encode() if what == "asm" else machine.emit_object(module)
    return code
