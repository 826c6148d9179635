"""RV64 for guest code: control registers, one-instruction functions, and the vocabulary of `@assembly` functions.

Ordinary guest functions call the one-instruction functions (`csr_read`, `wfi`, ...): each compiles to its instruction,
in place. `@assembly` functions run in the compiler, where each mnemonic emits an instruction; operands come in the
order of assembly language, so `ld a0, 8(sp)` is `ld(a0, 8, sp)`. Under CPython all of them only raise.
Numbers: The RISC-V Instruction Set Manual, volume II (privileged architecture), chapter "CSR listing".
"""

from enum import IntEnum
from typing import NoReturn

from atoll.abi.operands import (
    Atomic,
    Bare,
    Branch,
    BranchZero,
    CsrRegister,
    CsrToRegister,
    CsrValue,
    FloatFromInteger,
    FloatLoad,
    FloatRegister,
    FloatStore,
    Immediate,
    IntegerFromFloat,
    Jump,
    JumpAndLink,
    Leave,
    Load,
    LoadAddress,
    LoadConstant,
    LoadReserved,
    Number,
    OneRegister,
    OnlyOnRiscV,
    Register,
    RegisterToCsr,
    Store,
    ThreeRegisters,
    ToRegister,
    ToSymbol,
    TwoRegisters,
    Upper,
    ValueToCsr,
)
from atoll.abi.types import u64


class CSR(IntEnum):
    """Control and status registers: the 12-bit numbers that csrrw and its like carry."""

    # any mode: floating point, counters
    FFLAGS = 0x001
    FRM = 0x002
    FCSR = 0x003
    CYCLE = 0xC00
    TIME = 0xC01
    INSTRET = 0xC02
    # supervisor
    SSTATUS = 0x100
    SIE = 0x104
    STVEC = 0x105
    SCOUNTEREN = 0x106
    SENVCFG = 0x10A
    SSCRATCH = 0x140
    SEPC = 0x141
    SCAUSE = 0x142
    STVAL = 0x143
    SIP = 0x144
    STIMECMP = 0x14D
    SATP = 0x180
    # machine
    MVENDORID = 0xF11
    MARCHID = 0xF12
    MIMPID = 0xF13
    MHARTID = 0xF14
    MSTATUS = 0x300
    MISA = 0x301
    MEDELEG = 0x302
    MIDELEG = 0x303
    MIE = 0x304
    MTVEC = 0x305
    MCOUNTEREN = 0x306
    MENVCFG = 0x30A
    MCOUNTINHIBIT = 0x320
    MSCRATCH = 0x340
    MEPC = 0x341
    MCAUSE = 0x342
    MTVAL = 0x343
    MIP = 0x344
    PMPCFG0 = 0x3A0
    PMPCFG2 = 0x3A2
    PMPADDR0 = 0x3B0
    PMPADDR1 = 0x3B1
    PMPADDR2 = 0x3B2
    PMPADDR3 = 0x3B3
    MCYCLE = 0xB00
    MINSTRET = 0xB02


def _only_on_riscv(name: str) -> NoReturn:
    raise OnlyOnRiscV(f"{name}() is an instruction of the emulated CPU: it cannot run under CPython")


# ---- registers ----
zero, ra, sp = Register("zero"), Register("ra"), Register("sp")
gp, tp = Register("gp"), Register("tp")
t0, t1, t2 = Register("t0"), Register("t1"), Register("t2")
s0, s1 = Register("s0"), Register("s1")
a0, a1, a2, a3 = Register("a0"), Register("a1"), Register("a2"), Register("a3")
a4, a5, a6, a7 = Register("a4"), Register("a5"), Register("a6"), Register("a7")
s2, s3, s4 = Register("s2"), Register("s3"), Register("s4")
s5, s6 = Register("s5"), Register("s6")
s7, s8, s9 = Register("s7"), Register("s8"), Register("s9")
s10, s11 = Register("s10"), Register("s11")
t3, t4, t5, t6 = Register("t3"), Register("t4"), Register("t5"), Register("t6")
fp = s0  # the frame pointer: every function keeps one
REGISTERS = (
    *(zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5),
    *(a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6),
)  # x0 to x31, so that an @assembly function can save them in a loop
FLOAT_REGISTERS = (
    *(FloatRegister(f"ft{i}") for i in range(8)),
    *(FloatRegister("fs0"), FloatRegister("fs1")),
    *(FloatRegister(f"fa{i}") for i in range(8)),
    *(FloatRegister(f"fs{i}") for i in range(2, 12)),
    *(FloatRegister(f"ft{i}") for i in range(8, 12)),
)  # f0 to f31


