"""The linker: code from LLVM and the assembler, linked and run on a plain CPU; each refusal with its message."""

import ast

import pytest

from atoll.compiler.assembler import Assembler
from atoll.compiler.assembly import assemble_function
from atoll.compiler.intrinsics import instruction_symbol
from atoll.compiler.link import KERNEL, PROGRAM, Layout, Linked, link
from atoll.compiler.objects import ObjectFile, Relocation, Section, Symbol, read_object
from atoll.compiler.relocate import LinkError
from tests.compiler.backend_ir import call, compile_ir

START = "define void @_start() {\n  ret void\n}\n"


def linked(*sources: str, model: str = "medium", layout: Layout = KERNEL) -> Linked:
    """IR sources, each an object of its own, with an entry in front."""
    objects = [read_object(compile_ir(text, model), f"{name}.o") for name, text in zip("abcd", sources, strict=False)]
    return link([returning("_start"), *objects], layout, "_start")


def returning(name: str) -> ObjectFile:
    """An assembled function that only returns."""
    a = Assembler()
    a.ret()
    return a.finish(name)


def asm(name: str, a: Assembler) -> ObjectFile:
    """The object of one assembled function."""
    return a.finish(name)


MODELS = [("small", PROGRAM), ("medium", PROGRAM), ("medium", KERNEL)]
models = pytest.mark.parametrize(("model", "layout"), MODELS, ids=["small", "medium", "kernel"])

GLOBALS = """
@counter = global i64 40
@array = global [8 x i32] zeroinitializer
@table = constant [2 x ptr] [ptr @one, ptr @two]
@pointer = global ptr getelementptr (i8, ptr @array, i64 8)
define i64 @one() { ret i64 1 }
define i64 @two() { ret i64 2 }
define i64 @work(i64 %i) {
  %a = load i64, ptr @counter
  %b = add i64 %a, %i
  store i64 %b, ptr @counter
  %slot = getelementptr [8 x i32], ptr @array, i64 0, i64 2
  store i32 77, ptr %slot
  %p = load ptr, ptr @pointer
  %c = load i32, ptr %p
  %d = zext i32 %c to i64
  %entry = getelementptr [2 x ptr], ptr @table, i64 0, i64 %i
  %f = load ptr, ptr %entry
  %e = call i64 %f()
  %x = load i64, ptr @counter
  %s = mul i64 %x, 1000000
  %t = mul i64 %d, 1000
  %u = add i64 %s, %t
  %r = add i64 %u, %e
  ret i64 %r
}
"""


@models
def test_globals_tables_and_pointers(model: str, layout: Layout) -> None:
    image = linked(GLOBALS, model=model, layout=layout)
    assert call(image.elf, image.symbols["work"], 1) == 41_077_002
    assert call(image.elf, image.symbols["work"], 0) == 40_077_001


SWITCH = "define i64 @pick(i64 %n) {\n  switch i64 %n, label %other [\n{cases}  ]\n{blocks}other: ret i64 99\n}\n"


@models
def test_jump_tables(model: str, layout: Layout) -> None:
    cases = "".join(f"    i64 {i}, label %c{i}\n" for i in range(8))
    blocks = "".join(f"c{i}: call void @touch(i64 {i}) ret i64 {i * i + 1}\n" for i in range(8))
    source = "declare void @touch(i64)\n" + SWITCH.replace("{cases}", cases).replace("{blocks}", blocks)
    touch = "define void @touch(i64 %x) { ret void }"
    image = linked(source, touch, model=model, layout=layout)
    assert [call(image.elf, image.symbols["pick"], n) for n in range(9)] == [*(i * i + 1 for i in range(8)), 99]


THREAD = """
@first = thread_local(localexec) global i64 11
@second = thread_local(localexec) global [600 x i64] zeroinitializer
@third = thread_local(localexec) global i32 33
define i64 @sum(i64 %i) {
  %p = getelementptr [600 x i64], ptr @second, i64 0, i64 599
  store i64 %i, ptr %p
  %a = load i64, ptr @first
  %b = load i64, ptr %p
  %c = load i32, ptr @third
  %d = zext i32 %c to i64
  %e = add i64 %a, %b
  %f = add i64 %e, %d
  ret i64 %f
}
"""


@models
def test_thread_local_variables(model: str, layout: Layout) -> None:
    image = linked(THREAD, model=model, layout=layout)
    start, end = image.symbols["__tls_start"], image.symbols["__tls_end"]
    assert start % 16 == 0
    assert image.symbols["__tls_size"] == end - start >= 600 * 8 + 16
    assert call(image.elf, image.symbols["sum"], 5, thread=start) == 49


