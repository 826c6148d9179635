"""Which devices the machine has, and the handles that a driver gets: registers and interrupt.

virtio devices can be in any slot: their device id tells (VIRTIO 1.2, section 4.2.2).
"""

from atoll.abi.address_space import PAGE_SIZE, WINDOWS
from atoll.abi.board import UART, UART_INTERRUPT, VIRTIO, VIRTIO_INTERRUPT, VIRTIO_SIZE, VIRTIO_SLOTS
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import load32
from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.devices import Interrupt, Machine
from atoll.userland.runtime.objects import Memory, Process

VIRTIO_MAGIC = 0x7472_6976
MAGIC_REGISTER = 0
DEVICE_REGISTER = 8
SCRATCH = WINDOWS  # where we look at a slot


class Device:
    """Where a device is. NO_HANDLE in `registers`: it is not there."""

    registers: Memory
    interrupt: Interrupt


def find_device(machine: Machine, itself: Process, name: Bytes, device: Device) -> None:
    """The device of that name in the manifest: its registers, and its interrupt if that is still to be had."""
    device.registers.handle = NO_HANDLE
    device.interrupt.handle = NO_HANDLE
    match str(name, "utf-8"):
        case "uart":
            open_device(machine, UART, UART_INTERRUPT, device)
        case "virtio-net":
            find_virtio(machine, itself, 1, device)
        case "virtio-blk":
            find_virtio(machine, itself, 2, device)
        case "virtio-rng":
            find_virtio(machine, itself, 4, device)


def find_virtio(machine: Machine, itself: Process, wanted: u64, device: Device) -> None:
    """The first slot with a device of that id."""
    for slot in range(VIRTIO_SLOTS):
        address = u64(VIRTIO + slot * VIRTIO_SIZE)
        registers = machine.device_memory(address, 1)
        itself.map(registers, 0, SCRATCH, 1, Right.READ)
        found = load32(SCRATCH + MAGIC_REGISTER) == VIRTIO_MAGIC and load32(SCRATCH + DEVICE_REGISTER) == wanted
        itself.unmap(SCRATCH, 1)
        registers.close()
        if found:
            open_device(machine, address, u64(VIRTIO_INTERRUPT + slot), device)
            return


def open_device(machine: Machine, address: u64, source: u64, device: Device) -> None:
    """Registers and interrupt of a device whose place is known."""
    device.registers = machine.device_memory(address // PAGE_SIZE * PAGE_SIZE, 1)
    if source != 0:
        device.interrupt = machine.create_interrupt(source)
