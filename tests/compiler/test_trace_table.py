"""The trace table: built from images with inlined code, read back as guest code reads it."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.abi import trace
from atoll.compiler.assembler import Assembler
from atoll.compiler.assembly import assemble_function
from atoll.compiler.debug_info import DebugError, Piece, Scope, read_pieces
from atoll.compiler.link import KERNEL, PROGRAM, Linked, link
from atoll.compiler.objects import ObjectFile, read_object
from atoll.compiler.trace_reader import Frame, TraceError, TraceTable
from atoll.compiler.trace_table import ErrorClass, Site, build_trace_table, table_from_pieces
from tests.compiler.backend_ir import compile_ir, debug_program

SITES = [Site("kernel/one.py", 3, "deep"), Site("userland/programs/x.py", 9, "main")]
ERRORS = [ErrorClass("Exception", 3), ErrorClass("LookupError", 3), ErrorClass("IndexError", 3)]


def source_of(file: str, line: int) -> str:
    return f"    text {line} of {file}  "


def frame(file: str, line: int, function: str) -> Frame:
    return Frame(file, line, function, source_of(file, line).strip())


def start() -> ObjectFile:
    body = ast.parse("\n\ndef start() -> None:\n    nop()\n    call('deep')\n    ret()").body[0]
    assert isinstance(body, ast.FunctionDef)
    return assemble_function("_start", body, {}, "kernel/entry.py")


def image(version: int = 5, kind: str = "FullDebug") -> tuple[Linked, TraceTable]:
    tables: list[bytes] = []

    def build(draft: Linked) -> bytes:
        tables.append(build_trace_table(draft, SITES, ERRORS, source_of))
        return tables[0]

    program = read_object(compile_ir(debug_program(version, kind), optimise=True), "program.o")
    linked = link([start(), program], KERNEL, "_start", trace=build)
    assert tables[0] in linked.elf
    return linked, TraceTable(tables[0])


@pytest.mark.parametrize("kind", ["FullDebug", "LineTablesOnly"])
@pytest.mark.parametrize("version", [4, 5])
def test_frames_of_inlined_code(version: int, kind: str) -> None:
    linked, table = image(version, kind)
    first = linked.symbols["deep"]
    seen = [tuple(table.at_address(address)) for address in range(first, linked.symbols["__text_end"], 4)]
    deep, outer = frame("kernel/one.py", 2, "deep"), frame("kernel/one.py", 11, "outer")
    assert (frame("kernel/two.py", 21, "inner"), outer, deep) in seen
    assert (frame("kernel/two.py", 22, "inner"), outer, deep) in seen
    assert (frame("kernel/one.py", 12, "outer"), deep) in seen
    assert (frame("kernel/one.py", 3, "deep"),) in seen
    assert all(frames[-1].function == "deep" for frames in seen)
    assert seen[0] == (frame("kernel/one.py", 1, "deep"),)


def test_frames_of_assembled_code() -> None:
    linked, table = image()
    lines = [table.at_address(linked.entry + offset) for offset in (0, 4, 8, 12)]
    assert lines == [[frame("kernel/entry.py", line, "start")] for line in (4, 5, 5, 6)]


def test_addresses_without_source() -> None:
    linked, table = image()
    for address in (0, linked.entry - 4, linked.symbols["__text_end"], linked.symbols["__trace_start"], 1 << 63):
        assert table.at_address(address) == []
    a = Assembler()
    a.ret()
    bare = link([a.finish("_start")], PROGRAM, "_start")
    table = TraceTable(build_trace_table(bare, [], [], source_of))
    assert table.at_address(bare.entry) == []
    assert table.at_site(0) == []
    assert table.error(0) == ("", 0)


def test_sites_and_errors() -> None:
    _, table = image()
    assert table.at_site(0) == [frame("kernel/one.py", 3, "deep")]
    assert table.at_site(1) == [frame("userland/programs/x.py", 9, "main")]
    assert table.at_site(2) == []
    assert [table.error(number) for number in range(5)] == [("", 0), ("Exception", 3), *map(tuple, ERRORS[1:]), ("", 0)]


def test_texts_of_all_kinds() -> None:
    texts = {1: "", 2: "größe = 1", 3: "x" * 5000}
    table = TraceTable(
        table_from_pieces([], 0, 0, [Site("ä.py", n, "f") for n in (1, 2, 3)], [], lambda _, n: texts[n])
    )
    assert [table.at_site(number) for number in range(3)] == [[Frame("ä.py", n, "f", texts[n])] for n in (1, 2, 3)]


def test_missing_lines_take_the_one_before() -> None:
    text = debug_program().replace("!21 = !DILocation(line: 3", "!21 = !DILocation(line: 0")
    linked = link([start(), read_object(compile_ir(text, optimise=True), "p.o")], KERNEL, "_start")
    table = TraceTable(build_trace_table(linked, [], [], source_of))
    first = linked.symbols["deep"]
    frames = [table.at_address(address) for address in range(first, linked.symbols["__text_end"], 4)]
    assert all(entry.line for found in frames for entry in found)


def test_very_deep_chains_are_cut_in_the_middle() -> None:
    scope = Scope("f0", "a.py", 1)
    for depth in range(1, 60):
        scope = Scope(f"f{depth}", "a.py", 1, scope, "a.py", depth)
    table = TraceTable(table_from_pieces([Piece(0, 4, "a.py", 99, scope)], 0, 4, [], [], source_of))
    frames = table.at_address(0)
    assert len(frames) == trace.MAX_DEPTH
    assert (frames[0].function, frames[-1].function) == ("f59", "f0")


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    """Pieces of code side by side, some with gaps between them; few different lines, so that some can be joined."""
    found, position = [], draw(st.integers(0, 3)) * 4
    for _ in range(draw(st.integers(0, 30))):
        end = position + 4 * draw(st.integers(1, 4))
        found.append(Piece(position, end, "a.py", draw(st.integers(1, 3)), Scope("f", "a.py", 1)))
        position = end + 4 * draw(st.sampled_from([0, 0, 0, 2]))
    return found


@given(pieces(), st.sampled_from([0, 0x1_0000, 0x8020_0000, 0xFFFF_FFC0_0000_0000]))
def test_binary_search_finds_what_a_linear_one_finds(found: list[Piece], base: int) -> None:
    moved = [piece._replace(start=piece.start + base, end=piece.end + base) for piece in found]
    end = (moved[-1].end if moved else base) + 8
    table = TraceTable(table_from_pieces(moved, base, end, [], [], source_of))
    for address in range(base, end + 8, 4):
        lines = [piece.line for piece in moved if piece.start <= address < piece.end]
        assert [entry.line for entry in table.at_address(address)] == lines


def test_equal_neighbours_are_joined() -> None:
    scope = Scope("f", "a.py", 1)
    same = [Piece(i * 4, i * 4 + 4, "a.py", 7, scope) for i in range(100)]
    table = table_from_pieces(same, 0, 400, [], [], source_of)
    assert int.from_bytes(table[trace.HEADER_RANGE_COUNT :][:4], "little") == 2  # the code, and what is behind it


def test_damaged_tables_are_refused() -> None:
    good = table_from_pieces([], 0, 4, SITES, ERRORS, source_of)
    with pytest.raises(TraceError, match=r"^not a trace table$"):
        TraceTable(b"")
    with pytest.raises(TraceError, match=r"^not a trace table$"):
        TraceTable(bytes(100))
    with pytest.raises(TraceError, match=r"^the trace table is cut off$"):
        TraceTable(good[:-1])
    with pytest.raises(TraceError, match=r"^trace table of version 9, not 1$"):
        TraceTable(good[:4] + b"\x09\0\0\0" + good[8:])


def test_damaged_debugging_information_is_refused() -> None:
    linked, _ = image()
    at = linked.elf.index(b"kernel/one.py")
    with pytest.raises(DebugError, match=r"^the debugging information is damaged"):
        read_pieces(linked.elf[: at + 20])


@pytest.mark.parametrize("version", [4, 5])
def test_folders_may_be_told_apart_from_file_names(version: int) -> None:
    text = debug_program(version)
    for name in ("one", "two"):
        old = f'filename: "kernel/{name}.py", directory: "."'
        folder = "kernel" if name == "one" else "userland/runtime"
        text = text.replace(old, f'filename: "{name}.py", directory: "{folder}"')
    linked = link([start(), read_object(compile_ir(text, optimise=True), "p.o")], KERNEL, "_start")
    assert {piece.file for piece in read_pieces(linked.elf)} == {
        *("kernel/entry.py", "kernel/one.py", "userland/runtime/two.py"),
    }