def test_instruction_symbols_are_put_in_place() -> None:
    swap, read = instruction_symbol("csr_swap", 0x340), instruction_symbol("csr_read", 0x340)
    source = f"""
declare i64 @"{swap}"(i64)
declare i64 @"{read}"()
define i64 @exchange(i64 %v) {{
  %a = call i64 @"{swap}"(i64 %v)
  %b = call i64 @"{read}"()
  %c = call i64 @"{swap}"(i64 5)
  %d = shl i64 %b, 16
  %e = add i64 %a, %d
  ret i64 %e
}}
define i64 @last() {{
  %a = tail call i64 @"{read}"()
  ret i64 %a
}}
"""
    image = linked(source)
    assert call(image.elf, image.symbols["exchange"], 7) == 7 << 16
    assert call(image.elf, image.symbols["last"]) == 0  # the tail call became the instruction and a return
    assert not any(name.startswith("__asm") for name in image.symbols)


def test_address_of_an_instruction_is_refused() -> None:
    symbol = instruction_symbol("wfi")
    source = f'declare void @"{symbol}"()\n@p = global ptr @"{symbol}"\n'
    with pytest.raises(
        LinkError, match=r"^__asm.10500073 is an instruction and can only be called \(a.o, section .data"
    ):
        linked(source)


def test_assembled_functions_and_compiled_ones_call_each_other() -> None:
    a = Assembler()
    a.addi("sp", "sp", -16)
    a.sd("ra", 8, "sp")
    a.la("a0", "value")
    a.ld("a0", 0, "a0")
    a.call("twice")
    a.ld("ra", 8, "sp")
    a.addi("sp", "sp", 16)
    a.ret()
    b = Assembler()
    b.bnez("a0", "twice_more")
    b.ret()
    source = (
        "@value = global i64 21\ndefine i64 @twice(i64 %x) { %y = mul i64 %x, 2 ret i64 %y }\n"
        "define i64 @twice_more(i64 %x) { %y = mul i64 %x, 4 ret i64 %y }\n"
    )
    objects = [returning("_start"), asm("main", a), asm("branch", b), read_object(compile_ir(source), "a.o")]
    image = link(objects, KERNEL, "_start")
    assert call(image.elf, image.symbols["main"]) == 42
    assert call(image.elf, image.symbols["branch"], 3) == 12
    assert call(image.elf, image.symbols["branch"], 0) == 0


def test_constants_of_any_size() -> None:
    values = [0, -1, 2047, 2048, -2049, 0x7FFF_F800, 0x8000_0000, 1 << 63, (1 << 63) - 1, 0x1234_5678_9ABC_DEF0]
    functions = []
    for number, value in enumerate(values):
        a = Assembler()
        a.li("a0", value)
        a.ret()
        functions.append(asm(f"value{number}", a))
    image = link([returning("_start"), *functions], KERNEL, "_start")
    for number, value in enumerate(values):
        assert call(image.elf, image.symbols[f"value{number}"]) == value & (1 << 64) - 1


def test_the_linkers_own_symbols() -> None:
    source = """
@__image_end = external global i8
@__trace_start = external global i8
@__trace_end = external global i8
@words = global [3 x ptr] [ptr @__trace_start, ptr @__trace_end, ptr @__image_end]
@zeros = global [5000 x i8] zeroinitializer
define i64 @end() { ret i64 ptrtoint (ptr @__image_end to i64) }
"""
    objects = [returning("_start"), read_object(compile_ir(source), "a.o")]
    table = b"ATRC" + bytes(5000)
    image = link(objects, KERNEL, "_start", trace=lambda draft: table)
    names = ("image_start", "text_start", "text_end", "rodata_start", "data_start", "data_end", "bss_start", "bss_end")
    values = [image.symbols[f"__{name}"] for name in (*names, "trace_start", "trace_end", "image_end")]
    assert values == sorted(values)
    assert values[0] == values[1] == image.entry == 0x8020_0000
    assert image.symbols["__trace_end"] - image.symbols["__trace_start"] == len(table)
    assert call(image.elf, image.symbols["end"]) == image.symbols["__image_end"] == values[-1]
    assert image.symbols["__image_end"] % 4096 == 0
    expected = [image.symbols[name] for name in ("__trace_start", "__trace_end", "__image_end")]
    assert b"".join(value.to_bytes(8, "little") for value in expected) in image.elf


