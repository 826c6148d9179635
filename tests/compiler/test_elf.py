"""The ELF writer, with readelf, gdb and pyelftools as judges."""

import ast
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from atoll.abi.trace import TRACE_SEGMENT
from atoll.compiler.assembly import assemble_function
from atoll.compiler.link import KERNEL, PROGRAM, Linked, link
from atoll.compiler.objects import ObjectFile, read_object
from tests.compiler.backend_ir import compile_ir, debug_program

SOURCE = '''def start() -> None:
    """The entry."""
    la(sp, "__bss_end")
    nop()

    call("deep")
    ret()
'''
DATA = """
@value = global i64 7
@zeros = global [5000 x i8] zeroinitializer
@mine = thread_local(localexec) global i64 5
@text = constant [6 x i8] c"hello\\00"
"""


def start() -> ObjectFile:
    body = ast.parse(SOURCE).body[0]
    assert isinstance(body, ast.FunctionDef)
    return assemble_function("_start", body, {}, "kernel/entry.py")


def image(version: int = 5) -> Linked:
    program = read_object(compile_ir(debug_program(version), optimise=True), "program.o")
    data = read_object(compile_ir(DATA), "data.o")
    return link([program, data, start()], KERNEL, "_start", trace=lambda draft: b"ATRC" + bytes(96))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kernel.elf"
    path.write_bytes(image().elf)
    return path


def judge(*command: str) -> str:
    """What a program says about our file; it must be there, be content and say nothing on its error output."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("version", [4, 5])
def test_readelf_has_no_complaint(version: int, tmp_path: Path) -> None:
    path = tmp_path / "kernel.elf"
    path.write_bytes(image(version).elf)
    text = judge("readelf", "-aW", str(path))
    assert "EXEC (Executable file)" in text
    assert "RISC-V" in text
    dump = judge("readelf", "-W", "--debug-dump=info,decodedline,abbrev,str,aranges,frames", str(path))
    assert "kernel/entry.py" in dump
    for word in ("Warning", "Error", "corrupt", "<unknown"):
        assert word not in text + dump


def test_gdb_finds_functions_and_lines(file: Path) -> None:
    asked = [
        f"-ex={command}" for command in ("info line start", "info line deep", "break inner", "info symbol 0x80200000")
    ]
    text = judge("gdb-multiarch", "-nx", "-batch", *asked, str(file)).splitlines()
    assert text[
        0
    ] == 'Line 1 of "kernel/entry.py" starts at address 0x80200000 <_start> and ends at 0x80200008 <_start+8>.' or (
        text[0].startswith('Line 3 of "kernel/entry.py" starts at address 0x80200000')
    )
    assert text[1].startswith('Line 1 of "./kernel/one.py" starts at address') and text[1].endswith(">.")
    assert text[2].startswith("Breakpoint 1 at 0x802000") and text[2].endswith("two.py, line 21.")
    assert text[3] == "_start in section .text"


def test_segments_are_pages_with_their_rights() -> None:
    segments = list(ELFFile(io.BytesIO(image().elf)).iter_segments("PT_LOAD"))
    rights = ["".join(letter for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if s["p_flags"] & bit) for s in segments]
    assert rights == ["rx", "r", "rw", "r"]
    end = 0
    for segment in segments:
        assert segment["p_vaddr"] % 4096 == 0 == segment["p_offset"] % 4096
        assert segment["p_align"] == 4096
        assert segment["p_vaddr"] >= end
        end = segment["p_vaddr"] + segment["p_memsz"]
    assert segments[0]["p_vaddr"] == 0x8020_0000
    assert segments[2]["p_memsz"] - segments[2]["p_filesz"] >= 5000  # zeros take no room in the file


def test_trace_table_is_last_and_has_its_program_header() -> None:
    elf = ELFFile(io.BytesIO(image().elf))
    segments = list(elf.iter_segments())
    loaded = [segment for segment in segments if segment["p_type"] == "PT_LOAD"]
    (trace,) = [segment for segment in segments if str(segment["p_type"]) == str(TRACE_SEGMENT)]
    assert (trace["p_vaddr"], trace["p_filesz"]) == (loaded[-1]["p_vaddr"], 100)
    assert trace.data().startswith(b"ATRC")
    section = elf.get_section_by_name(".trace")
    assert section is not None and section["sh_addr"] == trace["p_vaddr"]


def test_symbol_table() -> None:
    linked = image()
    elf = ELFFile(io.BytesIO(linked.elf))
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    symbols = {symbol.name: symbol for symbol in table.iter_symbols()}
    deep, zeros, mine = symbols["deep"], symbols["zeros"], symbols["mine"]
    assert deep["st_info"] == {"bind": "STB_GLOBAL", "type": "STT_FUNC"} and deep["st_size"] > 0
    assert zeros["st_info"]["type"] == "STT_OBJECT" and zeros["st_size"] == 5000
    assert elf.get_section(zeros["st_shndx"]).name == ".bss"
    assert mine["st_info"]["type"] == "STT_TLS" and mine["st_value"] == 0
    assert symbols["_start"]["st_value"] == elf["e_entry"] == linked.entry
    assert not any(name.startswith((".L", "$")) for name in symbols)


def test_debugging_information_is_relocated() -> None:
    linked = image()
    dwarf = ELFFile(io.BytesIO(linked.elf)).get_dwarf_info()
    lows = {}
    for unit in dwarf.iter_CUs():
        for die in unit.iter_DIEs():
            if die.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in die.attributes:
                lows[die.attributes["DW_AT_name"].value.decode()] = die.attributes["DW_AT_low_pc"].value
    assert lows == {"deep": linked.symbols["deep"], "start": linked.symbols["_start"]}


def test_program_without_data() -> None:
    elf = ELFFile(io.BytesIO(link([start(), *tiny()], PROGRAM, "_start").elf))
    assert [segment["p_vaddr"] for segment in elf.iter_segments("PT_LOAD")] == [0x1_0000]


def tiny() -> list[ObjectFile]:
    return [read_object(compile_ir("define i64 @deep() nounwind { ret i64 0 }"), "tiny.o")]
