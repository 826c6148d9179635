"""The board, QEMU's `virt`: where its memory and its devices' registers are, and what ends the machine.

The kernel learns the addresses from the device tree; this page is what the host puts in there.
Source: hw/riscv/virt.c of QEMU 7.2.
"""

# ---- devices: physical address and size of their registers, in bytes ----
TEST_DEVICE = 0x0010_0000
TEST_DEVICE_SIZE = 0x1000
CLINT = 0x0200_0000
CLINT_SIZE = 0x1_0000
PLIC = 0x0C00_0000
PLIC_SIZE = 0x60_0000
UART = 0x1000_0000
UART_SIZE = 0x100
VIRTIO = 0x1000_1000  # the first of VIRTIO_SLOTS
VIRTIO_SIZE = 0x1000  # of one slot, and from one to the next
VIRTIO_SLOTS = 8

# ---- interrupt lines at the PLIC ----
VIRTIO_INTERRUPT = 1  # of the first slot; the others follow
UART_INTERRUPT = 10
INTERRUPT_SOURCES = 96

# ---- memory ----
RAM = 0x8000_0000
RAM_SIZE = 128 << 20  # unless asked otherwise
KERNEL = 0x8020_0000  # where the kernel's image is linked, loaded and entered; the firmware keeps what lies below

TIMEBASE_HZ = 10_000_000  # the `time` register counts this often a second

# ---- UART, a 16550: registers (offset in bytes) and bits ----
UART_DATA = 0
UART_LINE_STATUS = 5
UART_CAN_SEND = 0x20  # in the line status: the transmit holding register is empty

# ---- test device, "sifive,test1": a 32-bit write to its first register ends the machine ----
TEST_PASS = 0x5555  # with exit status 0
TEST_FAIL = 0x3333  # with the exit status in bits 16 and up
TEST_RESET = 0x7777
