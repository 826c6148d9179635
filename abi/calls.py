"""System calls: their numbers, arguments and results, and why one is refused.

The number goes into a7, arguments into a0 and up; `ecall`. a0 comes back as a `Status`, results in a1 and up, as each
call's line says; all other registers are as before. There are two exceptions: REPLY_RECEIVE that had to wait leaves
a7 as RECEIVE, and a call that is done in parts (MEMORY_COPY, MAP, UNMAP, PROTECT) leaves in its arguments what it had
still to do, which after NO_MEMORY or a fault tells how far it came. Any other call that is refused has changed nothing,
but for a CALL that was answered when its buffer was not to be had (BAD_ADDRESS). Codes come in ranges, so that a stray
number tells where it comes from.
"""

from enum import IntEnum, IntFlag


class Call(IntEnum):
    """What a program can ask of the kernel. By each: arguments -> results behind the status."""

    # ---- 0x00: nothing, time, the whole machine ----
    NOTHING = 0x00  # -> ; the shortest call there is
    CLOCK = 0x01  # -> a1 nanoseconds since the machine was switched on
    SLEEP = 0x02  # a0 nanoseconds ->
    YIELD = 0x03  # -> ; others of the same priority have their turn first
    STATISTICS = 0x04  # a0 address of a Statistics ->
    DEBUG_WRITE = 0x05  # a0 machine handle, a1 address, a2 bytes -> ; to the boot console, at most MAX_DEBUG_WRITE

    # ---- 0x10: messages. words: a1 to a4; a5: address of a Transfer, or 0 for none of what it says ----
    CALL = 0x10  # a0 gate, words, a5 transfer -> words, a5 handle or 0, a6 bytes in the buffer; with BAD_ADDRESS there
    #              was an answer, words and handle are there, but its bytes had nowhere to go
    SEND = 0x11  # a0 gate, words, a5 transfer -> ; waits until a receiver has taken the message
    RECEIVE = 0x12  # a0 port or set, a5 transfer -> words, a5 handle or 0, a6 bytes | Message kind << 32,
    #                 t0 badge, t1 reply handle or 0, t2 the port's label
    REPLY = 0x13  # a0 reply handle, words, a5 transfer -> ; refused with CALLER_GONE, the handle is used up
    REPLY_RECEIVE = 0x14  # a0 port or set, words, a5 transfer (what it sends is the reply's, its buffer and time-out
    #                       for receiving), a6 reply handle -> as RECEIVE; if the reply is refused, nothing is received
    #                       (WOULD_BLOCK, TIMED_OUT, CANCELLED: the reply was given)
    NOTIFY = 0x15  # a0 gate, a1 bits -> ; never waits: the bits are added to those that the port has pending
    CANCEL = 0x16  # a0 thread -> ; what it waits for is refused with CANCELLED; NOT_WAITING if it does not wait
    CALL_TAKE = 0x17  # a0 thread (stopped, waits for a reply), a5 transfer (buffer and time-out) -> as CALL; the
    #                   thread's call counts as ended, if it is resumed it begins again
    CALL_AWAIT = 0x18  # a0 thread (stopped, waits for nothing), a1 address of its buffer, a2 bytes, a3 time-out
    #                    -> a1 reply handle: with the reply the thread goes on behind the call at its pc

    # ---- 0x20: handles ----
    HANDLE_CLOSE = 0x20  # a0 handle -> ; a port's: the port is destroyed; a reply's: the caller gets REPLY_DROPPED
    HANDLE_DUPLICATE = 0x21  # a0 handle, a1 rights (among those it has) -> a1 handle
    HANDLE_INSTALL = 0x22  # a0 process, a1 own handle, which moves, a2 its value there, or 0 for the next that is free
    #                        -> a1 its value there. Values of a table are to be installed from the lowest place to the
    #                        highest (NO_ROOM: there are more than 256 free places in front; IN_USE: it is taken)
    HANDLE_TAKE = 0x23  # a0 process, a1 a handle of that process, which moves -> a1 own handle
    HANDLE_LIST = 0x24  # a0 process, a1 first index, a2 address of HandleInfo records, a3 how many at most
    #                     -> a1 how many, a2 index to go on from (0: that was all), a3 highest generation among the
    #                     places looked at, free ones included
    MOVE_RIGHTS = 0x25  # a0 from process (0: the caller's own), a1 to process, a2 address of handles (u64), a3 how many
    #                     -> ; all move or none, and the array then holds their values there
    INFO = 0x26  # a0 handle, a1 address of an Info -> ; kind and rights; words of some kinds

    # ---- 0x30: ports, gates, sets ----
    PORT_CREATE = 0x30  # a0 label -> a1 port handle; RECEIVE gives the label in t2
    GATE_MINT = 0x31  # a0 port or a gate with MANAGE, a1 badge, a2 MintFlags -> a1 gate handle; with SHARED a1 is any
    #                   handle of a gate of that port: another one to send through it (DEAD: the last one is gone)
    GATE_REVOKE = 0x32  # a0 port, a1 badge -> ; all send handles of that badge are dead at once
    SET_CREATE = 0x33  # a0 process (0: the caller's own), a1 the handle's value there, or 0 -> a1 set handle
    SET_ADD = 0x34  # a0 set, a1 port, a2 process whose handles these are (0: the caller's own) ->
    SET_REMOVE = 0x35  # a0 set, a1 port ->
    PORT_LABEL = 0x36  # a0 port, a1 label -> ; a port that was inherited or moved gets a label of its new receiver
    GATE_NEXT = 0x37  # a0 port, a1 any handle of one of its gates, or 0 -> a1 a handle of the gate behind it, or of the
    #                   first; 0: there is none (BAD_ARGUMENT: that gate is unused, which is still to be told)

    # ---- 0x40: memory; sizes and offsets in pages, addresses in bytes ----
    MEMORY_CREATE = 0x40  # a0 pages -> a1 memory handle; zeros, charged at once
    MEMORY_READ = 0x41  # a0 memory, a1 offset in bytes, a2 address, a3 bytes, at most MAX_SEGMENT ->
    MEMORY_WRITE = 0x42  # a0 memory, a1 offset in bytes, a2 address, a3 bytes, at most MAX_SEGMENT ->
    MEMORY_COPY = 0x43  # a0 to memory, a1 to offset, a2 from memory, a3 from offset, a4 pages ->
    MEMORY_DESTROY = 0x44  # a0 memory (MANAGE) -> ; unmapped wherever it is, its pages are free again
    MAP = 0x45  # a0 process, a1 memory, a2 offset, a3 address, a4 pages, a5 rights (READ, WRITE, EXECUTE) ->
    UNMAP = 0x46  # a0 process, a1 address, a2 pages -> ; what is not mapped is passed over
    PROTECT = 0x47  # a0 process, a1 address, a2 pages, a3 rights (among those of the handle it was mapped with) ->
    TOUCHED = 0x48  # a0 process, a1 address, a2 pages (at most 64), a3 1 to clear -> a1 accessed, a2 written: bit i
    #                 is page i

    # ---- 0x50: processes ----
    PROCESS_CREATE = 0x50  # a0 pages of quota (out of the caller's), a1 pager gate or 0, a2 heir gate or 0 (both stay
    #                        the caller's), a3 generation that its handles' places begin with -> a1 process handle
    PROCESS_DESTROY = 0x51  # a0 process, a1 status that its heir is told ->
    PROCESS_EXIT = 0x52  # a0 status -> does not return
    PROCESS_READ = 0x53  # a0 process, a1 address there, a2 own address, a3 bytes, at most MAX_SEGMENT ->
    PROCESS_WRITE = 0x54  # a0 process, a1 address there, a2 own address, a3 bytes, at most MAX_SEGMENT ->
    PROCESS_QUOTA = 0x55  # a0 process, a1 pages -> ; its quota is that from now on; the difference is the caller's

    # ---- 0x60: threads ----
    THREAD_CREATE = 0x60  # a0 process, a1 pc (aligned to 4), a2 sp, a3 its a0, a4 priority (not above the caller's),
    #                       a5 its a1 -> a1 thread handle; it is stopped
    THREAD_RESUME = 0x61  # a0 thread ->
    THREAD_STOP = 0x62  # a0 thread -> ; a call in which it waits begins again at RESUME, one that waits for its reply
    #                     goes on waiting
    THREAD_GET = 0x63  # a0 thread, a1 address of Registers ->
    THREAD_SET = 0x64  # a0 thread (stopped), a1 address of Registers ->
    THREAD_DESTROY = 0x65  # a0 thread -> ; itself: as THREAD_EXIT with status 0
    THREAD_EXIT = 0x66  # a0 status -> does not return; the last thread ends the process with that status
    THREAD_PRIORITY = 0x67  # a0 thread, a1 priority (not above the caller's) ->
    THREAD_OPEN = 0x68  # a0 process, a1 serial number of one of its threads, a2 1: or, if there is none, the next
    #                     larger -> a1 thread handle

    # ---- 0x70: devices ----
    DEVICE_MEMORY = 0x70  # a0 machine, a1 physical address, a2 pages -> a1 memory handle
    INTERRUPT_CREATE = 0x71  # a0 machine, a1 source -> a1 interrupt handle
    INTERRUPT_BIND = 0x72  # a0 interrupt, a1 gate, a2 bits -> ; from now on it notifies that gate's port
    INTERRUPT_DONE = 0x73  # a0 interrupt -> ; it may come again
    DEVICE_ADDRESS = 0x74  # a0 a device's memory (WRITE), a1 memory (WRITE), a2 page -> a1 its physical address


