"""virtio-mmio, modern (version 2): finding a device, agreeing on features, setting up its queues (virtqueue.py).

A driver attaches to its device, negotiates, sets up its queues, and starts it; `negotiate` resets the device first,
whatever a driver before left it doing. Source: VIRTIO 1.2, sections 3.1 and 4.2.
"""

from atoll.abi.raw import load8, load32, store32
from atoll.abi.types import low32, u8, u64
from atoll.userland.runtime.dma import REGISTERS, DmaMemory, map_registers, unmap_registers
from atoll.userland.runtime.objects import Memory

# ---- device types ----
NETWORK = 1
BLOCK = 2
ENTROPY = 4

# ---- registers: offset in bytes, 32 bits each ----
MAGIC = 0x00
VERSION = 0x04
DEVICE_ID = 0x08  # 0: no device in this slot
DEVICE_FEATURES = 0x10
DEVICE_FEATURES_SELECT = 0x14
DRIVER_FEATURES = 0x20
DRIVER_FEATURES_SELECT = 0x24
QUEUE_SELECT = 0x30
QUEUE_SIZE_MAX = 0x34  # 0: no such queue
QUEUE_SIZE = 0x38
QUEUE_READY = 0x44
QUEUE_NOTIFY = 0x50
INTERRUPT_STATUS = 0x60
INTERRUPT_ACKNOWLEDGE = 0x64
STATUS = 0x70
QUEUE_DESCRIPTORS = 0x80  # physical address, low half; the high half follows
QUEUE_AVAILABLE = 0x90
QUEUE_USED = 0xA0
CONFIGURATION_GENERATION = 0xFC
CONFIGURATION = 0x100  # the device's own, in any width

VIRT = 0x7472_6976  # "virt", in MAGIC
MODERN = 2

# ---- bits of STATUS ----
ACKNOWLEDGE = 1
DRIVER = 2
DRIVER_OK = 4
FEATURES_OK = 8
NEEDS_RESET = 64
FAILED = 128

# ---- bits of INTERRUPT_STATUS ----
QUEUE_USED_INTERRUPT = 1
CONFIGURATION_INTERRUPT = 2

FEATURE_VERSION_1 = 1 << 32

MOST_LOOKS = 100_000  # at a register that should change at once


class NoDevice(Exception):
    """The slot holds no device, or another one than the driver is for."""


class DeviceRefuses(Exception):
    """The device does not do what the specification lets a driver expect."""


class VirtioDevice:
    """One device: its registers, and the memory that it can reach."""

    registers: u64  # where they are mapped
    memory: DmaMemory
    features: u64  # agreed upon

    def attach(self, registers: Memory, dma: Memory, device_id: u64) -> None:
        """Map both. The device must be of that type; it is only looked at. Raises NoDevice, KernelError."""
        map_registers(registers)
        self.registers = REGISTERS
        try:
            self.check(device_id)
        except NoDevice:
            unmap_registers()
            raise
        self.memory.map(dma, registers)

    def check(self, device_id: u64) -> None:
        """Refuse what is no device of that type, and say what is there instead."""
        if self.read(MAGIC) != VIRT:
            raise NoDevice(f"no virtio slot: its first register reads 0x{self.read(MAGIC):08x}")
        if self.read(DEVICE_ID) == 0:
            raise NoDevice("the virtio slot is empty")
        if self.read(VERSION) != MODERN:
            raise NoDevice(f"virtio-mmio version {self.read(VERSION)}, not {MODERN} (QEMU: force-legacy=false)")
        if self.read(DEVICE_ID) != device_id:
            raise NoDevice(f"virtio device type {self.read(DEVICE_ID)}, not {device_id}")

    def reset(self) -> None:
        """The device forgets its queues and touches no memory any more."""
        self.write(STATUS, 0)
        for _ in range(MOST_LOOKS):
            if self.read(STATUS) == 0:
                return
        raise DeviceRefuses("the device does not finish its reset")

    def negotiate(self, wanted: u64) -> None:
        """Reset the device, and agree on those of the features wanted that it has. Raises DeviceRefuses."""
        self.reset()
        self.add_status(ACKNOWLEDGE)
        self.add_status(DRIVER)
        self.write(DEVICE_FEATURES_SELECT, 0)
        offered = self.read(DEVICE_FEATURES)
        self.write(DEVICE_FEATURES_SELECT, 1)
        offered = offered | self.read(DEVICE_FEATURES) << 32
        self.features = offered & (wanted | FEATURE_VERSION_1)
        self.write(DRIVER_FEATURES_SELECT, 0)
        self.write(DRIVER_FEATURES, u64(low32(self.features)))
        self.write(DRIVER_FEATURES_SELECT, 1)
        self.write(DRIVER_FEATURES, self.features >> 32)
        self.add_status(FEATURES_OK)
        if self.read(STATUS) & FEATURES_OK == 0:
            self.add_status(FAILED)
            raise DeviceRefuses(f"features 0x{self.features:x} of 0x{offered:x} are refused")

    def has(self, feature: u64) -> bool:
        """Whether that feature was agreed upon."""
        return self.features & feature != 0

    def start(self) -> None:
        """The queues are set up: the device may work."""
        self.add_status(DRIVER_OK)

    def take_interrupt(self) -> u64:
        """Why the device interrupted; it is told that this was seen."""
        causes = self.read(INTERRUPT_STATUS)
        self.write(INTERRUPT_ACKNOWLEDGE, causes)
        return causes

    @property
    def needs_reset(self) -> bool:
        """Whether the device has given up."""
        return self.read(STATUS) & NEEDS_RESET != 0

    # ---- registers ----

    def read(self, offset: u64) -> u64:
        """A register."""
        return u64(load32(self.registers + offset))

    def write(self, offset: u64, value: u64) -> None:
        """Write a register."""
        store32(self.registers + offset, low32(value))

    def write_address(self, offset: u64, address: u64) -> None:
        """Write a pair of registers: where the device finds what is at an address here."""
        physical = self.memory.physical(address)
        self.write(offset, u64(low32(physical)))
        self.write(offset + 4, physical >> 32)

    def add_status(self, bit: u64) -> None:
        """Set one more bit of the status."""
        self.write(STATUS, self.read(STATUS) | bit)

    def configuration8(self, offset: u64) -> u8:
        """A byte of the device's own registers."""
        return load8(self.registers + CONFIGURATION + offset)

    def configuration32(self, offset: u64) -> u64:
        """Four bytes of the device's own registers."""
        return self.read(CONFIGURATION + offset)

    def configuration64(self, offset: u64) -> u64:
        """Eight bytes of them, both halves from the same moment."""
        while True:
            generation = self.read(CONFIGURATION_GENERATION)
            value = self.configuration32(offset) | self.configuration32(offset + 4) << 32
            if self.read(CONFIGURATION_GENERATION) == generation:
                return value
