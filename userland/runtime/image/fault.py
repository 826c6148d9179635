"""A program that misbehaves: where and why, as Python would show it."""

from atoll.abi import causes
from atoll.abi.address_space import STACK, STACK_END, STACK_GUARD, STACK_SIZE
from atoll.abi.objects import Registers
from atoll.abi.raw import address_of, view
from atoll.abi.types import Array, Bytes, u32, u64
from atoll.userland.runtime.accesses import access_of, is_fetch
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Process
from atoll.userland.runtime.traceback import CALL_SIZE, Trail, print_trail

# ---- registers, by number ----
PC = 0
RA = 1
FRAME_POINTER = 8

# ---- a frame on the stack: where, below the frame pointer, its owner saved what ----
RETURN_ADDRESS = 8  # bytes
CALLER_FRAME = 16

# ---- instructions that say how far a function has come ----
OPCODE = 0x7F
WITHOUT_IMMEDIATE = 0x000F_FFFF
SET_FRAME_POINTER = 0x0001_0413  # addi s0, sp, ...
LOAD_RETURN_ADDRESS = 0x0001_3083  # ld ra, ...(sp)
RETURN = 0x0000_8067  # jalr zero, 0(ra)
BRANCH = 0x63
JUMP = 0x6F
JUMP_TO_REGISTER = 0x67
SYSTEM = 0x73  # ecall, sret, access to control registers
LOOK_AHEAD = 24  # instructions


def report(process: Process, serial: u64, cause: u64, address: u64, trace: Bytes) -> None:
    """The traceback of an exception of the CPU in that thread; `address` is what could not be accessed."""
    registers = Registers()
    thread = process.open_thread(serial)
    thread.read_registers(registers)
    thread.close()
    trail = Trail()
    follow_frames(process, registers, is_fetch(cause), trail)
    print_trail(trace, trail)
    print_cause(cause, address, read_instruction(process, registers.x[PC]))


# ---- the last line ----


def print_cause(cause: u64, address: u64, instruction: u64) -> None:
    """What the program did, in words."""
    if STACK_GUARD <= address < STACK and access_of(cause) != "":
        print(f"StackOverflow: the stack of {STACK_SIZE >> 10} KiB is used up")
    elif access_of(cause) != "":
        print(f"IllegalAccess: {access_of(cause)} address 0x{address:016x}")
    elif cause == causes.ILLEGAL_INSTRUCTION and instruction & OPCODE == SYSTEM:
        print(f"PrivilegedInstruction: 0x{instruction:08x} is not for user mode")
    elif cause == causes.ILLEGAL_INSTRUCTION:
        print(f"IllegalInstruction: 0x{instruction:08x}")
    elif cause == causes.BREAKPOINT:
        print("Breakpoint: ebreak without a debugger")
    else:
        print(f"CpuException: cause {cause}, address 0x{address:016x}")


# ---- the frames ----


def follow_frames(process: Process, registers: Registers, jumped_astray: bool, trail: Trail) -> None:
    """Collect where each function of a program is, from the innermost outwards. The stack may hold anything."""
    pc, back_in_register = registers.x[PC], registers.x[RA]
    trail.add(pc)
    if back_in_register >= CALL_SIZE and (jumped_astray or is_without_frame(process, pc)):
        trail.add(back_in_register - CALL_SIZE)
    pointer = registers.x[FRAME_POINTER]
    while STACK + CALLER_FRAME <= pointer <= STACK_END:
        caller = read64(process, pointer - CALLER_FRAME)
        back = read64(process, pointer - RETURN_ADDRESS)
        if caller <= pointer or back < CALL_SIZE:
            break  # frames only go up: a damaged chain ends
        if read64(process, caller - CALLER_FRAME) == 0:
            break  # the first function of all was made by the compiler, to call main: it has no source
        trail.add(back - CALL_SIZE)
        pointer = caller


def is_without_frame(process: Process, pc: u64) -> bool:
    """Whether the function at pc has no frame, or none yet, so that only register ra knows its caller.

    What follows tells: the frame pointer is yet to be set, or the function returns without loading ra from its frame.
    """
    for i in range(1, LOOK_AHEAD):
        instruction = read_instruction(process, pc + 4 * i)
        if instruction & WITHOUT_IMMEDIATE == SET_FRAME_POINTER or instruction == RETURN:
            return True
        if instruction & WITHOUT_IMMEDIATE == LOAD_RETURN_ADDRESS:
            return False
        if instruction & OPCODE in (0, BRANCH, JUMP, JUMP_TO_REGISTER):
            return False
    return False


def read64(process: Process, address: u64) -> u64:
    """A number of the program's; 0 if there is nothing to read."""
    value: Array[u64, 1] = Array()
    try:
        process.read(address, view(address_of(value), 8))
    except KernelError:
        return 0
    return value[0]


def read_instruction(process: Process, address: u64) -> u64:
    """An instruction; 0 (which is none) if there is nothing to read."""
    value: Array[u32, 1] = Array()
    try:
        process.read(address, view(address_of(value), 4))
    except KernelError:
        return 0
    return u64(value[0])
