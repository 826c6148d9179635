"""ELF: the fields of a 64-bit executable file that a loader reads.

Offsets and sizes are in bytes, numbers little-endian.
Source: System V ABI, chapters "Object Files" and "Program Loading".
"""

MAGIC = 0x464C_457F  # 0x7F, "ELF"
CLASS_64 = 2
LITTLE_ENDIAN = 1
EXECUTABLE = 2
RISCV = 243

# ---- the file's header ----
HEADER_SIZE = 64
CLASS = 4  # u8
ENCODING = 5  # u8
TYPE = 16  # u16
MACHINE = 18  # u16
ENTRY = 24  # u64
SEGMENTS = 32  # u64: where the program headers are
SEGMENT_HEADER_SIZE = 54  # u16
SEGMENT_COUNT = 56  # u16

# ---- a program header: one segment ----
SEGMENT_SIZE = 56
KIND = 0  # u32
FLAGS = 4  # u32
OFFSET = 8  # u64: where its bytes are in the file
ADDRESS = 16  # u64: where they go
FILE_SIZE = 32  # u64
MEMORY_SIZE = 40  # u64; what the file does not fill is zero

LOAD = 1
EXECUTE = 1
WRITE = 2
READ = 4
