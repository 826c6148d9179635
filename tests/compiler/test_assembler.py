"""The assembler, one-instruction functions and `@assembly` functions, with capstone as the judge."""

import ast

import capstone
import pytest

from atoll.abi import operands, riscv
from atoll.compiler.assembler import Assembler, mnemonic_of, mnemonics
from atoll.compiler.assembly import AssemblyError, assemble_function
from atoll.compiler.encode import EncodeError
from atoll.compiler.encoding_tables import FLOAT_REGISTER_NAMES, REGISTER_NAMES
from atoll.compiler.intrinsics import INTRINSICS, instruction_symbol, instruction_word
from atoll.compiler.objects import UNDEFINED, Binding, ObjectFile, SymbolType
from atoll.compiler.relocations import R

ENGINE = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)


def disassemble(word: int) -> str:
    """Capstone's text for one word; empty if it knows no such instruction."""
    for _, _, mnemonic, text in ENGINE.disasm_lite(word.to_bytes(4, "little"), 0):
        return f"{mnemonic} {text}".strip()
    return ""


def texts(code: bytes | bytearray) -> list[str]:
    """Capstone's text for each word of some code."""
    return [disassemble(int.from_bytes(code[i : i + 4], "little")) for i in range(0, len(code), 4)]


def test_labels_forward_and_back() -> None:
    a = Assembler()
    a.label("top")
    a.beqz("a0", "end")
    a.addi("a0", "a0", -1)
    a.j("top")
    a.label("end")
    a.ret()
    code = a.finish("count").sections[0].data
    assert texts(code) == ["beqz a0, 0xc", "addi a0, a0, -1", "j -8", "ret"]


def test_addresses_of_own_labels_need_no_linker() -> None:
    a = Assembler()
    a.la("a0", "data")
    a.call("sub")
    a.tail("sub")
    a.label("sub")
    a.ret()
    a.label("data")
    a.dword(1 << 63)
    result = a.finish("f")
    assert result.sections[0].relocations == []
    assert texts(result.sections[0].data[:28]) == [
        *("auipc a0, 0", "addi a0, a0, 0x1c", "auipc ra, 0", "jalr ra, ra, 0x10"),
        *("auipc t1, 0", "jalr zero, t1, 8", "ret"),
    ]


def test_other_symbols_are_left_to_the_linker() -> None:
    a = Assembler()
    a.la("a0", "table")
    a.call("work")
    a.bnez("a0", "elsewhere")
    a.tail("work")
    result = a.finish("f")
    kinds = [(r.offset, r.type, result.symbols[r.symbol].name) for r in result.sections[0].relocations]
    assert kinds == [
        (0, R.PCREL_HI20, "table"),
        (4, R.PCREL_LO12_I, ".Lpcrel_0"),
        (8, R.CALL_PLT, "work"),
        (16, R.BRANCH, "elsewhere"),
        (20, R.CALL_PLT, "work"),
    ]
    function = next(symbol for symbol in result.symbols if symbol.name == "f")
    assert (function.binding, function.type, function.size) == (Binding.GLOBAL, SymbolType.FUNC, 28)
    assert all(s.section == UNDEFINED for s in result.symbols if s.name in ("table", "work", "elsewhere"))


def test_orderings_of_atomics() -> None:
    a = Assembler()
    a.amoswap_w("a0", "a1", "a2")
    a.amoadd_d("a0", "a1", "a2", "aqrl")
    a.lr_d("a0", "a1", "aq")
    a.sc_d("a0", "a1", "a2", "rl")
    assert texts(a.code) == [
        *("amoswap.w a0, a1, (a2)", "amoadd.d.aqrl a0, a1, (a2)", "lr.d.aq a0, (a1)", "sc.d.rl a0, a1, (a2)"),
    ]
    with pytest.raises(EncodeError, match=r"amoadd.d: ordering 'no' is not"):
        a.amoadd_d("a0", "a1", "a2", "no")


def test_data_and_alignment() -> None:
    a = Assembler()
    a.ret()
    a.align(16)
    a.word(-1)
    a.dword(0x1122334455667788)
    section = a.finish("f").sections[0]
    assert texts(section.data[:16]) == ["ret", "nop", "nop", "nop"]
    assert section.data[16:] == b"\xff" * 4 + bytes.fromhex("8877665544332211")
    assert section.align == 16


def test_assembler_mistakes() -> None:
    a = Assembler()
    a.label("here")
    with pytest.raises(EncodeError, match="label here is already there"):
        a.label("here")
    with pytest.raises(EncodeError, match="4294967296 does not fit 32 bits"):
        a.word(1 << 32)
    with pytest.raises(EncodeError, match="align: 3 is not a power of two"):
        a.align(3)
    with pytest.raises(AttributeError, match="no such mnemonic: addq"):
        a.addq("a0")
    a.align(4096)
    a.beq("a0", "a1", "far")
    a.align(4096)
    a.align(4096)
    a.nop()
    a.nop()
    a.label("far")
    with pytest.raises(EncodeError, match="beq: label far is too far away: 4104, is out of range"):
        a.finish("f")


