"""Physical memory protection as the firmware sets it: the kernel reaches RAM and devices, and traps on everything else.

It also keeps the kernel off the firmware's own memory and the machine timer, as OpenSBI does on QEMU. The registers
cannot be set from outside, so a few instructions are run for it. Source: RISC-V Privileged Architecture 20211203,
section 3.7.
"""

import struct

from unicorn import riscv_const as reg

from atoll.abi import board as layout
from atoll.machine.cpu import Cpu
from atoll.machine.memory import Ram

FIRMWARE_SIZE = 512 << 10
ADDRESS_REGISTERS = 0x3B0
CONFIGURATION = 0x3A0
WAIT = 0x1050_0073
READ_WRITE, ALL, NOTHING = 0b011, 0b111, 0b000
OFF, UP_TO, ALIGNED = 0 << 3, 1 << 3, 3 << 3
FIRST_REGISTER = 5  # x5 and up carry the values


def protect(cpu: Cpu, ram: Ram) -> None:
    """Set all eight entries; the first that matches an address decides, and what none matches is forbidden."""
    entries = (
        (_aligned(layout.RAM, FIRMWARE_SIZE), ALIGNED | NOTHING),
        (layout.RAM >> 2, OFF),
        (ram.end >> 2, UP_TO | ALL),
        (layout.UART >> 2, OFF),
        (layout.VIRTIO + layout.VIRTIO_SLOTS * layout.VIRTIO_SIZE >> 2, UP_TO | READ_WRITE),
        (layout.PLIC >> 2, OFF),
        (layout.PLIC + layout.PLIC_SIZE >> 2, UP_TO | READ_WRITE),
        (_aligned(layout.TEST_DEVICE, layout.TEST_DEVICE_SIZE), ALIGNED | READ_WRITE),
    )
    code = [_write(ADDRESS_REGISTERS + index, FIRST_REGISTER + index) for index in range(len(entries))]
    code.append(_write(CONFIGURATION, FIRST_REGISTER + len(entries)))
    code.append(WAIT)
    for index, (address, _) in enumerate(entries):
        cpu.set_register(reg.UC_RISCV_REG_X0 + FIRST_REGISTER + index, address)
    configuration = int.from_bytes(bytes(bits for _, bits in entries), "little")
    cpu.set_register(reg.UC_RISCV_REG_X0 + FIRST_REGISTER + len(entries), configuration)
    cpu.run_aside(ram, struct.pack(f"<{len(code)}I", *code))


def _aligned(base: int, size: int) -> int:
    """A range whose size is a power of two and divides its base."""
    return base + size // 2 - 1 >> 2


def _write(register: int, source: int) -> int:
    """csrrw x0, register, source."""
    return register << 20 | source << 15 | 1 << 12 | 0x73
