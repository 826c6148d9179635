"""Where things are in an ext3 file system, and what its numbers mean. Offsets in bytes; fields are little-endian.

After "The Second Extended File System", Dave Poirier, and the kernel's documentation of ext4 and jbd, whose fields are
big-endian.
"""

# ---- superblock: always at byte 1024 of the disk ----
SUPERBLOCK_PLACE = 1024
SUPERBLOCK_SIZE = 1024
S_INODES = 0
S_BLOCKS = 4
S_RESERVED_BLOCKS = 8  # u32: kept for the superuser
S_FREE_BLOCKS = 12
S_FREE_INODES = 16
S_FIRST_DATA_BLOCK = 20  # 1 with 1 KiB blocks, else 0
S_LOG_BLOCK_SIZE = 24  # 1024 << this
S_BLOCKS_PER_GROUP = 32
S_INODES_PER_GROUP = 40
S_MOUNT_TIME = 44
S_WRITE_TIME = 48
S_MOUNTS = 52  # u16
S_MAGIC = 56  # u16
S_STATE = 58  # u16
S_REVISION = 76
S_FIRST_INODE = 84  # the first that is not reserved
S_INODE_SIZE = 88  # u16
S_COMPATIBLE = 92
S_INCOMPATIBLE = 96
S_READ_ONLY_COMPATIBLE = 100
S_JOURNAL_INODE = 224
S_LAST_ORPHAN = 232
S_WANTED_EXTRA_SIZE = 350  # u16

MAGIC = 0xEF53
STATE_CLEAN = 1
STATE_ERRORS = 2
OLD_REVISION = 0  # with fixed inode size and first inode
OLD_INODE_SIZE = 128
OLD_FIRST_INODE = 11

# ---- features ----
HAS_JOURNAL = 0x4  # compatible
INCOMPATIBLE_FILETYPE = 0x2
INCOMPATIBLE_RECOVER = 0x4  # the journal must be replayed first
READ_ONLY_SPARSE_SUPER = 0x1
READ_ONLY_LARGE_FILE = 0x2

# ---- group descriptor ----
GROUP_SIZE = 32
G_BLOCK_BITMAP = 0
G_INODE_BITMAP = 4
G_INODE_TABLE = 8
G_FREE_BLOCKS = 12  # u16
G_FREE_INODES = 14  # u16
G_DIRECTORIES = 16  # u16

# ---- inode ----
I_MODE = 0  # u16
I_OWNER = 2  # u16
I_SIZE = 4
I_ACCESS_TIME = 8  # seconds since 1970
I_CHANGE_TIME = 12
I_MODIFY_TIME = 16
I_DELETE_TIME = 20  # while on the orphan list: the next orphan
I_GROUP = 24  # u16
I_LINKS = 26  # u16
I_SECTORS = 28  # of 512 bytes, indirect blocks included
I_FLAGS = 32
I_BLOCKS = 40  # 15 u32: 12 direct, then indirect, double, triple
I_GENERATION = 100
I_ATTRIBUTES = 104  # block of extended attributes
I_SIZE_HIGH = 108  # of regular files
I_EXTRA_SIZE = 128  # u16, in inodes of more than 128 bytes: how much of them is in use
I_CHANGE_MORE = 132  # nanoseconds of the times above, and bits 32 and 33 of their seconds
I_MODIFY_MORE = 136
I_ACCESS_MORE = 140
INLINE_LINK = 60  # bytes of a symbolic link's target that fit in place of block numbers

DIRECT_BLOCKS = 12
LEVELS = 3  # of indirect blocks

ROOT_INODE = 2
FLAG_INDEX = 0x1000  # the directory has a hash tree

# ---- mode ----
TYPE_MASK = 0xF000
TYPE_FIFO = 0x1000
TYPE_CHARACTER = 0x2000
TYPE_DIRECTORY = 0x4000
TYPE_BLOCK = 0x6000
TYPE_REGULAR = 0x8000
TYPE_LINK = 0xA000
TYPE_SOCKET = 0xC000
PERMISSIONS = 0x0FFF

# ---- directory entry ----
D_INODE = 0
D_LENGTH = 4  # u16: of the record
D_NAME_LENGTH = 6
D_TYPE = 7
D_NAME = 8
MAX_NAME = 255

# ---- block of extended attributes ----
X_MAGIC = 0
X_REFERENCES = 4
ATTRIBUTES_MAGIC = 0xEA020000

MAX_LINKS = 32000
SECTOR = 512  # bytes

# ---- journal (jbd): big-endian ----
J_MAGIC = 0
J_TYPE = 4
J_SEQUENCE = 8
J_HEADER_SIZE = 12
JOURNAL_MAGIC = 0xC03B3998
TYPE_DESCRIPTOR = 1
TYPE_COMMIT = 2
TYPE_SUPERBLOCK_1 = 3
TYPE_SUPERBLOCK_2 = 4
TYPE_REVOKE = 5

JS_BLOCK_SIZE = 12
JS_LENGTH = 16  # blocks
JS_FIRST = 20  # first block of the log
JS_SEQUENCE = 24  # first transaction expected in the log
JS_START = 28  # its block; 0: the log is empty
JS_ERROR = 32
JS_INCOMPATIBLE = 40
JOURNAL_REVOKE = 0x1

TAG_BLOCK = 0
TAG_FLAGS = 4
TAG_SIZE = 8
TAG_IDENTITY_SIZE = 16  # a UUID follows a tag without SAME_IDENTITY
TAG_ESCAPED = 1  # the block began with the journal's magic, which was zeroed
TAG_SAME_IDENTITY = 2
TAG_LAST = 8

R_COUNT = 12  # bytes used, header included
R_HEADER_SIZE = 16
R_ENTRY_SIZE = 4