# ---- one instruction, in place: for ordinary guest functions ----
def csr_read(csr: int) -> u64:
    """The value of a control register; `csr` is a constant of CSR."""
    _only_on_riscv("csr_read")


def csr_write(csr: int, value: u64) -> None:
    """Write a control register; `csr` is a constant of CSR."""
    _only_on_riscv("csr_write")


def csr_set(csr: int, bits: u64) -> None:
    """Set those bits of a control register, leaving the others."""
    _only_on_riscv("csr_set")


def csr_clear(csr: int, bits: u64) -> None:
    """Clear those bits of a control register, leaving the others."""
    _only_on_riscv("csr_clear")


def csr_swap(csr: int, value: u64) -> u64:
    """Write a control register and give what was in it before, in one step."""
    _only_on_riscv("csr_swap")


def sfence_vma_address(address: u64) -> None:
    """Forget the translations of the page that holds this virtual address, in all address spaces."""
    _only_on_riscv("sfence_vma_address")


def frame_pointer() -> u64:
    """The frame pointer (s0) of this function: its return address lies at -8, its caller's frame pointer at -16."""
    _only_on_riscv("frame_pointer")


def return_address() -> u64:
    """Where the function it is called in returns to (of the surrounding function, if this one is inlined)."""
    _only_on_riscv("return_address")


def stack_pointer() -> u64:
    """The stack pointer (sp)."""
    _only_on_riscv("stack_pointer")


def thread_pointer() -> u64:
    """The thread pointer (tp): the address of this thread's block of PerThread variables."""
    _only_on_riscv("thread_pointer")


def set_thread_pointer(address: u64) -> None:
    """Make tp point to another block of PerThread variables."""
    _only_on_riscv("set_thread_pointer")


# ---- both: in place in ordinary functions, and mnemonics in @assembly functions (there, ecall takes no arguments) ----
def ecall(*arguments: u64) -> tuple[u64, u64]:
    """Ask the next more privileged mode: up to eight arguments in a0 to a7, results from a0 and a1."""
    _only_on_riscv("ecall")


def ebreak() -> None:
    """Raise a breakpoint exception."""
    _only_on_riscv("ebreak")


def wfi() -> None:
    """Wait until an interrupt is pending, enabled or not."""
    _only_on_riscv("wfi")


def fence(before: str = "iorw", after: str = "iorw") -> None:
    """Order memory and device accesses before it with those after it; only @assembly may name other sets."""
    _only_on_riscv("fence")


def fence_i() -> None:
    """Make stores into code visible to this hart's instruction fetch."""
    _only_on_riscv("fence_i")


def sfence_vma(address: Register = zero, address_space: Register = zero) -> None:
    """Forget all translations; in @assembly, registers may hold one address and one address space identifier."""
    _only_on_riscv("sfence_vma")


# ---- mnemonics of @assembly functions ----
# register with register
add = ThreeRegisters("add", "rd = rs1 + rs2")
sub = ThreeRegisters("sub", "rd = rs1 - rs2")
and_ = ThreeRegisters("and", "rd = rs1 & rs2")
or_ = ThreeRegisters("or", "rd = rs1 | rs2")
xor = ThreeRegisters("xor", "rd = rs1 ^ rs2")
sll = ThreeRegisters("sll", "rd = rs1 << (rs2 & 63)")
srl = ThreeRegisters("srl", "rd = rs1 >> (rs2 & 63), unsigned")
sra = ThreeRegisters("sra", "rd = rs1 >> (rs2 & 63), signed")
slt = ThreeRegisters("slt", "rd = rs1 < rs2, signed")
sltu = ThreeRegisters("sltu", "rd = rs1 < rs2, unsigned")
addw = ThreeRegisters("addw", "rd = rs1 + rs2, 32 bits")
subw = ThreeRegisters("subw", "rd = rs1 - rs2, 32 bits")
sllw = ThreeRegisters("sllw", "rd = rs1 << (rs2 & 31), 32 bits")
srlw = ThreeRegisters("srlw", "rd = rs1 >> (rs2 & 31), 32 bits unsigned")
sraw = ThreeRegisters("sraw", "rd = rs1 >> (rs2 & 31), 32 bits signed")
mul = ThreeRegisters("mul", "rd = rs1 * rs2, low half")
mulh = ThreeRegisters("mulh", "rd = rs1 * rs2, high half, signed")
mulhsu = ThreeRegisters("mulhsu", "rd = rs1 * rs2, high half, signed with unsigned")
mulhu = ThreeRegisters("mulhu", "rd = rs1 * rs2, high half, unsigned")
div = ThreeRegisters("div", "rd = rs1 / rs2, signed, towards zero")
divu = ThreeRegisters("divu", "rd = rs1 / rs2, unsigned")
rem = ThreeRegisters("rem", "rd = rs1 % rs2, signed, sign of rs1")
remu = ThreeRegisters("remu", "rd = rs1 % rs2, unsigned")
mulw = ThreeRegisters("mulw", "rd = rs1 * rs2, 32 bits")
divw = ThreeRegisters("divw", "rd = rs1 / rs2, 32 bits signed")
divuw = ThreeRegisters("divuw", "rd = rs1 / rs2, 32 bits unsigned")
remw = ThreeRegisters("remw", "rd = rs1 % rs2, 32 bits signed")
remuw = ThreeRegisters("remuw", "rd = rs1 % rs2, 32 bits unsigned")

