"""The encoder against capstone: every form with many operands, and every mistake with its message."""

import capstone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.abi import riscv
from atoll.compiler.encode import EncodeError, Operand, encode, load_constant
from atoll.compiler.encoding_tables import ALIASES, FLOAT_REGISTER_NAMES, FORMS, REGISTER_NAMES

ENGINE = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)


def disassemble(word: int) -> str:
    """Capstone's text for one word; empty if it knows no such instruction."""
    for _, _, mnemonic, text in ENGINE.disasm_lite(word.to_bytes(4, "little"), 0):
        return f"{mnemonic} {text}".strip()
    return ""


# ---- what capstone prints, from the instruction's meaning; independent of the tables under test ----
def number(value: int) -> str:
    """Capstone writes small numbers in decimal, others in hexadecimal."""
    return str(value) if abs(value) <= 9 else f"{'-' if value < 0 else ''}{abs(value):#x}"


def csr_name(value: int) -> str:
    """The names of volume II; capstone 5 does not know the newest ones."""
    known = value in {int(register) for register in riscv.CSR} - {0x14D, 0x10A, 0x30A, 0x320}
    return riscv.CSR(value).name.lower() if known else str(value)


LOADS = ("lb", "lh", "lw", "ld", "lbu", "lhu", "lwu", "flw", "fld", "sb", "sh", "sw", "sd", "fsw", "fsd")
SHORT_BRANCHES = {("beq", 1): "beqz", ("bne", 1): "bnez", ("blt", 1): "bltz", ("bge", 1): "bgez"}
SHORT_BRANCHES |= {("blt", 0): "bgtz", ("bge", 0): "blez"}
SHORT_IMMEDIATES = {("addi", 0): "mv", ("xori", -1): "not", ("sltiu", 1): "seqz", ("addiw", 0): "sext.w"}
SHORT_CSRS = {"csrrw": "csrw", "csrrs": "csrs", "csrrc": "csrc", "csrrwi": "csrwi", "csrrsi": "csrsi"}
SHORT_CSRS |= {"csrrci": "csrci"}
FLOAT_CSRS = {1: "flags", 2: "rm", 3: "csr"}
COUNTERS = {0xC00: "rdcycle", 0xC01: "rdtime", 0xC02: "rdinstret"}


def expected_text(name: str, given_operands: tuple[Operand, ...]) -> str:
    """The text of a real instruction: its operands in assembly order, short forms where capstone prefers them."""
    words = [value if isinstance(value, str) else number(value) for value in given_operands]
    if name in LOADS:
        return f"{name} {words[0]}, {words[1]}({words[2]})"
    if name.startswith(("amo", "sc.", "lr.")):
        return f"{name} {', '.join(words[:-1])}, ({words[-1]})"
    if name.startswith("csr"):
        return expected_csr(name, given_operands)
    if name in ("fence", "sfence.vma"):
        default = ["iorw", "iorw"] if name == "fence" else ["zero", "zero"]
        shown = [] if words == default else words[:1] if name != "fence" and words[1] == "zero" else words
        return f"{name} {', '.join(shown)}".strip()
    return expected_arithmetic(name, given_operands, words)


def expected_arithmetic(name: str, given_operands: tuple[Operand, ...], words: list[str]) -> str:
    match given_operands:
        case ("zero", "zero", 0) if name == "addi":
            return "nop"
        case (_, _, int(value)) if (name, value) in SHORT_IMMEDIATES:
            return f"{SHORT_IMMEDIATES[name, value]} {words[0]}, {words[1]}"
        case (_, "zero", int()) if (name, 1) in SHORT_BRANCHES and not (name == "bge" and words[0] == "zero"):
            return f"{SHORT_BRANCHES[name, 1]} {words[0]}, {words[2]}"
        case ("zero", _, int()) if (name, 0) in SHORT_BRANCHES:
            return f"{SHORT_BRANCHES[name, 0]} {words[1]}, {words[2]}"
        case ("zero", int()) if name == "jal":
            return f"j {words[1]}"
        case ("ra", int()) if name == "jal":
            return f"jal {words[1]}"
        case ("zero", 0, "ra") if name == "jalr":
            return "ret"
        case ("zero", 0, _) if name == "jalr":
            return f"jr {words[2]}"
        case ("ra", 0, _) if name == "jalr":
            return f"jalr {words[2]}"
        case (_, int(), _) if name == "jalr":
            return f"jalr {words[0]}, {words[2]}, {words[1]}"
        case (_, "zero", _) if name in ("sub", "subw"):
            return f"{'neg' if name == 'sub' else 'negw'} {words[0]}, {words[2]}"
        case (_, "zero", _) if name == "sltu":
            return f"snez {words[0]}, {words[2]}"
        case (_, _, "zero") if name == "slt":
            return f"sltz {words[0]}, {words[1]}"
        case (_, "zero", _) if name == "slt":
            return f"sgtz {words[0]}, {words[2]}"
    return f"{name} {', '.join(words)}".strip()