def test_the_trace_table_moves_nothing() -> None:
    objects = [returning("_start"), read_object(compile_ir(GLOBALS), "a.o")]
    drafts: list[Linked] = []

    def trace(draft: Linked) -> bytes:
        drafts.append(draft)
        return b"x" * 10_000

    image = link(objects, KERNEL, "_start", trace=trace)
    moved = {name for name, value in image.symbols.items() if drafts[0].symbols[name] != value}
    assert moved == {"__trace_end", "__image_end"}


def test_entry_is_first() -> None:
    objects = [read_object(compile_ir(GLOBALS), "a.o"), returning("_start")]
    assert link(objects, KERNEL, "_start").symbols["_start"] == 0x8020_0000
    assert link(objects, PROGRAM, "_start").symbols["_start"] == 0x1_0000
    with pytest.raises(LinkError, match=r"^two must be the first code of the image, and of its object$"):
        link(objects, KERNEL, "two")
    assert link(objects, PROGRAM, "two").entry > 0x1_0000
    with pytest.raises(LinkError, match=r"^the entry symbol main is not defined$"):
        link(objects, PROGRAM, "main")


# ---- symbols ----
def test_undefined_symbols_are_all_named() -> None:
    source = (
        "@v = external global i64\ndeclare void @missing()\n"
        "define i64 @f() { call void @missing() %a = load i64, ptr @v ret i64 %a }\n"
        "@p = global ptr @missing"
    )
    with pytest.raises(LinkError) as error:
        linked(source)
    text = "undefined symbols: missing (used in a.o, function f), v (used in a.o, function f)"
    assert str(error.value) == text


def test_undefined_symbols_of_assembly_name_the_source() -> None:
    body = ast.parse("def start() -> None:\n    call('no_such')").body[0]
    assert isinstance(body, ast.FunctionDef)
    start = assemble_function("_start", body, {}, "kernel/entry.py")
    with pytest.raises(LinkError, match=r"^undefined symbols: no_such \(used in kernel/entry.py, function _start\)$"):
        link([start], KERNEL, "_start")


def test_duplicate_symbols_are_all_named() -> None:
    text = "define void @f() { ret void }\n@g = global i64 1"
    with pytest.raises(LinkError, match=r"^symbols defined twice: f \(in a.o and in b.o\), g \(in a.o and in b.o\)$"):
        linked(text, text)


def test_local_symbols_may_have_the_same_name() -> None:
    one = "define internal i64 @x() noinline { ret i64 1 }\ndefine i64 @a() noinline { %r = call i64 @x() ret i64 %r }"
    image = linked(one, one.replace("i64 1", "i64 2").replace("@a", "@b"))
    assert call(image.elf, image.symbols["a"]) == 1
    assert call(image.elf, image.symbols["b"]) == 2


def test_weak_definitions_give_way() -> None:
    user = "declare i64 @f()\ndefine i64 @g() { %r = call i64 @f() ret i64 %r }"
    weak, strong = "define weak i64 @f() { ret i64 1 }", "define i64 @f() { ret i64 2 }"
    for sources, result in (((user, weak), 1), ((user, weak, strong), 2), ((user, strong, weak), 2)):
        image = linked(*sources)
        assert call(image.elf, image.symbols["g"]) == result


def test_undefined_weak_symbols_are_zero() -> None:
    source = "@maybe = extern_weak global i64\ndefine i64 @f() { ret i64 ptrtoint (ptr @maybe to i64) }"
    image = linked(source)
    assert call(image.elf, image.symbols["f"]) == 0
    image = linked(source, "@maybe = global i64 3")
    assert call(image.elf, image.symbols["f"]) == image.symbols["maybe"]


# ---- refusals ----
def with_relocation(kind: int, target: str = "_start", value: int = 0) -> ObjectFile:
    """An object with one relocation of some kind in its data."""
    symbols = [Symbol(target, -1), Symbol("x", 0, 0, 8, 1, 1)]
    section = Section(".data", 1, 3, 8, bytes(8), 8, [Relocation(0, kind, 0, value)])
    return ObjectFile("x.o", [section], symbols)


def test_unknown_relocations_are_refused_by_number_and_symbol() -> None:
    for kind in (43, 22, 199):
        with pytest.raises(LinkError) as error:
            link([returning("_start"), with_relocation(kind)], KERNEL, "_start")
        assert str(error.value) == f"relocation {kind} is not known (symbol _start, x.o, section .data at 0x0)"


