"""Handles and what they stand for: processes with their threads, and memory. (Ports: messages.py; devices: devices.py.)

Each class holds one handle; copies of it are the same handle. Everything raises KernelError (kernel_errors.py).
"""

from dataclasses import dataclass

from atoll.abi.calls import NO_TIMEOUT, Call
from atoll.abi.objects import NO_HANDLE, HandleInfo, Info, Registers
from atoll.abi.raw import address_of
from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.userland.runtime.kernel_calls import CallRegisters, results, system_call, two_results
from atoll.userland.runtime.messages import Gate, Letter

MOST_LISTED = 16  # handles at a time

PORT_OF_GATE = 2  # word of its Info: 0 if the port is gone, or the gate was revoked

# ---- any handle ----


def close(handle: u64) -> None:
    """Give a handle up."""
    system_call(Call.HANDLE_CLOSE, handle)


def duplicate(handle: u64, rights: u64) -> u64:
    """Another handle of the same object, with some of its rights."""
    return system_call(Call.HANDLE_DUPLICATE, handle, rights)


def read_info(handle: u64, into: Info) -> None:
    """What the handle is and allows, and its object's figures."""
    system_call(Call.INFO, handle, address_of(into))


def is_dead_gate(gate: u64) -> bool:
    """Whether nobody will ever receive what is sent there."""
    info = Info()
    read_info(gate, info)
    return info.words[PORT_OF_GATE] == 0


# ---- memory ----


@dataclass
class Memory:
    """A memory object: pages that can be mapped into several processes. Offsets in bytes unless said otherwise."""

    handle: u64

    def read(self, offset: u64, into: Slice[u8]) -> None:
        """Copy bytes out."""
        system_call(Call.MEMORY_READ, self.handle, offset, address_of(into), u64(len(into)))

    def write(self, offset: u64, data: Bytes) -> None:
        """Copy bytes in."""
        system_call(Call.MEMORY_WRITE, self.handle, offset, address_of(data), u64(len(data)))

    def copy_from(self, page: u64, source: u64, source_page: u64, pages: u64) -> None:
        """Copy whole pages from the memory object with that handle."""
        system_call(Call.MEMORY_COPY, self.handle, page, source, source_page, pages)

    def device_address(self, registers: u64, page: u64) -> u64:
        """Where the device whose registers those are finds a page of this memory; it stays there."""
        return system_call(Call.DEVICE_ADDRESS, registers, self.handle, page)

    def destroy(self) -> None:
        """Free its pages; it is unmapped wherever it was. The handle is given up too."""
        system_call(Call.MEMORY_DESTROY, self.handle)
        system_call(Call.HANDLE_CLOSE, self.handle)

    def close(self) -> None:
        """Give the handle up; what is mapped stays."""
        system_call(Call.HANDLE_CLOSE, self.handle)


def create_memory(pages: u64) -> Memory:
    """Zeros, charged to this process at once."""
    return Memory(system_call(Call.MEMORY_CREATE, pages))


# ---- threads ----


@dataclass
class Thread:
    """A thread, of this process or another."""

    handle: u64

    def resume(self) -> None:
        """Let it run (again)."""
        system_call(Call.THREAD_RESUME, self.handle)

    def stop(self) -> None:
        """Let it not run; a call in which it waits begins again at resume."""
        system_call(Call.THREAD_STOP, self.handle)

    def cancel(self) -> None:
        """Let what it waits for raise Cancelled there. Raises NotWaiting."""
        system_call(Call.CANCEL, self.handle)

    def read_registers(self, into: Registers) -> None:
        """All its registers."""
        system_call(Call.THREAD_GET, self.handle, address_of(into))

    def write_registers(self, values: Registers) -> None:
        """Set all its registers; it must be stopped."""
        system_call(Call.THREAD_SET, self.handle, address_of(values))

    def take_call(self, letter: Letter, timeout: u64 = NO_TIMEOUT) -> u64:
        """Wait in the place of this stopped thread for the reply to its call, which the letter then holds; the status.

        NOT_WAITING: it does not wait for a reply. Any other status is the call's own.
        """
        return letter.attempt(Call.CALL_TAKE, self.handle, timeout)

    def await_reply(self, buffer: u64, size: u64, timeout: u64 = NO_TIMEOUT) -> u64:
        """Let this stopped thread wait for the reply to a call, as if it had made it: a reply handle.

        Its pc is at the call's instruction; `buffer` is an address of its own process.
        """
        return system_call(Call.CALL_AWAIT, self.handle, buffer, size, timeout)

    def set_priority(self, priority: u64) -> None:
        """0 is the highest; not above the caller's own."""
        system_call(Call.THREAD_PRIORITY, self.handle, priority)

    def destroy(self) -> None:
        """End it."""
        system_call(Call.THREAD_DESTROY, self.handle)

    def close(self) -> None:
        """Give the handle up."""
        system_call(Call.HANDLE_CLOSE, self.handle)


# ---- processes ----


