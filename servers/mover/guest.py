"""A process that comes, or has come: its threads, what is known of its handles, the answers that it waits for."""

from atoll.abi.objects import NO_HANDLE, STOPPED, HandleInfo, Info, Kind, Registers
from atoll.abi.types import Array, u64
from atoll.servers.mover.interface import MOST_LINKS, MOST_THREADS, MigrationFailed, Phase
from atoll.servers.programs.interface import Child
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import BadArgument
from atoll.userland.runtime.messages import Gate, Port, create_port
from atoll.userland.runtime.objects import Process, Thread, close, read_info

PROCESS_STATE = 6  # word of a process's Info
QUIET = 1_000_000_000  # nanoseconds without a message from its source, until that is asked; each time twice as long
MOST_QUIET = 16 * QUIET


class Link:
    """A handle that has come, and the value that it shall have; one that is passed behind GO, until it has come: in its
    place is a new port so long, or a dead gate.
    """

    value: u64
    handle: u64
    kind: u64
    label: u64  # of a port
    group: u64  # handle of the set that it is in

    @property
    def is_awaited(self) -> bool:
        """Whether it is to be passed still."""
        return self.kind != Kind.NONE


def is_passed(kind: u64) -> bool:
    """Whether handles of that kind can be in one place only, and are passed when the process is handed over."""
    return kind == Kind.PORT or kind == Kind.REPLY or kind == Kind.CALLER_GONE


