"""The supervisor's own swap, in a second thread, so that the first can always serve both supervisors meanwhile.

What the old one leaves, all servers among it, is the new one's: that is heir to the port where root would be.
"""

from atoll.abi import initrd
from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.control import Ask
from atoll.abi.objects import NO_HANDLE, Info
from atoll.abi.types import Array, u8, u64
from atoll.servers.root import machine, program
from atoll.servers.root.interface import ReplaceFailed, Root
from atoll.servers.root.program import LEFT_TO_ROOT, SUPERVISOR_PRIORITY, Slot, running
from atoll.userland.runtime.handover import HandOverFailed, hand_over, orders
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.interface import call
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.messages import Gate, Letter, Port, create_port
from atoll.userland.runtime.objects import Memory, Process, close, read_info
from atoll.userland.runtime.threads import start_thread

TO_HAND_OVER = 96  # pages that a supervisor may use on top of what it has, while it is replaced
REPLACED = 0  # the status of a supervisor that has handed over


class Replacing:
    """What the second thread is to do."""

    port: Port
    gate: Gate
    reply: u64  # NO_HANDLE: nothing
    image: Memory
    size: u64
    stack: Array[u8, 65536]


replacing: Replacing = Replacing()


class RootServer(Root):
    """What the supervisor asks; the calls of abi/programs.py are service.py's."""

    def replace(self, image: Memory, size: u64) -> None:
        if replacing.reply != NO_HANDLE:
            image.close()
            raise ReplaceFailed("the supervisor is being replaced already")
        if replacing.port.handle == NO_HANDLE:
            start()
        replacing.reply, replacing.image, replacing.size = call.postpone(), image, size
        replacing.gate.notify(1)

    def more(self) -> None:
        give_rest(running.now())


server: RootServer = RootServer()


def start() -> None:
    """Make the thread."""
    replacing.port = create_port()
    replacing.gate = replacing.port.mint(0)
    start_thread(machine.this_process(), run, 0, replacing.stack[:], SUPERVISOR_PRIORITY)


def run(_: u64) -> None:
    """One supervisor after another."""
    letter = Letter()
    while True:
        replacing.port.receive(letter)
        try:
            replace(running.now(), running.other())
            close(replacing.reply)  # who asked has ended; its own caller is answered by its successor
        except HandOverFailed as error:
            Root.fail(replacing.reply, ReplaceFailed(f"{error}"))
        replacing.reply = NO_HANDLE


def replace(old: Slot, new: Slot) -> None:
    """The new one takes over. Raises HandOverFailed: then the old one goes on."""
    try:
        prepare(old, new)
        hand_over.itself.handle = machine.this_process().handle
        hand_over.old.process.handle, hand_over.old.control.handle = old.program.process.handle, old.control.handle
        hand_over.new.process.handle, hand_over.new.control.handle = new.program.process.handle, new.control.handle
        hand_over.run()
    except HandOverFailed:
        if new.program.process.handle != NO_HANDLE:
            new.program.process.destroy(REPLACED)
        program.free(new)
        give_rest(old)
        raise
    running.current = new.number
    finish(old, new)


def prepare(old: Slot, new: Slot) -> None:
    """Start the new one, with the memory that the old one does not use, and wait until it receives."""
    try:
        _, used = account(old.program.process)
        old.program.process.set_quota(used + TO_HAND_OVER)
        image = program.bring_image(new, replacing.image, replacing.size)
        program.load(new, image, initrd.SUPERVISOR.encode(), True)
    except (BadImage, KernelError) as error:
        raise HandOverFailed(f"it cannot be started: {error}") from None
    finally:
        replacing.image.close()
    new.program.load_all()
    new.program.resume()
    orders.give(new.control, Ask.READY)


def finish(old: Slot, new: Slot) -> None:
    """After the commit: the new one is told, and has all that the old one leaves."""
    will = old.will.handle
    old.will.handle = NO_HANDLE
    try:
        hand_over.activate()
        orders.give(new.control, Ask.INHERIT, 0, will)
    except HandOverFailed as error:
        print(f"The new supervisor has failed: {error}")  # its end, of which the first thread is told, is the machine's
    old.program.process.destroy(REPLACED)
    program.free(old)
    give_rest(new)


def account(process: Process) -> tuple[u64, u64]:
    """Pages that a process may use, and those that it does."""
    figures = Info()
    read_info(process.handle, figures)
    return figures.words[1] // PAGE_SIZE, (figures.words[2] + PAGE_SIZE - 1) // PAGE_SIZE


def give_rest(slot: Slot) -> None:
    """The supervisor may use what root has left, but for a reserve. While it uses more than it may, nothing helps."""
    quota, used = account(slot.program.process)
    free = machine.free_pages()
    if free > LEFT_TO_ROOT and quota + free - LEFT_TO_ROOT >= used:
        slot.program.process.set_quota(quota + free - LEFT_TO_ROOT)