# register with number
addi = Immediate("addi", "rd = rs1 + value, -2048 to 2047")
andi = Immediate("andi", "rd = rs1 & value")
ori = Immediate("ori", "rd = rs1 | value")
xori = Immediate("xori", "rd = rs1 ^ value")
slti = Immediate("slti", "rd = rs1 < value, signed")
sltiu = Immediate("sltiu", "rd = rs1 < value, unsigned")
slli = Immediate("slli", "rd = rs1 << value, 0 to 63")
srli = Immediate("srli", "rd = rs1 >> value, unsigned")
srai = Immediate("srai", "rd = rs1 >> value, signed")
addiw = Immediate("addiw", "rd = rs1 + value, 32 bits")
slliw = Immediate("slliw", "rd = rs1 << value, 32 bits, 0 to 31")
srliw = Immediate("srliw", "rd = rs1 >> value, 32 bits unsigned")
sraiw = Immediate("sraiw", "rd = rs1 >> value, 32 bits signed")
lui = Upper("lui", "rd = value << 12, sign-extended from 32 bits")
auipc = Upper("auipc", "rd = pc + (value << 12)")

# memory
lb = Load("lb", "8 bits, sign-extended")
lh = Load("lh", "16 bits, sign-extended")
lw = Load("lw", "32 bits, sign-extended")
ld = Load("ld", "64 bits")
lbu = Load("lbu", "8 bits")
lhu = Load("lhu", "16 bits")
lwu = Load("lwu", "32 bits")
sb = Store("sb", "8 bits")
sh = Store("sh", "16 bits")
sw = Store("sw", "32 bits")
sd = Store("sd", "64 bits")
flw = FloatLoad("flw", "single")
fld = FloatLoad("fld", "double")
fsw = FloatStore("fsw", "single")
fsd = FloatStore("fsd", "double")
fmv_w_x = FloatFromInteger("fmv.w.x", "32 bits")
fmv_d_x = FloatFromInteger("fmv.d.x", "64 bits")
fmv_x_w = IntegerFromFloat("fmv.x.w", "32 bits, sign-extended")
fmv_x_d = IntegerFromFloat("fmv.x.d", "64 bits")

# atomic memory operations: rd = what was there; memory at the address = that, combined with rs
lr_w = LoadReserved("lr.w", "load and reserve")
lr_d = LoadReserved("lr.d", "load and reserve")
sc_w = Atomic("sc.w", "store if still reserved; rd = 0 if it was")
sc_d = Atomic("sc.d", "store if still reserved; rd = 0 if it was")
amoswap_w = Atomic("amoswap.w", "swap, 32 bits")
amoswap_d = Atomic("amoswap.d", "swap, 64 bits")
amoadd_w = Atomic("amoadd.w", "add, 32 bits")
amoadd_d = Atomic("amoadd.d", "add, 64 bits")
amoxor_w = Atomic("amoxor.w", "exclusive or, 32 bits")
amoxor_d = Atomic("amoxor.d", "exclusive or, 64 bits")
amoand_w = Atomic("amoand.w", "and, 32 bits")
amoand_d = Atomic("amoand.d", "and, 64 bits")
amoor_w = Atomic("amoor.w", "or, 32 bits")
amoor_d = Atomic("amoor.d", "or, 64 bits")
amomin_w = Atomic("amomin.w", "signed minimum, 32 bits")
amomin_d = Atomic("amomin.d", "signed minimum, 64 bits")
amomax_w = Atomic("amomax.w", "signed maximum, 32 bits")
amomax_d = Atomic("amomax.d", "signed maximum, 64 bits")
amominu_w = Atomic("amominu.w", "unsigned minimum, 32 bits")
amominu_d = Atomic("amominu.d", "unsigned minimum, 64 bits")
amomaxu_w = Atomic("amomaxu.w", "unsigned maximum, 32 bits")
amomaxu_d = Atomic("amomaxu.d", "unsigned maximum, 64 bits")

