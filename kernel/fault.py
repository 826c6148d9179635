"""A program that misbehaves: it is stopped, and the console shows where and why, as Python would."""

from atoll.abi import causes
from atoll.abi.address_space import STACK, STACK_END, STACK_GUARD, STACK_SIZE
from atoll.abi.types import Text, u64
from atoll.kernel import power, program, user_memory
from atoll.kernel.entry import TrapFrame
from atoll.userland.runtime.errors import ErrorRecord
from atoll.userland.runtime.traceback import CALL_SIZE, Trail, print_error, print_trail

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


def stop_with_error(record: ErrorRecord) -> TrapFrame:
    """An error that nobody caught; the frame to go on with."""
    print_error(program.running.trace, record)
    return program.end(power.MISBEHAVED)


def stop_program(frame: TrapFrame, cause: u64, address: u64) -> TrapFrame:
    """An exception of the CPU; `address` is what could not be accessed. The frame to go on with is returned."""
    trail = Trail()
    root = program.running.root
    follow_frames(frame, root, is_fetch(cause), trail)
    print_trail(program.running.trace, trail)
    print_cause(cause, address, user_memory.read_instruction(root, frame.pc))
    return program.end(power.MISBEHAVED)


def is_fetch(cause: u64) -> bool:
    """Whether there was no instruction to execute: the program has jumped astray."""
    return cause in (causes.FETCH_PAGE_FAULT, causes.FETCH_ACCESS, causes.FETCH_MISALIGNED)


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


def access_of(cause: u64) -> Text:
    """What was done to an address; empty if the cause is not about an access."""
    if is_fetch(cause):
        return "execute"
    if cause in (causes.LOAD_PAGE_FAULT, causes.LOAD_ACCESS, causes.LOAD_MISALIGNED):
        return "read"
    if cause in (causes.STORE_PAGE_FAULT, causes.STORE_ACCESS, causes.STORE_MISALIGNED):
        return "write"
    return ""


# ---- the frames ----


def follow_frames(frame: TrapFrame, root: u64, jumped_astray: bool, trail: Trail) -> None:
    """Collect where each function of a program is, from the innermost outwards. The stack may hold anything."""
    trail.add(frame.pc)
    if frame.ra >= CALL_SIZE and (jumped_astray or is_without_frame(root, frame.pc)):
        trail.add(frame.ra - CALL_SIZE)
    pointer = frame.s0
    while STACK + CALLER_FRAME <= pointer <= STACK_END:
        caller = user_memory.read64(root, pointer - CALLER_FRAME)
        back = user_memory.read64(root, pointer - RETURN_ADDRESS)
        if caller <= pointer or back < CALL_SIZE:
            break  # frames only go up: a damaged chain ends
        if user_memory.read64(root, caller - CALLER_FRAME) == 0:
            break  # the first function of all was made by the compiler, to call main: it has no source
        trail.add(back - CALL_SIZE)
        pointer = caller


def is_without_frame(root: u64, pc: u64) -> bool:
    """Whether the function at pc has no frame, or none yet, so that only register ra knows its caller.

    What follows tells: the frame pointer is yet to be set, or the function returns without loading ra from its frame.
    """
    for i in range(1, LOOK_AHEAD):
        instruction = user_memory.read_instruction(root, pc + 4 * i)
        if instruction & WITHOUT_IMMEDIATE == SET_FRAME_POINTER or instruction == RETURN:
            return True
        if instruction & WITHOUT_IMMEDIATE == LOAD_RETURN_ADDRESS:
            return False
        if instruction & OPCODE in (0, BRANCH, JUMP, JUMP_TO_REGISTER):
            return False
    return False
