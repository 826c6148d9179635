"""Devices, for drivers and for who hands them out: registers as memory, interrupts as notifications."""

from dataclasses import dataclass

from atoll.abi.calls import MAX_DEBUG_WRITE, Call
from atoll.abi.raw import address_of
from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.kernel_calls import system_call
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import Memory


@dataclass
class Interrupt:
    """One source of interrupts."""

    handle: u64

    def bind(self, gate: Gate, bits: u64) -> None:
        """From now on it notifies that gate's port."""
        system_call(Call.INTERRUPT_BIND, self.handle, gate.handle, bits)

    def done(self) -> None:
        """The device has been served: it may interrupt again."""
        system_call(Call.INTERRUPT_DONE, self.handle)

    def close(self) -> None:
        """Give the interrupt up."""
        system_call(Call.HANDLE_CLOSE, self.handle)


@dataclass
class Machine:
    """All devices, all interrupts, and the boot console."""

    handle: u64

    def device_memory(self, physical: u64, pages: u64) -> Memory:
        """A device's registers."""
        return Memory(system_call(Call.DEVICE_MEMORY, self.handle, physical, pages))

    def create_interrupt(self, source: u64) -> Interrupt:
        """The interrupt of that number. Raises InUse."""
        return Interrupt(system_call(Call.INTERRUPT_CREATE, self.handle, source))

    def debug_write(self, data: Bytes) -> None:
        """Write to the boot console."""
        done: u64 = 0
        while done < len(data):
            part = min(u64(len(data)) - done, MAX_DEBUG_WRITE)
            system_call(Call.DEBUG_WRITE, self.handle, address_of(data) + done, part)
            done += part
