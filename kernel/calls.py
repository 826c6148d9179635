"""System calls: from the number to the function. Each function takes the thread that asks and returns the thread to go
on with; a mistake of the caller is raised wherever it is found, and comes back to the caller from here.
"""

from atoll.abi.calls import Call, Status
from atoll.abi.types import noinline
from atoll.kernel import faults, handle_calls, info, memory_calls, messages, panic, process_calls, scheduler
from atoll.kernel.objects import Thread
from atoll.kernel.refusal import PageMissing, Refused
from atoll.kernel.waiting import finish


def handle(thread: Thread) -> Thread:
    """Do what the number in a7 says."""
    try:
        match thread.frame.a7:
            case Call.CALL:
                return messages.call(thread)
            case Call.REPLY_RECEIVE:
                return messages.reply_receive(thread)
            case Call.NOTHING:
                return finish(thread, Status.OK)
        return living(other_call(thread))
    except Refused as refusal:
        return finish(thread, refusal.status)
    except PageMissing as missing:
        return fetch(thread, missing)
    except Exception:  # all others are caught where they can come from
        panic.unexpected_error()


def living(thread: Thread) -> Thread:
    """The thread itself, or another if it has ended: whoever is his own pager can end himself with any call."""
    return thread if not thread.head.dead else scheduler.choose()


@noinline
def fetch(thread: Thread, missing: PageMissing) -> Thread:
    """The caller's pager is asked for the page."""
    return faults.begin(thread, missing.cause, missing.address)


@noinline
def other_call(thread: Thread) -> Thread:
    """The calls that need not be the fastest."""
    match thread.frame.a7:
        case Call.CLOCK:
            return process_calls.clock(thread)
        case Call.SLEEP:
            return process_calls.sleep(thread)
        case Call.YIELD:
            return process_calls.give_way(thread)
        case Call.STATISTICS:
            return info.statistics(thread)
        case Call.DEBUG_WRITE:
            return process_calls.debug_write(thread)
        case Call.SEND:
            return messages.send(thread)
        case Call.RECEIVE:
            return messages.receive(thread)
        case Call.REPLY:
            return messages.reply(thread)
        case Call.NOTIFY:
            return messages.notify(thread)
        case Call.CANCEL:
            return messages.cancel(thread)
        case Call.HANDLE_CLOSE:
            return handle_calls.close(thread)
        case Call.HANDLE_DUPLICATE:
            return handle_calls.duplicate(thread)
        case Call.HANDLE_INSTALL:
            return handle_calls.install(thread)
        case Call.HANDLE_TAKE:
            return handle_calls.take(thread)
        case Call.HANDLE_LIST:
            return info.list_handles(thread)
        case Call.MOVE_RIGHTS:
            return handle_calls.move_rights(thread)
        case Call.INFO:
            return info.info(thread)
        case Call.PORT_CREATE:
            return handle_calls.create_port(thread)
        case Call.GATE_MINT:
            return handle_calls.mint(thread)
        case Call.GATE_REVOKE:
            return handle_calls.revoke(thread)
        case Call.SET_CREATE:
            return handle_calls.create_set(thread)
        case Call.SET_ADD:
            return handle_calls.add_to_set(thread)
        case Call.SET_REMOVE:
            return handle_calls.remove_from_set(thread)
        case Call.PORT_LABEL:
            return handle_calls.label(thread)
        case Call.MEMORY_CREATE:
            return memory_calls.create(thread)
        case Call.MEMORY_READ:
            return memory_calls.read(thread)
        case Call.MEMORY_WRITE:
            return memory_calls.write(thread)
        case Call.MEMORY_COPY:
            return memory_calls.copy(thread)
        case Call.MEMORY_DESTROY:
            return memory_calls.destroy(thread)
        case Call.MAP:
            return memory_calls.map_pages(thread)
        case Call.UNMAP:
            return memory_calls.unmap(thread)
        case Call.PROTECT:
            return memory_calls.protect(thread)
        case Call.TOUCHED:
            return memory_calls.touched(thread)
        case Call.PROCESS_CREATE:
            return process_calls.create_process(thread)
        case Call.PROCESS_DESTROY:
            return process_calls.destroy_process(thread)
        case Call.PROCESS_EXIT:
            return process_calls.exit_process(thread)
        case Call.PROCESS_READ:
            return memory_calls.read_process(thread)
        case Call.PROCESS_WRITE:
            return memory_calls.write_process(thread)
        case Call.PROCESS_QUOTA:
            return process_calls.set_quota(thread)
        case Call.THREAD_CREATE:
            return process_calls.create_thread(thread)
        case Call.THREAD_RESUME:
            return process_calls.resume_thread(thread)
        case Call.THREAD_STOP:
            return process_calls.stop_thread(thread)
        case Call.THREAD_GET:
            return process_calls.get_registers(thread)
        case Call.THREAD_SET:
            return process_calls.set_registers(thread)
        case Call.THREAD_DESTROY:
            return process_calls.destroy_thread(thread)
        case Call.THREAD_EXIT:
            return process_calls.exit_thread(thread)
        case Call.THREAD_PRIORITY:
            return process_calls.set_priority(thread)
        case Call.THREAD_OPEN:
            return process_calls.open_thread(thread)
        case Call.DEVICE_MEMORY:
            return process_calls.device_memory(thread)
        case Call.INTERRUPT_CREATE:
            return process_calls.create_interrupt(thread)
        case Call.INTERRUPT_BIND:
            return process_calls.bind_interrupt(thread)
        case Call.INTERRUPT_DONE:
            return process_calls.interrupt_done(thread)
    raise Refused(Status.NO_SUCH_CALL)
