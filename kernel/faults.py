"""Faults: the thread that made one becomes a caller of its process's pager, and goes on when that replies.

The kernel makes a fault itself when a page that a call needs is not there; IN_CALL tells the pager so.
"""

from atoll.abi import causes
from atoll.abi.calls import IN_CALL, Death, FaultReply, Message, Status
from atoll.abi.objects import ThreadState
from atoll.abi.riscv import sfence_vma_address
from atoll.abi.types import u64
from atoll.kernel import delivery, held, paging, panic, ports, processes, scheduler, threads, user_memory, waiting
from atoll.kernel.objects import Process, Thread


def begin(thread: Thread, cause: u64, address: u64) -> Thread:
    """The running thread has made a fault; the thread to go on with."""
    if thread.process.dying:  # so that it has no memory
        threads.destroy(thread)
        return scheduler.choose()
    if cause == causes.ILLEGAL_INSTRUCTION and scheduler.give_floats(thread):
        return thread
    if access_of(cause) != 0 and is_harmless(thread.process, address, access_of(cause)):
        return thread
    send(thread, cause, address)
    return scheduler.choose()


def access_of(cause: u64) -> u64:
    """The right that a page fault is about; 0 for all other causes."""
    match cause:
        case causes.FETCH_PAGE_FAULT:
            return paging.EXECUTE
        case causes.LOAD_PAGE_FAULT:
            return paging.READ
        case causes.STORE_PAGE_FAULT:
            return paging.WRITE
    return 0


def is_harmless(process: Process, address: u64, access: u64) -> bool:
    """Whether the CPU only wanted the page's accessed or written bit set, or knew an older entry."""
    if user_memory.reach(process, address, access) == 0:
        return False
    sfence_vma_address(address)
    return True


def fetch_page(thread: Thread, address: u64, access: u64) -> None:
    """A page is missing of a thread that waits to send or to receive: then its call begins again."""
    waiting.withdraw(thread)
    send(thread, user_memory.cause_of(access), address)


def send(thread: Thread, cause: u64, address: u64) -> None:
    """Tell the pager."""
    thread.state = ThreadState.FAULTED
    thread.message = Message.FAULT
    thread.fault_cause = cause
    thread.fault_address = address
    tell_pager(thread)


def tell_pager(thread: Thread) -> None:
    """The fault that is noted in the thread goes to the port of its process's pager, or waits there."""
    gate = thread.process.pager
    if gate is None or gate.revoked or gate.port.head.dead:
        give_up(thread)
        return
    thread.badge = gate.badge
    try:
        receiver = delivery.offer(thread, gate.port)
    except Exception:
        panic.unexpected_error()  # only calls are refused
    if receiver is not None:
        scheduler.make_ready(receiver)
    elif thread.state == ThreadState.FAULTED:
        waiting.stand_in(gate.port.senders, thread)
        ports.wait_at(gate, thread)


def drop_reply(thread: Thread, pager_died: bool) -> None:
    """There will be no reply. The port of a pager that died may have an heir: the fault goes there once more."""
    thread.fault_reply = None
    if pager_died:
        tell_pager(thread)
    else:
        give_up(thread)


def resolve(thread: Thread, answer: u64, status: u64) -> None:
    """The pager has replied (its handle is closed by who calls this)."""
    thread.fault_reply = None
    if answer == FaultReply.RETRY:
        go_on(thread)
    elif answer == FaultReply.REFUSE and thread.fault_cause & IN_CALL != 0:
        give_up(thread)
    else:
        processes.kill(thread.process, status, Death.FAULTED)


def go_on(thread: Thread) -> None:
    """The thread tries again, or gets more of the reply that is held for it."""
    kept = thread.held
    if kept is None:
        scheduler.make_ready(thread)
    else:
        held.give(thread, kept)


def give_up(thread: Thread) -> None:
    """No pager helps: the call is refused, or there is nothing that the process could go on with."""
    if thread.fault_cause & IN_CALL != 0:
        waiting.end(thread, Status.BAD_ADDRESS)
    else:
        processes.kill(thread.process, thread.fault_cause, Death.FAULTED)
        threads.destroy(thread)
