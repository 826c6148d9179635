"""Interrupts for drivers: an interrupt is a notification, and comes again only after its driver has said so. Of the
devices themselves the kernel keeps none; it only knows the controller.
"""

from atoll.abi import plic
from atoll.abi.board import PLIC_SIZE
from atoll.abi.calls import Status
from atoll.abi.raw import address_of, at, load32, size_of, store32
from atoll.abi.riscv import CSR, csr_set
from atoll.abi.types import Array, low32, u64
from atoll.kernel import memory, ports, slabs
from atoll.kernel.board import board
from atoll.kernel.figures import figures
from atoll.kernel.objects import MAX_SOURCES, Gate, Interrupt, Process
from atoll.kernel.refusal import Refused

EXTERNAL_BIT = 1 << 9  # in sie and sip


interrupts: Array[u64, MAX_SOURCES] = Array()  # by source: the address of its Interrupt; 0: nobody has it


def start() -> None:
    """Every source is off until somebody wants it."""
    if board.plic != 0:
        for word in range(MAX_SOURCES // 32):
            store32(register(plic.ENABLE) + 4 * word, 0)
        store32(register(plic.THRESHOLD), 0)
        csr_set(CSR.SIE, EXTERNAL_BIT)


def is_kernels(physical: u64, size: u64) -> bool:
    """Whether registers of the controller are in that range."""
    return physical < board.plic + PLIC_SIZE and board.plic < physical + size


def register(offset: u64) -> u64:
    """Where the kernel can access a register of the controller."""
    return memory.reach(board.plic + offset)


def interrupt() -> None:
    """Some sources interrupt: tell their drivers."""
    source = u64(load32(register(plic.CLAIM)))
    while source != 0:
        store32(register(plic.CLAIM), low32(source))  # first: the controller ignores this of a source that is off
        enable(source, False)
        if source < MAX_SOURCES and interrupts[source] != 0:
            tell(at(Interrupt, interrupts[source]))
        source = u64(load32(register(plic.CLAIM)))


def tell(taken: Interrupt) -> None:
    """The driver gets its notification."""
    taken.masked = True
    taken.times += 1
    gate = taken.gate
    if gate is not None and not gate.revoked:
        ports.signal(gate.port, taken.bits)


def enable(source: u64, on: bool) -> None:
    """Let a source interrupt, or not."""
    place = register(plic.ENABLE) + source // 32 * 4
    bit = u64(1) << source % 32
    found = u64(load32(place))
    store32(place, low32(found | bit if on else found & ~bit))


def create(owner: Process, source: u64) -> Interrupt:
    """The right to a source that nobody has."""
    if source == 0 or source >= MAX_SOURCES or board.plic == 0:
        raise Refused(Status.BAD_ARGUMENT)
    if interrupts[source] != 0:
        raise Refused(Status.IN_USE)
    made = at(Interrupt, slabs.new(owner, size_of(Interrupt)))
    made.source = source
    made.masked = True
    interrupts[source] = address_of(made)
    figures.interrupts += 1
    return made


def bind(taken: Interrupt, gate: Gate, bits: u64) -> None:
    """From now on the source interrupts, and that port is notified."""
    unbind(taken)
    gate.head.references += 1
    taken.gate = gate
    taken.bits = bits
    store32(register(plic.PRIORITY) + 4 * taken.source, 1)
    done(taken)


def unbind(taken: Interrupt) -> None:
    """The source is silent."""
    enable(taken.source, False)
    gate = taken.gate
    taken.gate = None
    ports.drop_gate(gate)


def done(taken: Interrupt) -> None:
    """The driver has seen to it: it may come again."""
    taken.masked = False
    enable(taken.source, True)


def drop(taken: Interrupt) -> None:
    """A handle is gone; with the last one the source is free."""
    taken.head.references -= 1
    if taken.head.references == 0:
        unbind(taken)
        interrupts[taken.source] = 0
        figures.interrupts -= 1
        slabs.free(taken.head, size_of(Interrupt))