# ---- what guest code imports ----
def test_guest_names_and_assembler_agree() -> None:
    guest = {name for name, value in vars(riscv).items() if isinstance(value, operands.Mnemonic)}
    both = {"ecall", "ebreak", "wfi", "fence", "fence_i", "sfence_vma"}
    assert guest | both == set(mnemonics())
    for name in guest:
        assert mnemonic_of(name) in (getattr(riscv, name).name, None)


def test_guest_mnemonics_only_raise_under_cpython() -> None:
    with pytest.raises(operands.OnlyOnRiscV, match=r"add\(\) emits an instruction"):
        riscv.add(riscv.a0, riscv.a1, riscv.a2)
    with pytest.raises(operands.OnlyOnRiscV, match=r"csr_read\(\) is an instruction of the emulated CPU"):
        riscv.csr_read(riscv.CSR.TIME)


def test_registers_in_order() -> None:
    assert tuple(REGISTER_NAMES) == riscv.REGISTERS
    assert tuple(FLOAT_REGISTER_NAMES) == riscv.FLOAT_REGISTERS


# ---- one-instruction functions ----
INTRINSIC_TEXTS = {
    "csr_read": "csrr a0, sepc",
    "csr_write": "csrw sepc, a0",
    "csr_set": "csrs sepc, a0",
    "csr_clear": "csrc sepc, a0",
    "csr_swap": "csrrw a0, sepc, a0",
    "ecall": "ecall",
    "ebreak": "ebreak",
    "wfi": "wfi",
    "fence": "fence",
    "fence_i": "fence.i",
    "sfence_vma": "sfence.vma",
    "sfence_vma_address": "sfence.vma a0",
    "frame_pointer": "mv a0, s0",
    "return_address": "ld a0, -8(s0)",
    "stack_pointer": "mv a0, sp",
    "thread_pointer": "mv a0, tp",
    "set_thread_pointer": "mv tp, a0",
}


@pytest.mark.parametrize("name", INTRINSICS)
def test_every_intrinsic_is_the_right_instruction(name: str) -> None:
    assert callable(getattr(riscv, name))
    symbol = instruction_symbol(name, riscv.CSR.SEPC if INTRINSICS[name].takes_csr else None)
    word = instruction_word(symbol)
    assert word is not None
    assert disassemble(word) == INTRINSIC_TEXTS[name]


def test_intrinsic_mistakes() -> None:
    with pytest.raises(EncodeError, match="no such one-instruction function: hcf"):
        instruction_symbol("hcf")
    with pytest.raises(EncodeError, match="csr_read takes a control register"):
        instruction_symbol("csr_read")
    with pytest.raises(EncodeError, match="wfi takes no control register"):
        instruction_symbol("wfi", 0x100)
    assert instruction_word("memcpy") is None
    assert instruction_word("__asm.12") is None
    assert instruction_word("__asm.zzzzzzzz") is None


# ---- @assembly functions ----
def assemble(source: str, **constants: int) -> ObjectFile:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    return assemble_function("symbol", function, constants, "kernel/x.py", imported={"argument": "a0"})


def test_assembly_function_runs_its_body() -> None:
    result = assemble(
        '''
def save(frame: int) -> None:
    """Save a few registers."""
    for number, register in enumerate(REGISTERS):
        if register in (ra, s0):
            sd(register, 8 * number + OFFSET, argument)
    for i in range(2):
        label(f"step{i}")
        csrrw(sp, CSR.SSCRATCH, sp)
    j("step0")
''',
        OFFSET=16,
    )
    assert texts(result.sections[0].data) == [
        *("sd ra, 0x18(a0)", "sd s0, 0x50(a0)", "csrrw sp, sscratch, sp", "csrrw sp, sscratch, sp", "j -8"),
    ]
    assert result.name == "kernel/x.py"


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("addi(a0, a0, 4096)", 2, "addi: operand 3, 4096, is out of range (-2048 to 2047)"),
        ("nop()\n    addq(a0)", 3, "name 'addq' is not defined: neither a mnemonic, a register nor a constant"),
        ("import os", 2, "import cannot stand in an @assembly function; use mnemonics, for and if"),
        ("ret.__class__", 2, "__class__ cannot stand in an @assembly function"),
        ("__import__('os')", 2, "__import__ cannot stand in an @assembly function"),
        ("lambda: 1", 2, "lambda cannot stand in an @assembly function; use mnemonics, for and if"),
        ("REGISTERS[40]", 2, "tuple index out of range"),
        ("1 // 0", 2, "integer division or modulo by zero"),
        ("CSR.NOTHING", 2, "NOTHING"),
        ("ret()\n    while True:\n        nop()", 4, "more than 1048576 bytes of code: is there a loop without end?"),
        ("assert LIMIT < 4", 2, "assertion failed"),
    ],
)
def test_assembly_mistakes_say_where(body: str, line: int, message: str) -> None:
    with pytest.raises(AssemblyError) as error:
        assemble(f"def f() -> None:\n    {body}\n", LIMIT=5)
    assert str(error.value).startswith(f"kernel/x.py:{line}: ")
    assert message in str(error.value)
    assert (error.value.file, error.value.line) == ("kernel/x.py", line)
