"""A process that comes, or has come: its threads, what is known of its handles, the answers that it waits for."""

from atoll.abi.objects import NO_HANDLE, HandleInfo, Info, Kind
from atoll.abi.types import Array, u64
from atoll.servers.mover.interface import MOST_LINKS, MOST_THREADS, MigrationFailed, Phase
from atoll.servers.programs.interface import Child
from atoll.userland.runtime.messages import Gate, Port, create_port
from atoll.userland.runtime.objects import Process, Thread, close, read_info

PROCESS_STATE = 6  # word of a process's Info


class Link:
    """A handle that has come, and the value that it shall have; one that is passed behind GO, until it has come."""

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
    source: u64  # a node's number
    pid: u64
    cpu_time: u64  # nanoseconds that it has used so far
    sent_on_by: u64  # nodes that send on what comes to its ports
    space: u64
    process: Process
    child: Child  # to hear of its end
    links: Array[Link, MOST_LINKS]
    link_count: u64
    awaited: u64  # of these, that are to be passed still
    earlier: Gate  # to pages that it has left here when it was here before
    threads: Array[Thread, MOST_THREADS]
    thread_count: u64
    replies: Array[u64, MOST_THREADS]  # of threads whose answer comes from the source; NO_HANDLE: they do not wait

    @property
    def awaits_answer(self) -> bool:
        """Whether a call of its threads is answered by way of its source."""
        for number in range(MOST_THREADS):
            if self.replies[number] != NO_HANDLE:
                return True
        return False

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
        self.awaited = 0
        for number in range(MOST_THREADS):
            self.replies[number] = NO_HANDLE

    def expect_link(self, info: HandleInfo) -> None:
        """A handle that is passed later. Raises MigrationFailed."""
        if self.link_count == MOST_LINKS:
            raise MigrationFailed("more handles than a process may have")
        link = self.links[self.link_count]
        link.value, link.handle, link.kind = info.handle, NO_HANDLE, info.kind
        link.label, link.group = info.badge, info.set
        self.link_count += 1
        self.awaited += 1

    def install(self, link: Link, handle: u64) -> None:
        """Now it is here. With the last one the process runs."""
        if link.kind == Kind.PORT:
            Port(handle).set_label(link.label)
        self.process.install_at(handle, link.value)
        if link.kind == Kind.PORT and link.group != NO_HANDLE:
            self.process.add_to_set(link.group, link.value)
        link.kind = Kind.NONE
        self.awaited -= 1
        if self.awaited == 0:
            self.resume()

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