class MintFlag(IntFlag):
    """How a gate is to be."""

    TELL_LAST = 1  # its port gets a LAST_HANDLE message when nobody has it any more
    MANAGE = 2  # who has it can mint other gates of its port, whoever receives there
    SHARED = 4  # no new gate: another handle of one that there is


class Status(IntEnum):
    """How a call ended."""

    OK = 0

    # ---- 0x10: the caller's mistakes ----
    NO_SUCH_CALL = 0x10  # no call has that number
    BAD_HANDLE = 0x11  # no handle has that value
    STALE_HANDLE = 0x12  # that handle was closed or has moved away
    WRONG_KIND = 0x13  # a handle of another kind of object
    NO_RIGHT = 0x14  # the handle lacks a right that this needs
    BAD_ADDRESS = 0x15  # some of the memory named is not the program's, or not aligned
    BAD_ARGUMENT = 0x16  # a number out of its range
    TOO_LONG = 0x17  # more bytes than fit the other side's buffer, or than MAX_SEGMENT
    NOT_STOPPED = 0x18  # only of a stopped thread
    NOT_WAITING = 0x19  # the thread waits for nothing
    IN_USE = 0x1A  # something is mapped there; the port is in a set; the interrupt exists; the thing is oneself
    NOT_BOTH = 0x1B  # memory is not to be written and executed

    # ---- 0x20: what there is not ----
    NO_MEMORY = 0x20  # the quota is used up
    NO_PEER_MEMORY = 0x21  # the receiver's quota is used up: no room for the handle, or to hold a reply
    NO_ROOM = 0x22  # the handle table is full

    # ---- 0x30: what others did ----
    DEAD = 0x30  # the handle's object was destroyed
    REVOKED = 0x31  # the gate was revoked
    PEER_DIED = 0x32  # the receiver has died; a1: its serial number
    REPLY_DROPPED = 0x33  # the reply handle was closed
    CALLER_GONE = 0x34  # whom the reply was for does not wait any more: time-out, cancelled, dead
    CANCELLED = 0x35  # by CANCEL
    TIMED_OUT = 0x36
    WOULD_BLOCK = 0x37  # nobody, or nothing, was waiting, and the time-out is 0


