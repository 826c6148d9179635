"""RV64 instructions as a table: for each mnemonic its operands, in the order of assembly language, and its fixed bits.

Numbers: The RISC-V Instruction Set Manual, volume I, chapter "RV32/64G Instruction Set Listings"; for the privileged
ones volume II.
"""

from typing import NamedTuple


class Form(NamedTuple):
    """An instruction: the kinds of its operands (see FIELDS in encode.py) and the bits that no operand changes."""

    operands: tuple[str, ...]
    bits: int


LOAD, MISC_MEM, OP_IMM, AUIPC, OP_IMM_32, STORE = 0x03, 0x0F, 0x13, 0x17, 0x1B, 0x23
LOAD_FP, STORE_FP, AMO, OP, LUI, OP_32 = 0x07, 0x27, 0x2F, 0x33, 0x37, 0x3B
BRANCH, JALR, JAL, SYSTEM, OP_FP = 0x63, 0x67, 0x6F, 0x73, 0x53

REGISTER_NAMES = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{i}" for i in range(8)),
    *(f"s{i}" for i in range(2, 12)),
    *(f"t{i}" for i in range(3, 7)),
)
FLOAT_REGISTER_NAMES = (
    *(f"ft{i}" for i in range(8)),
    *("fs0", "fs1"),
    *(f"fa{i}" for i in range(8)),
    *(f"fs{i}" for i in range(2, 12)),
    *(f"ft{i}" for i in range(8, 12)),
)


def _rows(operands: str, opcode: int, rows: str) -> dict[str, Form]:
    """Forms that share operands and opcode; a row is a mnemonic, funct3 (octal) and, if not 0, funct7 (hexadecimal)."""
    kinds = tuple(operands.split())
    forms = {}
    for row in rows.split(","):
        name, funct3, *rest = row.split()
        funct7 = int(rest[0], 16) if rest else 0
        forms[name] = Form(kinds, opcode | int(funct3, 8) << 12 | funct7 << 25)
    return forms


def _atomics() -> dict[str, Form]:
    """lr, sc and amo*, in both widths and with every ordering suffix."""
    functions = {"lr": 2, "sc": 3, "amoswap": 1, "amoadd": 0, "amoxor": 4, "amoand": 12, "amoor": 8}
    functions |= {"amomin": 16, "amomax": 20, "amominu": 24, "amomaxu": 28}
    forms = {}
    for name, function in functions.items():
        operands = ("rd", "rs1") if name == "lr" else ("rd", "rs2", "rs1")
        for width, funct3 in (("w", 2), ("d", 3)):
            for ordering, bits in (("", 0), (".rl", 1), (".aq", 2), (".aqrl", 3)):
                forms[f"{name}.{width}{ordering}"] = Form(operands, AMO | funct3 << 12 | bits << 25 | function << 27)
    return forms