def test_relocations_without_a_symbol() -> None:
    no_symbol = Symbol("", -1, binding=0)
    section = Section(".data", 1, 3, 8, bytes(8), 8, [Relocation(0, 51, 0, 0), Relocation(0, 2, 0, 0x1234)])
    image = link([returning("_start"), ObjectFile("x.o", [section], [no_symbol])], KERNEL, "_start")
    assert (0x1234).to_bytes(8, "little") in image.elf


def test_out_of_range_relocations_are_refused() -> None:
    with pytest.raises(LinkError) as error:
        linked(GLOBALS, model="small")  # the small model cannot reach the kernel's addresses
    assert "relocation 26 (HI20): out of range: 0x8020" in str(error.value)
    assert "does not fit 32 signed bits" in str(error.value)
    for kind, value, message in (
        (1, 1 << 40, "relocation 1 (WORD32): out of range: 0x10080200000 does not fit 32 bits"),
        (16, 1 << 20, "relocation 16 (BRANCH): out of range: distance"),
        (17, 1 << 22, "relocation 17 (JAL): out of range: distance"),
        (19, 1 << 40, "relocation 19 (CALL_PLT): out of range: "),
    ):
        with pytest.raises(LinkError) as error:
            link([returning("_start"), with_relocation(kind, value=value)], KERNEL, "_start")
        assert str(error.value).startswith(message)
        assert str(error.value).endswith("(symbol _start, x.o, section .data at 0x0)")


def test_low_half_without_a_high_half_is_refused() -> None:
    with pytest.raises(LinkError, match=r"relocation 24 \(PCREL_LO12_I\): no high half at _start \(x.o, section .data"):
        link([returning("_start"), with_relocation(24)], KERNEL, "_start")


def test_sections_that_cannot_be_linked() -> None:
    bad = ObjectFile("x.o", [Section(".init_array", 14, 3, 8, bytes(8), 8)], [])
    with pytest.raises(LinkError, match=r"^x.o: section .init_array: constructors are not supported$"):
        link([returning("_start"), bad], KERNEL, "_start")
    bad = ObjectFile("x.o", [Section(".mixed", 1, 7, 8, bytes(8), 8)], [])
    with pytest.raises(LinkError, match=r"^x.o: section .mixed is both writable and executable$"):
        link([returning("_start"), bad], KERNEL, "_start")


def test_float_conventions_must_agree() -> None:
    soft, hard = ObjectFile("soft.o", [], [], 0), ObjectFile("hard.o", [], [], 4)
    with pytest.raises(LinkError, match=r"^soft.o and hard.o pass floats in different ways$"):
        link([returning("_start"), soft, hard], PROGRAM, "_start")
    assert link([returning("_start"), hard], PROGRAM, "_start").elf[48:52] == b"\x04\0\0\0"


# ---- relocations of debugging information ----
def test_sums_and_differences() -> None:
    kinds = [
        *((33, 2), (37, 1), (34, 2), (38, 1), (35, 2), (39, 1), (36, 2), (40, 1)),  # ADD and SUB of 8 to 64 bits
        *((53, 2), (52, 1), (54, 2), (55, 2), (56, 2), (60, 2), (61, 1), (57, 0), (51, 0)),
    ]
    places = {33: 0, 37: 0, 34: 2, 38: 2, 35: 4, 39: 4, 36: 8, 40: 8, 53: 16, 52: 16, 54: 17, 55: 18, 56: 20, 60: 24}
    places |= {61: 24, 57: 28, 51: 0}
    data = bytearray(32)
    data[16] = 0xC0
    data[24:26] = b"\x80\x00"
    symbols = [Symbol("_start", -1), Symbol("low", -2, 0x10), Symbol("high", -2, 0x34)]
    relocations = [Relocation(places[kind], kind, symbol, 0) for kind, symbol in kinds]
    section = Section(".data", 1, 3, 8, bytes(data), 32, relocations)
    image = link([returning("_start"), ObjectFile("x.o", [section], symbols)], PROGRAM, "_start")
    found = image.elf[image.elf.index(b"\x24\x00\x24\x00") :][:32]
    assert found[:16] == bytes.fromhex("24002400 24000000 2400000000000000")
    assert found[16:24] == bytes([0xC0 | 0x24, 0x34, 0x34, 0, 0x34, 0, 0, 0])
    assert found[24:26] == b"\xa4\x00"  # 0x24, in as many bytes as before
    assert int.from_bytes(found[28:32], "little", signed=True) == 0x1_0000 - (image.symbols["__data_start"] + 28)