def expected_csr(name: str, given_operands: tuple[Operand, ...]) -> str:
    rd, csr, source = given_operands
    text = source if isinstance(source, str) else number(source)
    assert isinstance(csr, int)
    if name == "csrrs" and source == "zero":
        if csr in FLOAT_CSRS:
            return f"fr{FLOAT_CSRS[csr]} {rd}"
        return f"{COUNTERS[csr]} {rd}" if csr in COUNTERS else f"csrr {rd}, {csr_name(csr)}"
    if name == "csrrw" and (rd, csr, source) == ("zero", 0xC00, "zero"):
        return "unimp"
    if csr in FLOAT_CSRS and (name == "csrrw" or (name == "csrrwi" and csr != 3)):
        suffix = "i" if name == "csrrwi" else ""
        return f"fs{FLOAT_CSRS[csr]}{suffix} {text if rd == 'zero' else f'{rd}, {text}'}"
    if rd == "zero":
        return f"{SHORT_CSRS[name]} {csr_name(csr)}, {text}"
    return f"{name} {rd}, {csr_name(csr)}, {text}"


registers = st.sampled_from(REGISTER_NAMES)
float_registers = st.sampled_from(FLOAT_REGISTER_NAMES)
fence_sets = st.sets(st.sampled_from("iorw"), min_size=1).map(lambda found: "".join(c for c in "iorw" if c in found))
KINDS: dict[str, st.SearchStrategy[Operand]] = {
    **dict.fromkeys(("rd", "rs1", "rs2"), registers),
    **dict.fromkeys(("fd", "fs1", "fs2"), float_registers),
    **dict.fromkeys(("imm12", "store12"), st.integers(-2048, 2047)),
    "upper20": st.integers(0, 0xFFFFF),
    "shift6": st.integers(0, 63),
    "shift5": st.integers(0, 31),
    "uimm5": st.integers(0, 31),
    "csr": st.sampled_from([*(int(register) for register in riscv.CSR), 0x7C0, 0xFFF]),
    "branch13": st.integers(-2048, 2047).map(lambda value: value * 2),
    "jump21": st.integers(-(1 << 19), (1 << 19) - 1).map(lambda value: value * 2),
    **dict.fromkeys(("before", "after"), fence_sets),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_reads_back_from_capstone(name: str) -> None:
    @settings(max_examples=30, deadline=None, database=None)
    @given(st.tuples(*(KINDS[kind] for kind in FORMS[name].operands)))
    def check(given_operands: tuple[Operand, ...]) -> None:
        assert disassemble(encode(name, *given_operands)) == expected_text(name, given_operands)

    check()


ALIAS_TEXTS: dict[str, tuple[tuple[Operand, ...], str]] = {
    "nop": ((), "nop"),
    "mv": (("a0", "s3"), "mv a0, s3"),
    "not": (("a0", "s3"), "not a0, s3"),
    "neg": (("a0", "s3"), "neg a0, s3"),
    "negw": (("a0", "s3"), "negw a0, s3"),
    "sext.w": (("a0", "s3"), "sext.w a0, s3"),
    "seqz": (("a0", "s3"), "seqz a0, s3"),
    "snez": (("a0", "s3"), "snez a0, s3"),
    "sltz": (("a0", "s3"), "sltz a0, s3"),
    "sgtz": (("a0", "s3"), "sgtz a0, s3"),
    "beqz": (("a0", 64), "beqz a0, 0x40"),
    "bnez": (("a0", 64), "bnez a0, 0x40"),
    "blez": (("a0", 64), "blez a0, 0x40"),
    "bgez": (("a0", 64), "bgez a0, 0x40"),
    "bltz": (("a0", 64), "bltz a0, 0x40"),
    "bgtz": (("a0", 64), "bgtz a0, 0x40"),
    "bgt": (("a0", "a1", 64), "blt a1, a0, 0x40"),
    "ble": (("a0", "a1", 64), "bge a1, a0, 0x40"),
    "bgtu": (("a0", "a1", 64), "bltu a1, a0, 0x40"),
    "bleu": (("a0", "a1", 64), "bgeu a1, a0, 0x40"),
    "j": ((-64,), "j -0x40"),
    "jr": (("t0",), "jr t0"),
    "ret": ((), "ret"),
    "csrr": (("a0", riscv.CSR.SCAUSE), "csrr a0, scause"),
    "csrw": ((riscv.CSR.SATP, "a0"), "csrw satp, a0"),
    "csrs": ((riscv.CSR.SIE, "a0"), "csrs sie, a0"),
    "csrc": ((riscv.CSR.SIP, "a0"), "csrc sip, a0"),
    "csrwi": ((riscv.CSR.SSTATUS, 2), "csrwi sstatus, 2"),
    "csrsi": ((riscv.CSR.SSTATUS, 2), "csrsi sstatus, 2"),
    "csrci": ((riscv.CSR.SSTATUS, 31), "csrci sstatus, 0x1f"),
    "frcsr": (("a0",), "frcsr a0"),
    "fscsr": (("a0",), "fscsr a0"),
    "rdcycle": (("a0",), "rdcycle a0"),
    "rdtime": (("a0",), "rdtime a0"),
    "rdinstret": (("a0",), "rdinstret a0"),
}


@pytest.mark.parametrize("name", ALIASES)
def test_every_short_form_reads_back_from_capstone(name: str) -> None:
    given_operands, text = ALIAS_TEXTS[name]
    assert disassemble(encode(name, *given_operands)) == text


def test_other_names_of_registers() -> None:
    assert encode("add", "x10", "x8", "x0") == encode("add", "a0", "fp", "zero") == encode("add", "a0", "s0", "zero")
    assert encode("fld", "f10", 0, "x2") == encode("fld", "fa0", 0, "sp")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("addq", "a0"), "no such instruction: addq"),
        (("addi", "a0", "a1"), "addi takes 3 operands (rd, rs1, imm12); got 2 operands"),
        (("ret", "ra"), "ret takes 0 operands; got 1"),
        (("addi", "a0", "a1", 2048), "addi: operand 3, 2048, is out of range (-2048 to 2047)"),
        (("sd", "a0", -2049, "sp"), "sd: operand 2, -2049, is out of range (-2048 to 2047)"),
        (("addi", "a0", "q7", 1), "addi: operand 2, 'q7', is not a register"),
        (("addi", "a0", 5, 1), "addi: operand 2, 5, is not a register"),
        (("addi", "a0", "a1", "a2"), "addi: operand 3, 'a2', is not a number"),
        (("fld", "a0", 0, "sp"), "fld: operand 1, 'a0', is not a floating-point register"),
        (("slli", "a0", "a0", 64), "slli: operand 3, 64, is out of range (0 to 63)"),
        (("slliw", "a0", "a0", 32), "slliw: operand 3, 32, is out of range (0 to 31)"),
        (("beq", "a0", "a1", 3), "beq: operand 3, 3, is not a multiple of 2"),
        (("beq", "a0", "a1", 4096), "beq: operand 3, 4096, is out of range (-4096 to 4094)"),
        (("jal", "ra", 1 << 20), "jal: operand 2, 1048576, is out of range (-1048576 to 1048574)"),
        (("lui", "a0", 1 << 20), "lui: operand 2, 1048576, is out of range (0 to 1048575)"),
        (("csrrwi", "a0", 0x100, 32), "csrrwi: operand 3, 32, is out of range (0 to 31)"),
        (("csrr", "a0", 4096), "csrr: operand 2, 4096, is out of range (0 to 4095)"),
        (("fence", "wr", "w"), 'fence: operand 1, \'wr\', is not a set of accesses such as "iorw" or "w"'),
    ],
)
def test_mistakes_are_told(words: tuple[str, Operand], message: str) -> None:
    with pytest.raises(EncodeError) as error:
        encode(*words)
    assert str(error.value) == message


# ---- constants ----
def apply_steps(steps: list[tuple[str, int]]) -> int:
    """What the steps of load_constant leave in a 64-bit register, by the definitions of volume I."""
    value = 0
    for name, operand in steps:
        if name == "lui":
            value = operand << 12 | (-1 << 32 if operand >> 19 else 0)
        elif name == "slli":
            value <<= operand
        else:
            value += operand
            if name == "addiw":
                value = (value & 0xFFFF_FFFF ^ 1 << 31) - (1 << 31)
        value &= (1 << 64) - 1
    return value


@given(st.integers(-(1 << 63), (1 << 64) - 1) | st.integers(-5000, 5000) | st.integers(0, 63).map(lambda n: 1 << n))
def test_li_makes_any_constant(value: int) -> None:
    steps = load_constant(value)
    assert apply_steps(steps) == value & (1 << 64) - 1
    assert len(steps) <= 8


def test_li_refuses_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="18446744073709551616 does not fit 64 bits"):
        load_constant(1 << 64)
