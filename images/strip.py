"""What a loader does not read of an ELF file is left out of images: symbols and DWARF. The trace table stays."""

import struct

from atoll.abi import elf
from atoll.abi.trace import TRACE_SEGMENT

THREAD_DATA = 7  # PT_TLS
KEPT = (elf.LOAD, TRACE_SEGMENT, THREAD_DATA)
NOTHING = 0  # PT_NULL: a program header that is to be passed over
SECTIONS, SECTION_COUNT = 40, 60  # e_shoff; e_shnum and e_shstrndx


def stripped(program: bytes) -> bytes:
    """The file up to the end of its last segment, without section headers. It loads and runs as before."""
    table = struct.unpack_from("<Q", program, elf.SEGMENTS)[0]
    count = struct.unpack_from("<H", program, elf.SEGMENT_COUNT)[0]
    image = bytearray(program)
    struct.pack_into("<Q", image, SECTIONS, 0)
    struct.pack_into("<2H", image, SECTION_COUNT, 0, 0)
    end = table + count * elf.SEGMENT_SIZE
    for header in range(table, end, elf.SEGMENT_SIZE):
        if struct.unpack_from("<I", image, header + elf.KIND)[0] in KEPT:
            offset = struct.unpack_from("<Q", image, header + elf.OFFSET)[0]
            end = max(end, offset + struct.unpack_from("<Q", image, header + elf.FILE_SIZE)[0])
        else:
            struct.pack_into("<I", image, header + elf.KIND, NOTHING)
    return bytes(image[:end])
