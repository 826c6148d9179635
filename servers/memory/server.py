"""The memory manager as a server: the calls of its interface, and the faults that come through the pager gates."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.calls import IN_CALL, FaultReply, Message
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.files.interface import File
from atoll.servers.memory import arrivals, carrying
from atoll.servers.memory.fetching import FETCH_LABEL, fetcher
from atoll.servers.memory.images import NO_IMAGE, read_file, read_info_of, read_memory
from atoll.servers.memory.interface import (
    NEW_FAULT,
    BadImage,
    Carrying,
    Fault,
    MemoryFull,
    MemoryInfo,
    MemoryManager,
    NoFault,
    NoSuchSpace,
    PagesLost,
    PageSource,
    Reason,
    SpaceInfo,
)
from atoll.servers.memory.pager import OWNER_OF_IMAGE, Forbidden, OutOfMemory, pager
from atoll.servers.memory.regions import access_of
from atoll.servers.memory.spaces import NO_SPACE, SWAP_MARK, Space, show_all
from atoll.servers.memory.state import export_pager, import_pager, size_of_state
from atoll.servers.memory.swap import SwapFailed
from atoll.servers.memory.waiting import NOBODY, WaitingThreads, answer
from atoll.userland.runtime.interface import Handle, ServiceError
from atoll.userland.runtime.kernel_errors import Dead, KernelError, NoMemory
from atoll.userland.runtime.messages import Gate, Letter
from atoll.userland.runtime.objects import Memory, Process, close, duplicate
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

FOR_OTHERS = Right.SEND | Right.DUPLICATE | Right.MOVE
FAILED = 1  # status of a program that is ended because of a fault
RESOLVED = 0xFF  # no Reason: the thread can go on


class MemoryServer(MemoryManager, Carrying):
    """The pager's face. (All pages are pager.pager's.)"""

    waiting: WaitingThreads
    sink: Gate
    headers: Array[u8, PAGE_SIZE]

    # ---- spaces begin ----

    def prepare(self, image: File) -> tuple[u64, u64, Handle]:
        """A space for a program."""
        try:
            number = pager.spaces.new_number()
            self.open_space(number, image)
        except ServiceError:
            close(image.handle)
            raise
        return self.make_gate(number)

    def prepare_memory(self, image: Memory, size: u64) -> tuple[u64, u64, Handle]:
        """A space for a program whose file is in memory."""
        try:
            number = pager.spaces.new_number()
            self.open_private_space(number, image, size)
        except ServiceError:
            image.close()
            raise
        return self.make_gate(number)

    def make_gate(self, number: u64) -> tuple[u64, u64, Handle]:
        """What is told of a new space."""
        image = pager.spaces.items[pager.spaces.index_of(number)].image
        try:
            gate = loop.port.mint(number, True)
        except KernelError as error:
            self.release(number)
            raise MemoryFull(f"no pager gate: {error}") from None
        return number, pager.images.items[image].entry, gate.handle

    def prepare_again(self, space: u64, image: File) -> None:
        """The space of a program that an earlier server has paged."""
        try:
            self.open_space(space, image).is_inherited = True
        except ServiceError:
            close(image.handle)
            raise

    def prepare_memory_again(self, space: u64, image: Memory, size: u64) -> None:
        """The same for a program whose file is in memory."""
        try:
            self.open_private_space(space, image, size).is_inherited = True
        except ServiceError:
            image.close()
            raise

    def open_space(self, number: u64, file: File) -> Space:
        """A space of that number; the gate stays the caller's if there is an error."""
        index = self.image_of(file)
        space = pager.spaces.open(number, index)
        pager.images.join(index, file)
        return space

    def image_of(self, file: File) -> u64:
        """The image that a file is, read if it is not known."""
        info = read_info_of(file)
        index = pager.images.find(info)
        if index == NO_IMAGE:
            index = pager.images.place_for_another()
            pager.free_image(index)
            pager.images.items[index].begin(info)
            used = read_file(file, 0, self.headers[:])
            pager.images.items[index].read_headers(self.headers[0:used])
        return index

    def open_private_space(self, number: u64, memory: Memory, size: u64) -> Space:
        """A space of that number; the handle stays the caller's if there is an error."""
        index = pager.images.place_for_another()
        pager.free_image(index)
        pager.images.items[index].begin_private(size)
        used = read_memory(memory, size, 0, self.headers[:])
        pager.images.items[index].read_headers(self.headers[0:used])
        space = pager.spaces.open(number, index)
        pager.images.join_private(index, memory)
        return space

    def adopt(self, space: u64, process: Process) -> None:
        """The process of a space."""
        index = pager.spaces.find(space)
        if index == NO_SPACE:
            close(process.handle)
            raise NoSuchSpace("no space has that number")
        adopted = pager.spaces.items[index]
        if adopted.process.handle != NO_HANDLE:
            close(adopted.process.handle)
        adopted.process = process
        if adopted.is_inherited and adopted.has_page(SWAP_MARK // PAGE_SIZE):
            close(process.handle)
            adopted.process.handle = NO_HANDLE
            raise PagesLost("pages of the program were in the swap area of a memory manager that has died")
        self.waiting.resume(space)

    def renew(self, space: u64, image: File) -> None:
        """Another gate for all spaces of this one's image."""
        try:
            number = pager.spaces.items[pager.spaces.index_of(space)].image
            if not pager.images.items[number].is_of(read_info_of(image)):
                raise BadImage("it is another file, or has changed")
        except ServiceError:
            close(image.handle)
            raise
        close(pager.images.items[number].file.handle)
        pager.images.items[number].file = image
        for other in pager.spaces.items:
            if other.number != 0 and other.image == number:
                self.waiting.retry(other.number, Reason.IMAGE_LOST)

    def share(self, space: u64, address: u64, memory: Memory) -> None:
        """Memory of somebody else's in a space."""
        try:
            index = pager.spaces.index_of(space)
            show_all(pager.spaces.items[index].process, memory, address)
        finally:
            close(memory.handle)

    # ---- spaces end ----

    def release(self, space: u64) -> None:
        """All that was had for a space is given back."""
        index = pager.spaces.find(space)
        if index == NO_SPACE:
            return
        ended = pager.spaces.items[index]
        self.waiting.end(space, FAILED)
        ended.unmap_all()
        pager.free_private(index)
        pager.away.close(space)
        pager.leave_image(ended.image)
        if ended.process.handle != NO_HANDLE:
            close(ended.process.handle)
            ended.process.handle = NO_HANDLE
        loop.port.revoke(space)
        pager.spaces.close(index)

    def last_handle(self, badge: u64) -> None:
        """Nobody can make faults in that space any more."""
        index = pager.spaces.find(badge)
        if index != NO_SPACE and not pager.spaces.items[index].is_retained:
            self.release(badge)

    # ---- spaces on their way to other nodes ----

    def hold(self, space: u64, is_held: bool) -> None:
        moving = pager.spaces.items[pager.spaces.index_of(space)]
        moving.is_held, moving.is_unwanted = is_held, False

    def regions(self, space: u64, into: Slice[u8]) -> u64:
        return carrying.write_regions(carrying.image_of(pager.spaces.index_of(space)).regions, into)

    def survey(self, space: u64, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        return carrying.survey(pager.spaces.index_of(space), first, False, into)

    def survey_written(self, space: u64, first: u64, into: Slice[u8]) -> tuple[u64, u64]:
        return carrying.survey(pager.spaces.index_of(space), first, True, into)

    def read_pages(self, space: u64, pages: Bytes, into: Slice[u8]) -> u64:
        return carrying.read_pages(pager.spaces.index_of(space), pages, into)

    def retain(self, space: u64) -> None:
        left = pager.spaces.items[pager.spaces.index_of(space)]
        pager.away.close(space)  # who has the process has been told where these are
        left.retain()
        if left.is_unwanted:
            self.release(space)

    def let_go(self, space: u64) -> None:
        left = pager.spaces.items[pager.spaces.index_of(space)]
        left.is_unwanted = True
        if left.is_retained:
            self.release(space)

    def prepare_carried(self, regions: Bytes) -> tuple[u64, Handle]:
        number = pager.spaces.new_number()
        index = pager.images.place_for_another()
        pager.free_image(index)
        image = pager.images.items[index]
        image.begin_carried()
        carrying.read_regions(regions, image.regions)
        pager.spaces.open(number, index)
        pager.images.join_private(index, Memory(NO_HANDLE))
        _, _, gate = self.make_gate(number)
        return number, gate

    def write_pages(self, space: u64, pages: Bytes) -> None:
        carrying.write_pages(pager.spaces.index_of(space), pages)

    def set_source(self, space: u64, node: u64, source: PageSource) -> u64:
        try:
            pager.spaces.index_of(space)
            return pager.away.open(space, node, source)
        except ServiceError:
            close(source.handle)
            raise

    def source(self, space: u64, number: u64) -> tuple[u64, Handle]:
        away = arrivals.source_of(space, number)
        return away.node, duplicate(away.source.handle, FOR_OTHERS)

    def expect(self, space: u64, source: u64, runs: Bytes) -> None:
        arrivals.expect(space, source, runs)

    def inherit(self, space: u64, other: u64, runs: Bytes) -> None:
        arrivals.inherit(pager.spaces.index_of(space), pager.spaces.index_of(other), runs)

    def bring(self, space: u64, page: u64) -> None:
        pager.spaces.index_of(space)
        arrivals.bring(space, page)

    def notified(self, bits: u64, label: u64) -> None:
        """Pages have come from other nodes."""
        if label == FETCH_LABEL and arrivals.take(self.waiting):
            self.tell_sink()

    # ---- figures ----

    def describe(self, space: u64) -> SpaceInfo:
        """One space."""
        index = pager.spaces.index_of(space)
        number = pager.spaces.items[index].image
        image = pager.images.items[number]
        shared = OWNER_OF_IMAGE + number
        info = SpaceInfo()
        info.entry = image.entry
        info.resident = pager.frames.count_of(index) + pager.frames.count_of(shared)
        info.swapped = pager.swap.slots.count_of(index)
        info.working_set = pager.clock.working_set(pager.frames, index)
        info.working_set += pager.clock.working_set(pager.frames, shared)
        info.faults = pager.spaces.items[index].faults
        info.trace_offset, info.trace_size = image.trace_offset, image.trace_size
        info.away, info.away_at = pager.away.of(space)
        return info

    def totals(self) -> MemoryInfo:
        """All of them."""
        info = MemoryInfo()
        info.total, info.free = pager.frames.known, pager.frames.free
        info.swap_total, info.swap_used = pager.swap.slots.known, pager.swap.slots.used
        info.private, info.spaces = pager.private_pages(), pager.spaces.count
        info.page_ins, info.page_outs = pager.page_ins, pager.page_outs
        info.limit = pager.pool.most(pager.frames.known, pager.own_process)
        return info

    # ---- faults ----

    def other_message(self, letter: Letter) -> None:
        """Faults; nothing else is for us."""
        if letter.handle != NO_HANDLE:
            close(letter.handle)
        if letter.kind == Message.FAULT:
            self.handle_fault(letter)
        elif letter.reply != NO_HANDLE:
            close(letter.reply)

    def handle_fault(self, letter: Letter) -> None:
        """A thread cannot go on: give it what it misses, or see to its end."""
        fault = Fault()
        fault.space, fault.thread = letter.badge, letter.words[3]
        fault.cause, fault.address = letter.words[0] % IN_CALL, letter.words[1]
        index = pager.spaces.find(letter.badge)
        if index == NO_SPACE or pager.spaces.items[index].process.handle == NO_HANDLE:
            self.keep(fault, letter.reply, False)
            return
        if arrivals.is_awaited(index, fault):
            self.keep(fault, letter.reply, False)
            return
        fault.reason = resolve(index, fault)
        if fault.reason == RESOLVED:
            answer(letter.reply, FaultReply.RETRY, 0)
        elif fault.reason == Reason.MISTAKE and letter.words[0] >= IN_CALL:
            answer(letter.reply, FaultReply.REFUSE, 0)
        elif self.sink.handle == NO_HANDLE:
            answer(letter.reply, FaultReply.KILL, FAILED)
        else:
            self.keep(fault, letter.reply, True)
            self.tell_sink()

    def keep(self, fault: Fault, reply: u64, is_reportable: bool) -> None:
        """The thread has to wait; if too many do, its program ends."""
        if not self.waiting.add(fault, reply, is_reportable):
            answer(reply, FaultReply.KILL, FAILED)

    def tell_sink(self) -> None:
        """There is a fault to fetch. A sink that is no more will have a successor, which sets itself."""
        try:
            self.sink.notify(NEW_FAULT)
        except KernelError:
            return

    def set_sink(self, gate: Gate) -> None:
        """Who hears of faults."""
        if self.sink.handle != NO_HANDLE:
            self.sink.close()
        self.sink = gate
        if self.waiting.unfetch():
            self.tell_sink()

    def next_fault(self) -> Fault:
        """The next one."""
        index = self.waiting.fetch()
        if index == NOBODY:
            raise NoFault("no program waits because of a fault")
        return self.waiting.items[index].fault

    def end_fault(self, space: u64, thread: u64, status: u64) -> None:
        """The end of its program."""
        self.waiting.end_thread(space, thread, status)

    # ---- a swap ----

    def state_size(self) -> u64:
        """How much `export_state` writes at most."""
        return size_of_state()

    def export_state(self, writer: StateWriter) -> None:
        """Everything; the spaces' pages stay where they are."""
        if not (pager.away.is_empty() and fetcher.is_idle()):
            raise StateRefused("a program has pages on another node")
        export_pager(writer)
        writer.copied(self.sink.handle)
        self.waiting.export_state(writer)

    def import_state(self, reader: StateReader) -> None:
        """The same."""
        import_pager(reader)
        self.sink.handle = reader.copied()
        self.waiting.import_state(reader)


def resolve(index: u64, fault: Fault) -> u64:
    """Give a space the page that it misses: RESOLVED, or the Reason why it cannot be had."""
    pager.spaces.items[index].faults += 1
    try:
        pager.give(index, fault.address // PAGE_SIZE, access_of(fault.cause))
    except Forbidden:
        return Reason.MISTAKE
    except OutOfMemory:
        return Reason.OUT_OF_MEMORY
    except NoMemory:
        return Reason.OUT_OF_QUOTA
    except SwapFailed as error:
        print(f"memory: {error}")
        return Reason.SWAP_LOST
    except BadImage:
        return Reason.IMAGE_LOST
    except Dead:
        return RESOLVED  # the process has ended meanwhile
    return RESOLVED