@dataclass
class Process:
    """An address space, a table of handles, a quota, and threads."""

    handle: u64

    def map(self, memory: Memory, page: u64, address: u64, pages: u64, rights: u64) -> None:
        """Show pages of a memory object, from number `page` on, at an address. Raises InUse, NotBoth."""
        system_call(Call.MAP, self.handle, memory.handle, page, address, pages, rights)

    def unmap(self, address: u64, pages: u64) -> None:
        """Show nothing there any more."""
        system_call(Call.UNMAP, self.handle, address, pages)

    def protect(self, address: u64, pages: u64, rights: u64) -> None:
        """Change what may be done with what is mapped there."""
        system_call(Call.PROTECT, self.handle, address, pages, rights)

    def touched(self, address: u64, pages: u64, clear: bool = False) -> tuple[u64, u64]:
        """Which of at most 64 pages were accessed, and which written: bit i is page i."""
        return two_results(Call.TOUCHED, self.handle, address, pages, 1 if clear else 0)

    def read(self, address: u64, into: Slice[u8]) -> None:
        """Copy out of its memory."""
        system_call(Call.PROCESS_READ, self.handle, address, address_of(into), u64(len(into)))

    def write(self, address: u64, data: Bytes) -> None:
        """Copy into its memory."""
        system_call(Call.PROCESS_WRITE, self.handle, address, address_of(data), u64(len(data)))

    def create_thread(self, pc: u64, sp: u64, a0: u64, a1: u64, priority: u64) -> Thread:
        """A stopped thread with these registers; all others are 0."""
        return Thread(system_call(Call.THREAD_CREATE, self.handle, pc, sp, a0, priority, a1))

    def open_thread(self, serial: u64) -> Thread:
        """A handle of one of its threads, by serial number."""
        return Thread(system_call(Call.THREAD_OPEN, self.handle, serial))

    def next_thread(self, serial: u64) -> Thread:
        """A handle of its first thread with that serial number or a larger one. Raises BadArgument."""
        return Thread(system_call(Call.THREAD_OPEN, self.handle, serial, 1))

    def install(self, handle: u64) -> u64:
        """Move a handle of ours there; its value there."""
        return system_call(Call.HANDLE_INSTALL, self.handle, handle)

    def install_at(self, handle: u64, value: u64) -> None:
        """The same with a value that it shall have there; from the table's lowest place to the highest."""
        system_call(Call.HANDLE_INSTALL, self.handle, handle, value)

    def create_set_at(self, value: u64) -> None:
        """A set without ports there, its handle with that value."""
        system_call(Call.SET_CREATE, self.handle, value)

    def add_to_set(self, group: u64, port: u64) -> None:
        """Let a set there have a port: both are handles of that process."""
        system_call(Call.SET_ADD, group, port, self.handle)

    def take(self, handle: u64) -> u64:
        """Move one of its handles here; its value here."""
        return system_call(Call.HANDLE_TAKE, self.handle, handle)

    def list_handles(self, first: u64, into: Slice[HandleInfo]) -> tuple[u64, u64]:
        """Its handles from index `first` on: how many were written, and the index to go on from (0: that was all)."""
        return two_results(Call.HANDLE_LIST, self.handle, first, address_of(into), u64(len(into)))

    def newest_generation(self) -> u64:
        """The highest that any place of its table has: a table that begins with it gives no value again."""
        found: Array[HandleInfo, MOST_LISTED] = Array()
        registers = CallRegisters()
        newest: u64 = 0
        while True:
            registers.a[0], registers.a[2], registers.a[3] = self.handle, address_of(found), MOST_LISTED
            results(registers, Call.HANDLE_LIST)
            newest = max(newest, registers.a[3])
            if registers.a[2] == 0:
                return newest
            registers.a[1] = registers.a[2]

    def receive_rights(self, handles: Slice[u64]) -> None:
        """Move up to 256 handles of ours there, all or none; the array then holds their values there."""
        system_call(Call.MOVE_RIGHTS, NO_HANDLE, self.handle, address_of(handles), u64(len(handles)))

    def set_quota(self, pages: u64) -> None:
        """Its quota from now on; the difference is the caller's."""
        system_call(Call.PROCESS_QUOTA, self.handle, pages)

    def destroy(self, status: u64) -> None:
        """End it; its heir is told the status."""
        system_call(Call.PROCESS_DESTROY, self.handle, status)

    def close(self) -> None:
        """Give the handle up."""
        system_call(Call.HANDLE_CLOSE, self.handle)


def create_process(quota: u64, pager: Gate | None, heir: Gate | None, generation: u64 = 0) -> Process:
    """An empty process with so many pages out of our quota. Its faults go to `pager`; its ports and the news of its
    end to `heir`. Of one that takes another's place the handles begin with that one's newest generation.
    """
    to_pager = pager.handle if pager is not None else NO_HANDLE
    to_heir = heir.handle if heir is not None else NO_HANDLE
    return Process(system_call(Call.PROCESS_CREATE, quota, to_pager, to_heir, generation))


def move_rights(source: Process, to: Process, handles: Slice[u64]) -> None:
    """Move up to 256 handles of one process to another, all or none; the array then holds their values there. What
    waits at ports that move, or for replies, goes on waiting.
    """
    system_call(Call.MOVE_RIGHTS, source.handle, to.handle, address_of(handles), u64(len(handles)))