FORMS: dict[str, Form] = {
    "lui": Form(("rd", "upper20"), LUI),
    "auipc": Form(("rd", "upper20"), AUIPC),
    "jal": Form(("rd", "jump21"), JAL),
    "jalr": Form(("rd", "imm12", "rs1"), JALR),
    **_rows("rs1 rs2 branch13", BRANCH, "beq 0, bne 1, blt 4, bge 5, bltu 6, bgeu 7"),
    **_rows("rd imm12 rs1", LOAD, "lb 0, lh 1, lw 2, ld 3, lbu 4, lhu 5, lwu 6"),
    **_rows("rs2 store12 rs1", STORE, "sb 0, sh 1, sw 2, sd 3"),
    **_rows("fd imm12 rs1", LOAD_FP, "flw 2, fld 3"),
    **_rows("fs2 store12 rs1", STORE_FP, "fsw 2, fsd 3"),
    **_rows("rd rs1 imm12", OP_IMM, "addi 0, slti 2, sltiu 3, xori 4, ori 6, andi 7"),
    **_rows("rd rs1 shift6", OP_IMM, "slli 1, srli 5, srai 5 20"),
    **_rows("rd rs1 imm12", OP_IMM_32, "addiw 0"),
    **_rows("rd rs1 shift5", OP_IMM_32, "slliw 1, srliw 5, sraiw 5 20"),
    **_rows("rd rs1 rs2", OP, "add 0, sub 0 20, sll 1, slt 2, sltu 3, xor 4, srl 5, sra 5 20, or 6, and 7"),
    **_rows("rd rs1 rs2", OP, "mul 0 1, mulh 1 1, mulhsu 2 1, mulhu 3 1, div 4 1, divu 5 1, rem 6 1, remu 7 1"),
    **_rows("rd rs1 rs2", OP_32, "addw 0, subw 0 20, sllw 1, srlw 5, sraw 5 20"),
    **_rows("rd rs1 rs2", OP_32, "mulw 0 1, divw 4 1, divuw 5 1, remw 6 1, remuw 7 1"),
    **_rows("fd rs1", OP_FP, "fmv.w.x 0 78, fmv.d.x 0 79"),
    **_rows("rd fs1", OP_FP, "fmv.x.w 0 70, fmv.x.d 0 71"),
    **_rows("rd csr rs1", SYSTEM, "csrrw 1, csrrs 2, csrrc 3"),
    **_rows("rd csr uimm5", SYSTEM, "csrrwi 5, csrrsi 6, csrrci 7"),
    **_atomics(),
    "fence": Form(("before", "after"), MISC_MEM),
    "fence.tso": Form((), MISC_MEM | 0x833 << 20),
    "fence.i": Form((), MISC_MEM | 1 << 12),
    "ecall": Form((), SYSTEM),
    "ebreak": Form((), SYSTEM | 0x001 << 20),
    "sret": Form((), SYSTEM | 0x102 << 20),
    "mret": Form((), SYSTEM | 0x302 << 20),
    "wfi": Form((), SYSTEM | 0x105 << 20),
    "sfence.vma": Form(("rs1", "rs2"), SYSTEM | 0x09 << 25),
    "unimp": Form((), SYSTEM | 1 << 12 | 0xC00 << 20),  # writes a read-only register
}

# Pseudo-instructions of one word. "{0}" stands for the first operand as it was given, and so on.
ALIASES: dict[str, str] = {
    "nop": "addi zero zero 0",
    "mv": "addi {0} {1} 0",
    "not": "xori {0} {1} -1",
    "neg": "sub {0} zero {1}",
    "negw": "subw {0} zero {1}",
    "sext.w": "addiw {0} {1} 0",
    "seqz": "sltiu {0} {1} 1",
    "snez": "sltu {0} zero {1}",
    "sltz": "slt {0} {1} zero",
    "sgtz": "slt {0} zero {1}",
    "beqz": "beq {0} zero {1}",
    "bnez": "bne {0} zero {1}",
    "blez": "bge zero {0} {1}",
    "bgez": "bge {0} zero {1}",
    "bltz": "blt {0} zero {1}",
    "bgtz": "blt zero {0} {1}",
    "bgt": "blt {1} {0} {2}",
    "ble": "bge {1} {0} {2}",
    "bgtu": "bltu {1} {0} {2}",
    "bleu": "bgeu {1} {0} {2}",
    "j": "jal zero {0}",
    "jr": "jalr zero 0 {0}",
    "ret": "jalr zero 0 ra",
    "csrr": "csrrs {0} {1} zero",
    "csrw": "csrrw zero {0} {1}",
    "csrs": "csrrs zero {0} {1}",
    "csrc": "csrrc zero {0} {1}",
    "csrwi": "csrrwi zero {0} {1}",
    "csrsi": "csrrsi zero {0} {1}",
    "csrci": "csrrci zero {0} {1}",
    "frcsr": "csrrs {0} 0x003 zero",
    "fscsr": "csrrw zero 0x003 {0}",
    "rdcycle": "csrrs {0} 0xc00 zero",
    "rdtime": "csrrs {0} 0xc01 zero",
    "rdinstret": "csrrs {0} 0xc02 zero",
}
