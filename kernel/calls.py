"""System calls: from the number to the function. Each function takes the thread that asks and returns the thread to go
on with; a mistake of the caller is raised wherever it is found, and comes back to the caller from here.
"""

from collections.abc import Callable

from atoll.abi.calls import Call, Status
from atoll.abi.types import Array, noinline
from atoll.kernel import faults, info, messages, panic, reaper, scheduler
from atoll.kernel import handle_calls as h
from atoll.kernel import memory_calls as m
from atoll.kernel import process_calls as p
from atoll.kernel.objects import Thread
from atoll.kernel.refusal import PageMissing, Refused
from atoll.kernel.waiting import finish


def none(thread: Thread) -> Thread:
    """No call has that number."""
    raise Refused(Status.NO_SUCH_CALL)


# By number, eight in a line: abi/calls.py has the ranges.
TABLE: Array[Callable[[Thread], Thread], 128] = Array((
    none, p.clock, p.sleep, p.give_way, info.statistics, p.debug_write, none, none,
    none, none, none, none, none, none, none, none,
    none, messages.send, messages.receive, messages.reply, none, messages.notify, messages.cancel, messages.take_call,
    messages.give_call, none, none, none, none, none, none, none,
    h.close, h.duplicate, h.install, h.take, info.list_handles, h.move_rights, info.info, none,
    none, none, none, none, none, none, none, none,
    h.create_port, h.mint, h.revoke, h.create_set, h.add_to_set, h.remove_from_set, h.label, h.next_gate,
    none, none, none, none, none, none, none, none,
    m.create, m.read, m.write, m.copy, m.destroy, m.map_pages, m.unmap, m.protect,
    m.touched, none, none, none, none, none, none, none,
    p.create_process, p.destroy_process, p.exit_process, m.read_process, m.write_process, p.set_quota, none, none,
    none, none, none, none, none, none, none, none,
    p.create_thread, p.resume_thread, p.stop_thread, p.get_registers, p.set_registers, p.destroy_thread, p.exit_thread,
    p.set_priority, p.open_thread, none, none, none, none, none, none, none,
    p.device_memory, p.create_interrupt, p.bind_interrupt, p.interrupt_done, p.device_address, none, none, none,
    none, none, none, none, none, none, none, none,
))  # fmt: skip


def handle(thread: Thread) -> Thread:
    """Do what the number in a7 says; the calls that have to be the fastest first."""
    try:
        match thread.frame.a7:
            case Call.CALL:
                return messages.call(thread)
            case Call.REPLY_RECEIVE:
                return messages.reply_receive(thread)
            case Call.NOTHING:
                return finish(thread, Status.OK)
        return other_call(thread)
    except Refused as refusal:
        if refusal.status == Status.NO_MEMORY and reaper.work():
            return thread  # memory was on its way back: the call begins again
        return finish(thread, refusal.status)
    except PageMissing as missing:
        return faults.begin(thread, missing.cause, missing.address)
    except Exception:
        panic.unexpected_error()  # all others are caught where they can come from


@noinline
def other_call(thread: Thread) -> Thread:
    """All other calls, and a step for what has ended by them; then whoever has the highest priority goes on."""
    number = thread.frame.a7
    after = TABLE[number](thread) if number < len(TABLE) else none(thread)
    reaper.work()
    return scheduler.reschedule(after)