class Guest:
    """One process that comes, or has come."""

    id: u64
    phase: u64  # a Phase; UNKNOWN: the place is free
    heard: u64  # when its source was heard of, or asked
    patience: u64  # nanoseconds from then until it is asked
    source: u64  # a node's number
    pid: u64
    cpu_time: u64  # nanoseconds that it has used so far
    sent_on_by: u64  # nodes that send on what comes to its ports
    space: u64
    process: Process
    child: Child  # to hear of its end
    links: Array[Link, MOST_LINKS]
    link_count: u64
    awaited: u64  # of these, that are to be passed still; the process runs when there are none
    is_restored: bool  # the mover that took it in has died
    earlier: Gate  # to pages that it has left here when it was here before
    threads: Array[Thread, MOST_THREADS]
    thread_count: u64
    replies: Array[u64, MOST_THREADS]  # of threads whose answer comes from the source; NO_HANDLE: they do not wait

    @property
    def awaits_answer(self) -> bool:
        """Whether a call of its threads is answered by way of its source."""
        for number in range(u64(MOST_THREADS)):
            if self.awaits(number):
                return True
        return False

    def awaits(self, number: u64) -> bool:
        """Whether the call of that thread is."""
        return self.replies[number] != NO_HANDLE

    @property
    def depends_on_source(self) -> bool:
        """Whether its source has still to do with it."""
        if self.phase == Phase.ACCEPTED or self.phase == Phase.READY:
            return True
        return self.phase == Phase.RUNNING and (self.awaited != 0 or self.awaits_answer)

    def hear(self) -> None:
        """Its source has said something."""
        self.heard, self.patience = clock(), QUIET

    def is_quiet(self, now: u64) -> bool:
        """Whether its source has said nothing for so long that it is to be asked; that is later each time."""
        if now - min(now, self.heard) < self.patience:
            return False
        self.heard, self.patience = now, min(2 * self.patience, u64(MOST_QUIET))
        return True

    @property
    def is_gone(self) -> bool:
        """Whether its process is no more: it has ended, or moved on."""
        info = Info()
        read_info(self.process.handle, info)
        return info.words[PROCESS_STATE] != 0

    def clear(self, id: u64) -> None:
        """Nothing has come yet."""
        self.id, self.phase = id, Phase.ACCEPTED
        self.space, self.link_count, self.thread_count = 0, 0, 0
        self.process.handle, self.child.handle, self.earlier.handle = NO_HANDLE, NO_HANDLE, NO_HANDLE
        self.awaited, self.is_restored = 0, False
        self.hear()
        for number in range(MOST_THREADS):
            self.replies[number] = NO_HANDLE

    def expect_link(self, info: HandleInfo) -> None:
        """A handle that is passed later. Raises MigrationFailed."""
        self.note_link(info, info.set)
        self.awaited += 1

    def fill_places(self) -> None:
        """What stays there of handles that do not come; the sets are there already."""
        for number in range(self.link_count):
            link = self.links[number]
            if link.is_awaited:
                self.put(link, create_port().handle if link.kind == Kind.PORT else dead_gate())

    def note_link(self, info: HandleInfo, group: u64) -> None:
        """That handle may be passed. Raises MigrationFailed."""
        if self.link_count == MOST_LINKS:
            raise MigrationFailed("more handles than a process may have")
        link = self.links[self.link_count]
        link.value, link.handle, link.kind = info.handle, NO_HANDLE, info.kind
        link.label, link.group = info.badge, group
        self.link_count += 1

    def put(self, link: Link, handle: u64) -> None:
        """Where the process has it."""
        if link.kind == Kind.PORT:
            Port(handle).set_label(link.label)
        self.process.install_at(handle, link.value)
        if link.kind == Kind.PORT and link.group != NO_HANDLE:
            self.process.add_to_set(link.group, link.value)

    def install(self, link: Link, handle: u64) -> None:
        """Now it is here. With the last one the process runs."""
        close(self.process.take(link.value))
        self.put(link, handle)
        link.kind = Kind.NONE
        self.awaited -= 1
        if self.awaited == 0:
            self.resume()

    def give_up_links(self) -> u64:
        """Nothing more is passed: how many ports are lost. It runs."""
        lost: u64 = 0
        for number in range(self.link_count):
            lost += u64(self.links[number].kind == Kind.PORT and not self.is_restored)
            self.links[number].kind = Kind.NONE
        if self.awaited != 0:
            self.awaited = 0
            self.resume()
        return lost

    # ---- after the death of the mover that took it in ----

    def restore(self, is_last: bool) -> None:
        """Its threads; what of its handles may still be passed, if it does not run yet and that was its last migration.
        Raises KernelError.
        """
        self.is_restored = True
        serial: u64 = 0
        registers = Registers()
        while self.thread_count < MOST_THREADS:
            try:
                thread = self.process.next_thread(serial + 1)
            except BadArgument:
                break
            info = Info()
            read_info(thread.handle, info)
            serial = info.words[0]
            self.threads[self.thread_count] = thread
            self.thread_count += 1
        if is_last and self.thread_count > 0:
            self.threads[0].read_registers(registers)
            if registers.state >= STOPPED:
                self.restore_links()

    def restore_links(self) -> None:
        """Any of its ports may be passed; when nothing more comes is not known, so its source is asked. What has a
        dead gate in its place is lost.
        """
        found: Array[HandleInfo, 8] = Array()
        first: u64 = 0
        self.awaited = 1
        while True:
            count, next = self.process.list_handles(first, found[:])
            for number in range(count):
                if found[number].kind == Kind.PORT and self.link_count < MOST_LINKS:
                    self.note_link(found[number], self.set_of(found[number].set))
                    self.awaited += 1
            first = next
            if first == 0:
                return

    def set_of(self, serial: u64) -> u64:
        """The handle of its set with that serial number; NO_HANDLE if it has none."""
        found: Array[HandleInfo, 8] = Array()
        first: u64 = 0
        while serial != 0:
            count, next = self.process.list_handles(first, found[:])
            for number in range(count):
                if found[number].kind == Kind.SET and found[number].badge == serial:
                    return found[number].handle
            first = next
            if first == 0:
                break
        return NO_HANDLE

    def resume(self) -> None:
        """Let it run."""
        for number in range(self.thread_count):
            self.threads[number].resume()

    def take_link(self, value: u64) -> u64:
        """The handle that has come for a value. Raises MigrationFailed."""
        for number in range(self.link_count):
            if self.links[number].value == value and self.links[number].handle != NO_HANDLE:
                handle = self.links[number].handle
                self.links[number].handle = NO_HANDLE
                return handle
        raise MigrationFailed("a handle of it has not come")

    def close_all(self) -> None:
        """Give up what we have of it."""
        for number in range(self.link_count):
            close_if(self.links[number].handle)
        for number in range(self.thread_count):
            self.threads[number].close()
            close_if(self.replies[number])
            self.replies[number] = NO_HANDLE
        close_if(self.process.handle)
        close_if(self.child.handle)
        close_if(self.earlier.handle)
        self.process.handle, self.child.handle, self.earlier.handle = NO_HANDLE, NO_HANDLE, NO_HANDLE
        self.link_count, self.thread_count, self.awaited = 0, 0, 0


def close_if(handle: u64) -> None:
    """Close a handle, if there is one."""
    if handle != NO_HANDLE:
        close(handle)


def dead_gate() -> u64:
    """A gate to a port that is no more."""
    port = create_port()
    gate = port.mint(0)
    port.close()
    return gate.handle
