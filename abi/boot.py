"""The first process, `root`: how its image lies in the initial RAM disk, and what it finds when it starts.

The first file of the initial RAM disk (a tar) is root's image in a format of its own, so that the kernel needs to know
neither tar nor ELF: a header, segments, then their bytes. All numbers are 64 bits, little-endian.

Root starts with an empty stack at abi.address_space.STACK_END, and finds a BootInfo at BOOT_INFO, read-only. All
other memory of the machine is its quota. Root has no pager: a fault of its own stops the machine.
"""

from atoll.abi.types import Array, u8, u64

ROOT_FILE = "root"  # its name in the tar
TAR_HEADER = 512  # bytes before the first file's

# ---- image: header, then SEGMENT_COUNT segments of SEGMENT_SIZE bytes, then bytes ----
MAGIC = 0x544F_4F52_4C4F_5441  # "ATOLROOT"
HEADER_MAGIC = 0
HEADER_ENTRY = 8  # pc
HEADER_SEGMENTS = 16  # how many
HEADER_SIZE = 24
SEGMENT_ADDRESS = 0  # multiple of a page
SEGMENT_MEMORY_SIZE = 8  # bytes; what the file does not fill is zero
SEGMENT_OFFSET = 16  # in the image, bytes
SEGMENT_FILE_SIZE = 24
SEGMENT_RIGHTS = 32  # abi.objects.Right: READ, WRITE, EXECUTE
SEGMENT_SIZE = 40

BOOT_INFO = 0x7FE0_0000  # where root finds it
BOOT_VERSION = 1

# ---- handles that root starts with, in BootInfo.handles ----
HANDLE_SELF = 0  # its process
HANDLE_THREAD = 1  # its first thread
HANDLE_MACHINE = 2
HANDLE_INITRD = 3  # memory object, READ: whole pages, the archive begins INITRD_OFFSET bytes in
HANDLE_DEVICE_TREE = 4  # memory object, READ, the tree begins device_tree_offset bytes in
BOOT_HANDLES = 8
MAX_COMMAND_LINE = 256  # bytes


class BootInfo:
    """What this machine has: the kernel fills it from the device tree, and a copy is what it tells root. Addresses are
    physical, and 0 where there is no such thing.
    """

    version: u64
    handles: Array[u64, BOOT_HANDLES]
    ram: u64
    ram_end: u64
    initrd: u64
    initrd_end: u64
    initrd_offset: u64  # bytes into the memory object
    initrd_size: u64
    device_tree: u64
    device_tree_end: u64
    device_tree_offset: u64  # likewise
    device_tree_size: u64
    timebase_hz: u64
    plic: u64  # registers of the interrupt controller, which the kernel keeps
    uart: u64
    uart_interrupt: u64
    test_device: u64
    virtio: u64  # the first of abi.board.VIRTIO_SLOTS
    virtio_interrupt: u64  # source of the first
    quiet: u64  # 1: the command line says so
    command_line_size: u64
    command_line: Array[u8, MAX_COMMAND_LINE]  # the text, or its beginning
