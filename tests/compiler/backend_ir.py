"""LLVM IR for the tests of the back end: compiled by llvmlite as the compiler does it, run on a plain Unicorn CPU."""

import io

import llvmlite.binding as llvm
import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import riscv_const

STACK, STACK_SIZE, EXIT = 0x4000_0000, 0x10000, 0x5000_0000


def compile_ir(text: str, model: str = "medium", *, optimise: bool = False, triple: str = "riscv64") -> bytes:
    """An object file from IR text; `model` is LLVM's code model."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(text)
    module.verify()
    riscv = triple == "riscv64"
    target = llvm.Target.from_triple("riscv64-unknown-none-elf" if riscv else triple)
    machine = target.create_target_machine(
        cpu="generic-rv64" if riscv else "",
        features="+m,+a,-c,-relax" if riscv else "",
        opt=2,
        reloc="static",
        codemodel=model,
    )
    if optimise:
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
        builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


DEBUG_HEAD = """
!llvm.dbg.cu = !{{!0}}
!llvm.module.flags = !{{!2, !3}}
!0 = distinct !DICompileUnit(language: DW_LANG_Python, file: !1, producer: "test", isOptimized: true,
       runtimeVersion: 0, emissionKind: {kind})
!1 = !DIFile(filename: "kernel/one.py", directory: ".")
!2 = !{{i32 2, !"Debug Info Version", i32 3}}
!3 = !{{i32 7, !"Dwarf Version", i32 {version}}}
!4 = !DISubroutineType(types: !{{}})
!5 = !DIFile(filename: "kernel/two.py", directory: ".")
"""


def debug_head(version: int = 5, kind: str = "FullDebug") -> str:
    """Metadata !0 to !5: a unit, two files, a type."""
    return DEBUG_HEAD.format(version=version, kind=kind)


def subprogram(number: int, name: str, line: int, file: int = 1) -> str:
    """Metadata for a function."""
    return (
        f'!{number} = distinct !DISubprogram(name: "{name}", scope: !{file}, file: !{file}, line: {line}, '
        f"scopeLine: {line}, type: !4, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !0)\n"
    )


def location(number: int, line: int, scope: int, inlined_at: int | None = None) -> str:
    """Metadata for a place in the source."""
    inlined = f", inlinedAt: !{inlined_at}" if inlined_at is not None else ""
    return f"!{number} = !DILocation(line: {line}, column: 1, scope: !{scope}{inlined})\n"


def cpu_with(elf: bytes) -> unicorn.Uc:
    """A CPU in machine mode with an image in memory, as its program headers say."""
    cpu = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
    for segment in ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD"):
        address, size = segment["p_vaddr"], segment["p_memsz"]
        first, last = address & ~0xFFF, (address + size + 0xFFF) & ~0xFFF
        cpu.mem_map(first, last - first)
        cpu.mem_write(address, segment.data())
    cpu.mem_map(STACK, STACK_SIZE)
    cpu.mem_map(EXIT, 0x1000)
    return cpu


def call(elf: bytes, address: int, *arguments: int, thread: int = 0) -> int:
    """Call a function of an image; gives a0."""
    cpu = cpu_with(elf)
    for number, argument in enumerate(arguments):
        cpu.reg_write(riscv_const.UC_RISCV_REG_A0 + number, argument & (1 << 64) - 1)
    cpu.reg_write(riscv_const.UC_RISCV_REG_SP, STACK + STACK_SIZE)
    cpu.reg_write(riscv_const.UC_RISCV_REG_RA, EXIT)
    cpu.reg_write(riscv_const.UC_RISCV_REG_TP, thread)
    cpu.emu_start(address, EXIT, count=100_000)
    return int(cpu.reg_read(riscv_const.UC_RISCV_REG_A0))


CALLER = """
define i64 @deep(i64 %x) noinline nounwind "frame-pointer"="all" !dbg !10 {
  %y = call i64 @outer(i64 %x), !dbg !20
  %z = add i64 %y, 1, !dbg !21
  ret i64 %z, !dbg !22
}
define internal i64 @outer(i64 %x) alwaysinline nounwind !dbg !11 {
  %y = call i64 @inner(i64 %x), !dbg !23
  %z = xor i64 %y, %x, !dbg !24
  ret i64 %z, !dbg !24
}
define internal i64 @inner(i64 %x) alwaysinline nounwind !dbg !12 {
  %y = udiv i64 1000, %x, !dbg !25
  store volatile i64 %y, ptr @seen, !dbg !26
  ret i64 %y, !dbg !26
}
@seen = global i64 0
"""


def debug_program(version: int = 5, kind: str = "FullDebug") -> str:
    """A function `deep` of kernel/one.py, `outer` inlined in it, and in that `inner` of kernel/two.py."""
    return "".join(
        [
            CALLER,
            debug_head(version, kind),
            subprogram(10, "deep", 1),
            subprogram(11, "outer", 10),
            subprogram(12, "inner", 20, file=5),
            *(location(number, line, 10) for number, line in ((20, 2), (21, 3), (22, 4))),
            *(location(number, line, 11) for number, line in ((23, 11), (24, 12))),
            *(location(number, line, 12) for number, line in ((25, 21), (26, 22))),
        ]
    )
