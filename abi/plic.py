"""PLIC, the interrupt controller: its registers, for the one context that the kernel uses, hart 0 in supervisor mode.

Offsets in bytes; all registers have 32 bits. Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0.
"""

PRIORITY = 0  # plus 4 for each source; 0: never interrupts
ENABLE = 0x2000 + 0x80  # one bit for each source
THRESHOLD = 0x20_1000  # only higher priorities interrupt
CLAIM = 0x20_1004  # read: the source that interrupts, 0 if none; write: it is handled
