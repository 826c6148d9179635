"""A user program on Unicorn alone: no kernel, no hooks but the one for its system calls, no counting.

It is what the board is compared with: the same image, its segments at their addresses, machine mode, no translation.
"""

import struct
from io import BytesIO

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import riscv_const as reg

from atoll.abi.address_space import ARGUMENTS, PAGE_SIZE, STACK, STACK_END
from atoll.abi.calls import Call
from atoll.abi.programs import Ask
from atoll.benchmarks.stopwatch import Stopwatch

NEVER = (1 << 64) - 1                           # an address that is never executed
SEGMENT = struct.Struct("<2Q")                  # how a Transfer begins: address and size of what is sent
CODE_CACHE = 8 << 20                            # bytes, as the board's CPU has


def run_plain(elf: bytes, stopwatch: Stopwatch) -> None:
    """Run a program to its end, its output going to `stopwatch`."""
    engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
    engine.ctl_set_tcg_buffer_size(CODE_CACHE)
    image = ELFFile(BytesIO(elf))
    for segment in image.iter_segments("PT_LOAD"):
        map_segment(engine, segment["p_vaddr"], segment["p_memsz"], segment.data())
    engine.mem_map(STACK, STACK_END - STACK)
    engine.mem_map(ARGUMENTS, PAGE_SIZE)
    engine.reg_write(reg.UC_RISCV_REG_SP, STACK_END)

    def system_call(engine: unicorn.Uc, _cause: int, _data: object) -> None:
        number = engine.reg_read(reg.UC_RISCV_REG_A7)
        if number == Call.CALL and engine.reg_read(reg.UC_RISCV_REG_A1) == Ask.WRITE:
            transfer = engine.mem_read(engine.reg_read(reg.UC_RISCV_REG_A5), SEGMENT.size)
            stopwatch.put(bytes(engine.mem_read(*SEGMENT.unpack(transfer))))
            for answer in (reg.UC_RISCV_REG_A0, reg.UC_RISCV_REG_A5, reg.UC_RISCV_REG_A6):
                engine.reg_write(answer, 0)
        else:
            engine.emu_stop()

    engine.hook_add(unicorn.UC_HOOK_INTR, system_call)
    engine.emu_start(image["e_entry"], NEVER)


def map_segment(engine: unicorn.Uc, address: int, size: int, data: bytes) -> None:
    """Map the pages of a segment and fill them; no two segments share a page."""
    start = address // PAGE_SIZE * PAGE_SIZE
    end = -(-(address + size) // PAGE_SIZE) * PAGE_SIZE
    engine.mem_map(start, end - start)
    engine.mem_write(address, data)
