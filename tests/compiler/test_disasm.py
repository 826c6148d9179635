"""Disassembly of images: symbols, source lines, targets by name, and what is said of other files."""

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.compiler.assembly import assemble_function
from atoll.compiler.disasm import DisassemblyError, disassemble
from atoll.compiler.link import KERNEL, Linked, link
from atoll.compiler.objects import ObjectFile, read_object
from atoll.compiler.trace_table import build_trace_table
from tests.compiler.backend_ir import compile_ir, debug_program

NAMES = """
define void @atoll.kernel.trap.handle() nounwind { ret void }
define void @atoll.kernel.memory.map() nounwind { ret void }
define void @atoll.kernel.table.map() nounwind { ret void }
@atoll.kernel.trap.count = global i64 1
"""


def start() -> ObjectFile:
    source = (
        "def start() -> None:\n    label('top')\n    call('deep')\n    la(a0, 'seen')\n    beqz(a0, 'top')\n    word(0)"
    )
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.FunctionDef)
    return assemble_function("_start", body, {}, "kernel/start.py")


def image(*, with_trace: bool = False) -> Linked:
    program = read_object(compile_ir(debug_program(), optimise=True), "program.o")
    names = read_object(compile_ir(NAMES), "names.o")
    if not with_trace:
        return link([start(), program, names], KERNEL, "_start")
    return link(
        [start(), program, names],
        KERNEL,
        "_start",
        trace=lambda draft: build_trace_table(draft, [], [], lambda file, line: f"source {line}"),
    )


def test_one_function() -> None:
    linked = image()
    deep, seen = linked.symbols["deep"], linked.symbols["seen"]
    distance = deep - linked.entry
    assert list(disassemble(linked.elf, "_start")) == [
        "0000000080200000 <_start>:",
        "; kernel/start.py:3 start",
        "  80200000:  00000097  auipc      ra, 0",
        f"  80200004:  {distance << 20 | 0x80E7:08x}  jalr       ra, ra, {distance:#x}  # {deep:x} <deep>",
        "; kernel/start.py:4 start",
        "  80200008:  00001517  auipc      a0, 1",
        f"  8020000c:  00850513  addi       a0, a0, 8  # {seen:x} <seen>",
        "; kernel/start.py:5 start",
        "  80200010:  fe0508e3  beqz       a0, 80200000 <_start>",
        "  80200014:  00000000  .word      0x0",
    ]


def test_inlined_code_and_source_texts() -> None:
    text = list(disassemble(image(with_trace=True).elf, "deep"))
    assert "; kernel/two.py:21 inner, inlined into outer: source 21" in text
    assert "; kernel/one.py:12 outer, inlined into deep: source 12" in text
    assert "; kernel/one.py:3 deep: source 3" in text
    assert any(line.split()[2:3] == ["divu"] for line in text)


def test_source_texts_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "one.py").write_text("\n  second line\n  third line\n")
    monkeypatch.chdir(tmp_path)
    assert "; kernel/one.py:3 deep: third line" in list(disassemble(image().elf, "deep"))


def test_whole_image() -> None:
    text = list(disassemble(image().elf))
    headings = [line.split("<")[1] for line in text if line.endswith(">:")]
    assert headings[:2] == ["_start>:", "deep>:"]
    assert len(headings) == 5
    assert text.count("") == 4


def test_short_names() -> None:
    elf = image().elf
    assert next(disassemble(elf, "trap.handle")).endswith("<atoll.kernel.trap.handle>:")
    assert next(disassemble(elf, "handle")).endswith("<atoll.kernel.trap.handle>:")


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("map", "map could be atoll.kernel.memory.map, atoll.kernel.table.map"),
        ("dep", "no function dep in this image (near: deep); it may be unused, or inlined"),
        ("handel", "no function handel in this image (near: atoll.kernel.trap.handle); it may be unused, or inlined"),
        ("qqqq", "no function qqqq in this image; it may be unused, or inlined"),
        ("seen", "seen is not a function"),
    ],
)
def test_unknown_symbols(symbol: str, message: str) -> None:
    with pytest.raises(DisassemblyError) as error:
        disassemble(image().elf, symbol)
    assert str(error.value) == message


def test_other_files() -> None:
    with pytest.raises(DisassemblyError, match=r"^not an ELF file$"):
        disassemble(b"")
    with pytest.raises(DisassemblyError, match=r"^not an ELF file$"):
        disassemble(b"#!/bin/sh\n")
    foreign = compile_ir("define void @f() { ret void }", triple="x86_64-unknown-linux-gnu", model="default")
    with pytest.raises(DisassemblyError, match=r"^an ELF file for another machine \(EM_X86_64\), not for RV64$"):
        disassemble(foreign)


ELF = image(with_trace=True).elf


@settings(max_examples=100)
@given(st.integers(0, len(ELF) - 1))
def test_cut_off_files_raise_nothing_else(length: int) -> None:
    try:
        list(disassemble(ELF[:length]))
    except DisassemblyError as error:
        assert str(error)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(ELF) - 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_damaged_files_raise_nothing_else(damage: list[tuple[int, int]]) -> None:
    data = bytearray(ELF)
    for place, value in damage:
        data[place] = value
    try:
        list(disassemble(bytes(data)))
    except DisassemblyError as error:
        assert str(error)