class Message(IntEnum):
    """What RECEIVE received."""

    CALL = 1  # there is a reply handle
    SEND = 2
    NOTIFICATION = 3  # word 0: the bits; badge 0
    FAULT = 4  # to a pager; words: cause | IN_CALL, address, pc, serial number of the thread. Reply: a FaultReply
    LAST_HANDLE = 5  # the last send handle of that badge is gone
    INHERITED = 6  # to an heir, one for each port and then each child of a dead process. handle: the port or child;
    #                word 0: serial number of the dead process, 1: the port's label or the child's serial number,
    #                2: Kind.PORT or Kind.PROCESS; badge: the heir gate's. (Without an heir the children end as well.)
    DEATH = 7  # to an heir, behind those; word 0: serial number of the process, 1: its status, 2: Death


class FaultReply(IntEnum):
    """Word 0 of the reply to a fault."""

    RETRY = 0  # the thread tries again
    REFUSE = 1  # with IN_CALL: the call is refused with BAD_ADDRESS; else as KILL
    KILL = 2  # the thread's process is destroyed with the status in word 1


class Death(IntEnum):
    """How a process ended."""

    EXITED = 0  # of itself, with that status
    DESTROYED = 1  # by who holds it, who gave the status
    FAULTED = 2  # by a fault that no pager handled; the status is the cause


IN_CALL = 1 << 32  # in a fault's cause: the kernel touched the address on behalf of a call

NO_TIMEOUT = 0xFFFF_FFFF_FFFF_FFFF
KIND_SHIFT = 32  # in a6 of RECEIVE: the Message kind is above the bytes
CALL_SIZE = 4  # bytes of the ecall instruction

# ---- limits ----
MAX_SEGMENT = 1 << 16  # bytes
MAX_MOVE = 96  # handles in one MOVE_RIGHTS
MAX_DEBUG_WRITE = 1 << 12  # bytes in one DEBUG_WRITE
MAX_TOUCHED = 64  # pages in one TOUCHED
PRIORITIES = 32  # 0 is the highest
