"""What a handle can stand for, what it allows, and the records that calls read and write in a program's memory.

A handle is a 64-bit number: the index in the process's table in the low 16 bits, the generation of that place in the
next 32. 0 is no handle. All records are aligned to 8 bytes.
"""

from enum import IntEnum, IntFlag

from atoll.abi.types import Array, u64

NO_HANDLE = 0
INDEX_BITS = 16
GENERATION_BITS = 32


class Kind(IntEnum):
    """Kinds of objects."""

    NONE = 0
    PROCESS = 1
    THREAD = 2
    PORT = 3  # the right to receive: one handle only
    SET = 4  # of ports
    GATE = 5  # the right to send to a port, with a badge
    MEMORY = 6
    INTERRUPT = 7
    REPLY = 8  # the right to reply once: one handle only
    MACHINE = 9  # all devices and interrupts, and the boot console
    DEAD = 10  # what it stood for was destroyed
    REVOKED = 11  # the gate that it stood for was revoked
    CALLER_GONE = 12  # a reply handle whose caller does not wait any more


class Right(IntFlag):
    """What a handle allows. A new object's first handle has all that its kind knows."""

    NONE = 0
    DUPLICATE = 1  # HANDLE_DUPLICATE
    MOVE = 2  # in messages, INSTALL, TAKE, MOVE_RIGHTS
    READ = 4  # of memory: read and map readable
    WRITE = 8
    EXECUTE = 16
    SEND = 32  # through a gate: CALL, SEND, NOTIFY. (Handles without it keep a gate, but do not count for LAST_HANDLE)
    RECEIVE = 64  # at a port or set; MINT and REVOKE
    MANAGE = 128  # of processes, threads, memory, interrupts, the machine: all that changes or destroys them; of a
    #               gate: MINT of its port


ALL_RIGHTS = 255


class Transfer:
    """What goes with a message besides its words: named by a5 of CALL, SEND, RECEIVE, REPLY, REPLY_RECEIVE."""

    send_address: u64  # the segment sent
    send_size: u64  # bytes, at most MAX_SEGMENT
    buffer_address: u64  # where the segment received goes (CALL: the reply's)
    buffer_size: u64
    handle: u64  # moved with the message; NO_HANDLE: none
    timeout: u64  # nanoseconds; NO_TIMEOUT: for ever; 0: do not wait. (CALL: for the whole call; REPLY: not used)


class Registers:
    """A thread's registers, for THREAD_GET and THREAD_SET; x1 to x31 at their number times 8, pc in x0's place."""

    x: Array[u64, 32]
    f: Array[u64, 32]
    fcsr: u64
    state: u64  # GET: a ThreadState; SET: not read
    deadline: u64  # GET: nanoseconds on the clock until when it waits, 0: for ever; SET: not read


class ThreadState(IntEnum):
    """What a thread does."""

    READY = 0  # runs, or could
    SENDING = 1  # in CALL or SEND, nobody has taken the message
    REPLY = 2  # waits for the reply to a CALL
    RECEIVING = 3
    FAULTED = 4  # waits for its pager
    SLEEPING = 5
    DEAD = 6


STOPPED = 16  # added to a ThreadState: THREAD_STOP


class HandleInfo:
    """One handle of a process, for HANDLE_LIST."""

    handle: u64
    kind: u64
    rights: u64
    badge: u64  # of a gate; of a port its label; else the object's serial number
    set: u64  # of a port: serial number of the set that it is in, or 0
    messages: u64  # of a gate: sent through it, by whomever; of a port: received


class Info:
    """What INFO tells. Words by kind:

    - PROCESS: serial, quota (bytes), used (bytes), threads, handles, CPU time (ns), state (1: dead), parent's serial
    - THREAD: serial, ThreadState, priority, effective priority, CPU time (ns), messages, bytes, serial of its process
    - PORT: serial, label, messages, bytes, waiting senders, waiting receivers, notification bits, gates
    - GATE: badge, handles with SEND, serial of its port (0: dead), of the process that receives, 1: TELL_LAST
    - MEMORY: pages, physical address (of a device's; else 0), mappings, pages in use
    - INTERRUPT: source, times, 1 if masked until INTERRUPT_DONE
    - others: none. The kind of a reply handle is REPLY, or CALLER_GONE
    """

    kind: u64
    rights: u64
    words: Array[u64, 8]


class Statistics:
    """What STATISTICS tells of the whole machine."""

    free_pages: u64
    used_pages: u64
    slab_pages: u64  # of these: the kernel keeps them for objects to come
    memory_pages: u64  # of these: taken by memory objects, when they are first touched, with tables to find them
    processes: u64
    threads: u64
    ports: u64
    gates: u64
    sets: u64
    memories: u64
    mappings: u64
    writable_mappings: u64  # of these: made with a handle that has WRITE
    interrupts: u64
    handles: u64
    messages: u64  # delivered since the start
    bytes: u64  # in segments
    traps: u64  # calls, faults and interrupts
    switches: u64
    idle: u64  # nanoseconds
    ticks: u64  # timer interrupts
