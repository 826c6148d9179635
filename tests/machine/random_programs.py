"""Random programs in user mode, with faults, calls, timer interrupts and jumps into the void, below a tiny kernel.

The kernel steps over what traps, answers a failed fetch by returning to `ra`, takes timer interrupts at a random
period, and powers off when the program asks for it.
"""

from random import Random
from typing import Any

from tests.machine.guest import FINISHER, RAM, SATP, SCAUSE, SEPC, SIE, STVEC, kernel, sbi

DATA = RAM + 0x40_0000
SAVED = RAM + 0x38_0000
TABLE = RAM + 0x30_0000
FREE = ("a0", "a1", "a2", "a3", "a4", "a5", "s2", "s3", "s4", "s5", "t0", "t1", "t2")
END = 93
USER_OFFSET = 0x8000_0000  # with paging, the program sees RAM this much higher
LEAF_KERNEL, LEAF_USER = 0xCF, 0xDF  # V R W X A D, without and with U
ALU = ("add", "sub", "xor", "or_", "and_", "sll", "srl", "slt", "mul", "div", "remu", "addw")


def random_program(random: Random, length: int = 60, paging: bool = False, period: int = 0) -> bytes:
    """An ELF. `period` is that of the timer, in ticks of the time base; 0 for none."""

    def body(a: Any) -> None:
        _start(a, paging, period)
        _handler(a, period)
        _user(a, random, length, DATA + USER_OFFSET if paging else DATA)

    return kernel(body)


def _start(a: Any, paging: bool, period: int) -> None:
    a.la("t0", "handler")
    a.csrw(STVEC, "t0")
    if paging:
        a.li("t0", TABLE)
        a.li("t1", LEAF_KERNEL)  # the first gigabyte: devices
        a.sd("t1", 0, "t0")
        a.li("t1", RAM >> 12 << 10 | LEAF_KERNEL)
        a.sd("t1", (RAM >> 30) * 8, "t0")
        a.li("t1", RAM >> 12 << 10 | LEAF_USER)
        a.sd("t1", (RAM + USER_OFFSET >> 30) * 8, "t0")
        a.li("t0", 8 << 60 | TABLE >> 12)
        a.csrw(SATP, "t0")
        a.sfence_vma()
    if period:
        a.li("t0", 1 << 5)
        a.csrw(SIE, "t0")
        sbi(a, 0x5449_4D45, a0=period)
    a.la("t0", "user")
    a.li("t1", USER_OFFSET if paging else 0)
    a.add("t0", "t0", "t1")
    a.csrw(SEPC, "t0")
    a.sret()


def _handler(a: Any, period: int) -> None:
    a.align(4)
    a.label("handler")
    a.csrr("t6", SCAUSE)
    a.blt("t6", "zero", "timer")
    a.li("t5", 8)
    a.beq("t6", "t5", "call")
    a.label("next")
    for cause in (1, 12):
        a.li("t5", cause)
        a.beq("t6", "t5", "fetch")
    a.csrr("t6", SEPC)
    a.addi("t6", "t6", 4)
    a.csrw(SEPC, "t6")
    a.sret()
    a.label("fetch")
    a.csrw(SEPC, "ra")
    a.sret()
    a.label("call")
    a.li("t5", END)
    a.bne("a7", "t5", "next")
    a.li("t5", FINISHER)
    a.li("t6", 0x5555)
    a.sw("t6", 0, "t5")
    a.label("stay")
    a.j("stay")
    a.label("timer")
    a.li("t5", SAVED)
    for index, register in enumerate(("a0", "a1", "a6", "a7")):
        a.sd(register, 8 * index, "t5")
    a.rdtime("a0")
    a.addi("a0", "a0", period)
    a.li("a7", 0x5449_4D45)
    a.li("a6", 0)
    a.ecall()
    a.li("t5", SAVED)
    for index, register in enumerate(("a0", "a1", "a6", "a7")):
        a.ld(register, 8 * index, "t5")
    a.sret()


def _user(a: Any, random: Random, length: int, data: int) -> None:
    a.label("user")
    a.li("gp", data)
    a.li("a7", 0)
    for register in FREE:
        a.li(register, random.randrange(1 << 20))
    rounds = random.randrange(2, 12)
    a.li("s6", rounds)
    a.label("round")
    for step in range(length):
        if random.random() < 0.15:
            a.label(f"at{step}")
        _random_step(a, random, step, length)
    a.label("out")
    a.addi("s6", "s6", -1)
    a.bne("s6", "zero", "round")
    a.li("a7", END)
    a.ecall()


def _random_step(a: Any, random: Random, step: int, length: int) -> None:
    pick = random.random()
    first, second, third = (random.choice(FREE) for _ in range(3))
    if pick < 0.45:
        getattr(a, random.choice(ALU))(first, second, third)
    elif pick < 0.65:
        offset = random.randrange(-2048, 2040)
        getattr(a, random.choice(("ld", "lw", "lbu", "sd", "sw", "sb")))(first, offset, "gp")
    elif pick < 0.72:  # into the void, most of the time
        getattr(a, random.choice(("ld", "sd", "lhu", "sh")))(first, random.randrange(-100, 100), second)
    elif pick < 0.76:
        a.amoadd_d(first, second, random.choice((third, "gp")))
    elif pick < 0.84:  # skip some
        a.beq(first, second, "out")
        a.bltu(first, second, f"skip{step}")
        a.xor(first, second, third)
        a.label(f"skip{step}")
    elif pick < 0.87:
        a.ecall()
    elif pick < 0.90:
        a.ebreak()
    elif pick < 0.93:
        a.word(random.choice((0, 0xFFFF_FFFF, 0x3020_0073, 0x1050_0073)))  # illegal, illegal, mret, wfi
    elif pick < 0.96:
        a.rdtime(first)
    else:
        a.jalr("ra", 0, second)
