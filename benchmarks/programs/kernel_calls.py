"""kernel_calls: what the kernel's calls cost. The first process; the host counts between the marks of each loop.

The loop of a mark runs COUNT times (see benchmarks/kernel.py for what is subtracted).
"""

import loops
import marks
import support
from adding import Adding, AddingServer
from loops import mark, repeat, repeat_nothing
from support import DATA, Child, new_child

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import Call
from atoll.abi.objects import Right, Transfer
from atoll.abi.raw import address_of
from atoll.abi.types import Array, noinline, u8, u64
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Memory, create_memory

WARM_UP = 8  # not counted: the first round finds the server still starting
SEGMENT = 4096  # bytes

segment: Array[u8, 2 * SEGMENT] = Array()


def main() -> None:
    """Each measurement in turn."""
    support.begin()
    measure(marks.EMPTY, marks.COUNT, Call.NOTHING, 0, 0)
    measure(marks.NULL, marks.COUNT, Call.NOTHING, 0, 0)
    measure_messages()
    measure_segment()
    measure_switch()
    for times in range(u64(1), u64(3)):
        measure_fault(marks.FAULT if times == 1 else marks.FAULT_TWICE, times * marks.COUNT)
        measure_mapped_fault(marks.MAPPED_FAULT if times == 1 else marks.MAPPED_FAULT_TWICE, times * marks.COUNT // 2)
    measure_library()
    measure_stubs()
    measure_processes()
    mark(marks.END)
    support.rest()


def measure(number: u64, count: u64, call: u64, target: u64, transfer: u64) -> None:
    """Marks around a loop."""
    if number == marks.EMPTY:
        mark(number)
        repeat_nothing(count, call, target, transfer)
        mark(number + 1)
        return
    assert repeat(WARM_UP, call, target, transfer) == 0
    mark(number)
    statuses = repeat(count, call, target, transfer)
    mark(number + 1)
    assert statuses == 0


# ---- messages ----


def start_server(child: Child, transfer: u64, loop: u64) -> Gate:
    """A server in its own address space, and a gate to it."""
    port = create_port()
    gate = port.mint(0)
    child.run(loop, child.process.install(port.handle), transfer)
    return gate


def measure_messages() -> None:
    """Four words there and back."""
    child = new_child()
    gate = start_server(child, 0, address_of(loops.serve))
    measure(marks.ROUND_TRIP, marks.COUNT, Call.CALL, gate.handle, 0)
    measure(marks.TIMED_ROUND_TRIP, marks.MANY, Call.CALL, gate.handle, 0)
    gate.close()
    child.end()


def measure_segment() -> None:
    """The same with 4 KiB on the way there, a page in one piece on both sides."""
    child = new_child()
    child.add_buffer(1)
    gate = start_server(child, DATA, address_of(loops.serve))
    transfer = Transfer()
    support.set_buffer(transfer, 0, 0)
    transfer.send_address = (address_of(segment) + PAGE_SIZE - 1) // PAGE_SIZE * PAGE_SIZE
    transfer.send_size = SEGMENT
    measure(marks.SEGMENT_ROUND_TRIP, marks.COUNT, Call.CALL, gate.handle, address_of(transfer))
    gate.close()
    child.end()


def measure_library() -> None:
    """Four words there and back as programs send them: with the run-time library's Letter, on our side."""
    child = new_child()
    gate = start_server(child, 0, address_of(loops.serve))
    letter = Letter()
    letter.set_words(1, 2, 3, 4)
    gate.call(letter)
    mark(marks.LIBRARY_ROUND_TRIP)
    for _ in range(u64(marks.COUNT)):
        gate.call(letter)
    mark(marks.LIBRARY_ROUND_TRIP + 1)
    gate.close()
    child.end()


def measure_stubs() -> None:
    """Two numbers there and one back through an interface's stub; and the server's stub by itself."""
    child = new_child()
    gate = start_server(child, 0, address_of(loops.serve_zero))
    service = Adding(gate.handle)
    service.add(1, 2)
    mark(marks.STUB)
    for number in range(u64(marks.COUNT)):
        service.add(number, 2)
    mark(marks.STUB + 1)
    gate.close()
    child.end()
    server = AddingServer()
    letter = Letter()
    letter.reply = 1  # somebody waits
    mark(marks.DISPATCH)
    for number in range(u64(marks.COUNT)):
        letter.set_words(0x1200, number, 2)
        dispatch(server, letter)
    mark(marks.DISPATCH + 1)
    assert letter.words[1] == marks.COUNT + 1


@noinline
def dispatch(server: AddingServer, letter: Letter) -> None:
    """What a server's loop calls: it knows nothing of what is in the letter."""
    server.dispatch(letter, segment[0:0], segment[:])


# ---- the CPU ----


def measure_switch() -> None:
    """Two processes of one priority that let each other run."""
    child = new_child()
    child.run(address_of(loops.call_for_ever), Call.YIELD, 0)
    measure(marks.SWITCH, marks.COUNT, Call.YIELD, 0, 0)
    child.end()


# ---- paging ----


def paged_child(port: Port) -> Child:
    """A process whose faults come to that port."""
    gate = port.mint(0)
    child = new_child(gate)
    gate.close()
    return child


def code_for(child: Child, stride: u64) -> None:
    """Let it touch what is not there."""
    child.run(address_of(loops.touch), DATA, stride)


def measure_fault(number: u64, count: u64) -> None:
    """A fault, its message to the pager, the pager's word, and the thread tries again; so often."""
    port = create_port()
    child = paged_child(port)
    code_for(child, 0)
    mark(number)
    statuses = loops.answer_faults(count, port.handle)
    mark(number + 1)
    assert statuses == 0
    child.end()
    port.close()


def measure_mapped_fault(number: u64, count: u64) -> None:
    """The same, and the pager maps a page that it holds: the thread goes on to the next."""
    port = create_port()
    child = paged_child(port)
    memory = create_memory(count)
    fill(memory, count)
    code_for(child, PAGE_SIZE)
    mark(number)
    statuses = loops.map_pages(count, port.handle, child.process.handle, memory.handle)
    mark(number + 1)
    assert statuses == 0
    memory.close()
    child.end()
    port.close()


def fill(memory: Memory, pages: u64) -> None:
    """Let every page be there."""
    for page in range(pages):
        memory.write(page * PAGE_SIZE, segment[0:8])


# ---- processes ----


def measure_processes() -> None:
    """Processes that live as long as it takes to say so, and others that never run."""
    heir = create_port()
    gate = heir.mint(0)
    code = create_memory(1)
    code.write(0, segment[0:8])
    live_and_die(heir, gate)
    mark(marks.PROCESS)
    for _ in range(u64(marks.COUNT)):
        live_and_die(heir, gate)
    mark(marks.PROCESS + 1)
    mark(marks.EMPTY_PROCESS)
    for _ in range(u64(marks.COUNT)):
        child = new_child()
        child.process.destroy(0)
        child.process.close()
    mark(marks.EMPTY_PROCESS + 1)
    gate.close()
    heir.close()


def live_and_die(heir: Port, gate: Gate) -> None:
    """A process with a page of code and one of data, whose thread ends it; its heir is told."""
    child = new_child(None, gate)
    data = create_memory(1)
    child.process.map(data, 0, DATA, 1, Right.READ | Right.WRITE)
    data.close()
    child.run(address_of(loops.leave), 0, 0)
    letter = Letter()
    heir.receive(letter)
    child.thread.close()
    child.process.close()
