"""System calls: each takes the caller's frame and returns the frame to go on with.

A wrong argument is the caller's mistake: the call is refused, and nothing else happens.
"""

from atoll.abi.calls import MAX_STATUS, MAX_WRITE, Call, Refusal
from atoll.abi.raw import address_of, view
from atoll.abi.types import u64
from atoll.kernel import console, fault, paging, program, timer, user_memory
from atoll.kernel.entry import TrapFrame
from atoll.userland.runtime.errors import RECORD_SIZE, ErrorRecord

CALL_SIZE = 4  # bytes of the ecall instruction


def handle_call(frame: TrapFrame) -> TrapFrame:
    """The number is in a7; refusal and value go to a0 and a1."""
    match frame.a7:
        case Call.EXIT:
            return program.end(min(frame.a0, MAX_STATUS))
        case Call.REPORT_ERROR:
            return report_error(frame)
        case Call.WRITE:
            return write(frame)
        case Call.CLOCK:
            return answer(frame, timer.nanoseconds())
        case Call.TICKS:
            return answer(frame, timer.clock.ticks)
    return refuse(frame, Refusal.NO_SUCH_CALL)


def answer(frame: TrapFrame, value: u64) -> TrapFrame:
    """The call succeeded; the program goes on behind it."""
    frame.a0 = Refusal.NONE
    frame.a1 = value
    frame.pc += CALL_SIZE
    return frame


def refuse(frame: TrapFrame, refusal: u64) -> TrapFrame:
    """The call did nothing; the program goes on behind it."""
    frame.a0 = refusal
    frame.a1 = 0
    frame.pc += CALL_SIZE
    return frame


def write(frame: TrapFrame) -> TrapFrame:
    """Write a program's bytes to the console, page by page."""
    root = program.running.root
    address, size = frame.a0, frame.a1
    if size > MAX_WRITE:
        return refuse(frame, Refusal.TOO_LONG)
    if not user_memory.can_read(root, address, size):
        return refuse(frame, Refusal.BAD_ADDRESS)
    done: u64 = 0
    while done < size:
        part = user_memory.part_of_page(address + done, size - done)
        console.write_console(view(user_memory.reach(root, address + done, paging.READ), part))
        done += part
    return answer(frame, size)


def report_error(frame: TrapFrame) -> TrapFrame:
    """The program ends with an error that it did not catch."""
    record = ErrorRecord()
    if not user_memory.can_read(program.running.root, frame.a0, RECORD_SIZE):
        return refuse(frame, Refusal.BAD_ADDRESS)
    user_memory.copy_from_user(program.running.root, frame.a0, address_of(record), RECORD_SIZE)
    return fault.stop_with_error(record)