# control flow
beq = Branch("beq", "if rs1 == rs2")
bne = Branch("bne", "if rs1 != rs2")
blt = Branch("blt", "if rs1 < rs2, signed")
bge = Branch("bge", "if rs1 >= rs2, signed")
bltu = Branch("bltu", "if rs1 < rs2, unsigned")
bgeu = Branch("bgeu", "if rs1 >= rs2, unsigned")
bgt = Branch("bgt", "if rs1 > rs2, signed")
ble = Branch("ble", "if rs1 <= rs2, signed")
bgtu = Branch("bgtu", "if rs1 > rs2, unsigned")
bleu = Branch("bleu", "if rs1 <= rs2, unsigned")
beqz = BranchZero("beqz", "if rs == 0")
bnez = BranchZero("bnez", "if rs != 0")
bltz = BranchZero("bltz", "if rs < 0")
bgez = BranchZero("bgez", "if rs >= 0")
bgtz = BranchZero("bgtz", "if rs > 0")
blez = BranchZero("blez", "if rs <= 0")
j = Jump("j", "go to a label")
jal = JumpAndLink("jal", "go to a label, rd = return address")
jr = OneRegister("jr", "go to the address in rs")
jalr = Load("jalr", "go to offset + base, rd = return address")
ret = Leave("ret", "go to the address in ra")
call = ToSymbol("call", "call any function of the image")
tail = ToSymbol("tail", "go to any function of the image (clobbers t1)")

# control registers
csrrw = CsrRegister("csrrw", "rd = csr; csr = rs")
csrrs = CsrRegister("csrrs", "rd = csr; csr |= rs")
csrrc = CsrRegister("csrrc", "rd = csr; csr &= ~rs")
csrrwi = CsrValue("csrrwi", "rd = csr; csr = value")
csrrsi = CsrValue("csrrsi", "rd = csr; csr |= value")
csrrci = CsrValue("csrrci", "rd = csr; csr &= ~value")
csrr = CsrToRegister("csrr", "rd = csr")
csrw = RegisterToCsr("csrw", "csr = rs")
csrs = RegisterToCsr("csrs", "csr |= rs")
csrc = RegisterToCsr("csrc", "csr &= ~rs")
csrwi = ValueToCsr("csrwi", "csr = value")
csrsi = ValueToCsr("csrsi", "csr |= value")
csrci = ValueToCsr("csrci", "csr &= ~value")
frcsr = ToRegister("frcsr", "rd = fcsr")
fscsr = OneRegister("fscsr", "fcsr = rs")
rdcycle = ToRegister("rdcycle", "rd = cycle")
rdtime = ToRegister("rdtime", "rd = time")
rdinstret = ToRegister("rdinstret", "rd = instret")

# privileged and other
sret = Leave("sret", "return from a supervisor trap")
mret = Leave("mret", "return from a machine trap")
fence_tso = Bare("fence.tso", "order all but stores before loads")
nop = Bare("nop", "nothing")
unimp = Bare("unimp", "an illegal instruction, for ever")

# pseudo-instructions
mv = TwoRegisters("mv", "rd = rs")
not_ = TwoRegisters("not", "rd = ~rs")
neg = TwoRegisters("neg", "rd = -rs")
negw = TwoRegisters("negw", "rd = -rs, 32 bits")
sext_w = TwoRegisters("sext.w", "rd = low 32 bits of rs, signed")
seqz = TwoRegisters("seqz", "rd = rs == 0")
snez = TwoRegisters("snez", "rd = rs != 0")
sltz = TwoRegisters("sltz", "rd = rs < 0")
sgtz = TwoRegisters("sgtz", "rd = rs > 0")
li = LoadConstant("li", "rd = value, one to eight instructions")
la = LoadAddress("la", "rd = address of a label or symbol")

# labels and data
label = Jump("label", "name this place")
word = Number("word", "32 bits of data")
dword = Number("dword", "64 bits of data")
align = Number("align", "nops up to a multiple of value bytes, a power of two")
