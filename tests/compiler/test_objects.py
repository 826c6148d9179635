"""The object reader against pyelftools, and on files that are no objects or are damaged."""

import io

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.compiler.objects import ABSOLUTE, UNDEFINED, ObjectError, read_object
from tests.compiler.backend_ir import compile_ir, debug_head, location, subprogram

SOURCE = (
    """
@counter = global i64 7
@zeros = global [100 x i8] zeroinitializer
@mine = thread_local(localexec) global i64 5
@text = private unnamed_addr constant [6 x i8] c"hello\\00"
declare void @other(ptr)
define i64 @f(i64 %x) nounwind !dbg !10 {
  call void @other(ptr @text), !dbg !11
  %a = load i64, ptr @counter, !dbg !11
  %b = load i64, ptr @mine, !dbg !11
  %c = add i64 %a, %b, !dbg !11
  ret i64 %c, !dbg !11
}
"""
    + debug_head()
    + subprogram(10, "f", 3)
    + location(11, 4, 10)
)
OBJECT = compile_ir(SOURCE)


def test_agrees_with_pyelftools() -> None:
    ours = read_object(OBJECT, "f.o")
    theirs = ELFFile(io.BytesIO(OBJECT))
    table = theirs.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    symbols = list(table.iter_symbols())
    for section in ours.sections:
        match = theirs.get_section_by_name(section.name)
        assert match is not None
        assert (section.size, section.flags) == (match["sh_size"], match["sh_flags"])
        assert section.data == (b"" if match["sh_type"] == "SHT_NOBITS" else match.data())
        relocations = theirs.get_section_by_name(f".rela{section.name}")
        expected = list(relocations.iter_relocations()) if isinstance(relocations, RelocationSection) else []
        assert [tuple(relocation) for relocation in section.relocations] == [
            (entry["r_offset"], entry["r_info_type"], entry["r_info_sym"], entry["r_addend"]) for entry in expected
        ]
    assert len(ours.symbols) == len(symbols)
    for mine, other in zip(ours.symbols, symbols, strict=True):
        assert (mine.value, mine.size) == (other["st_value"], other["st_size"])
        if mine.section >= 0:
            assert ours.sections[mine.section].name == theirs.get_section(other["st_shndx"]).name
        else:
            assert mine.section == (UNDEFINED if other["st_shndx"] == "SHN_UNDEF" else ABSOLUTE)


def test_not_an_object() -> None:
    with pytest.raises(ObjectError, match=r"^f.o: not an ELF file$"):
        read_object(b"#!/bin/sh\n", "f.o")
    with pytest.raises(ObjectError, match=r"^f.o: not an ELF file$"):
        read_object(b"", "f.o")
    with pytest.raises(ObjectError, match=r"^f.o: not for RV64 \(machine 62\)"):
        read_object(
            compile_ir("define void @f() { ret void }", triple="x86_64-unknown-linux-gnu", model="default"), "f.o"
        )
    executable = bytearray(OBJECT)
    executable[16] = 2
    with pytest.raises(ObjectError, match=r"^f.o: not a relocatable object \(type 2\)$"):
        read_object(bytes(executable), "f.o")


def test_groups_are_refused() -> None:
    source = "$f = comdat any\ndefine linkonce_odr void @f() comdat { ret void }"
    with pytest.raises(ObjectError, match=r"f.o: section groups \(COMDAT\) are not supported"):
        read_object(compile_ir(source), "f.o")


def test_common_symbols_are_refused() -> None:
    with pytest.raises(ObjectError, match=r"f.o: symbol shared is in section 0xfff2, which is not supported"):
        read_object(compile_ir("@shared = common global i64 0"), "f.o")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(OBJECT) - 1))
def test_cut_off_files_are_refused(length: int) -> None:
    with pytest.raises(ObjectError, match=r"^f.o: "):
        read_object(OBJECT[:length], "f.o")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(OBJECT) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_files_raise_nothing_else(damage: list[tuple[int, int]]) -> None:
    data = bytearray(OBJECT)
    for place, value in damage:
        data[place] = value
    try:
        read_object(bytes(data), "f.o")
    except ObjectError as error:
        assert str(error).startswith("f.o: ")
