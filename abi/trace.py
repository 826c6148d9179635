"""Layout of the trace table: from instruction addresses and raise sites to file, line, function and source text.

compiler/trace_table.py builds one per image after linking; guest code reads it to print tracebacks, also on QEMU.
"""

# Where it is: the section `.trace`, mapped read-only, last in the image. The image's own code finds it at the
# symbol `__trace_start`; who loads another image finds its address and size in the program header of type
# `TRACE_SEGMENT`.
#
# All fields are unsigned, 32 bits, little-endian, at multiples of 4; "offset" without more means bytes from the
# start of the table. The table is, in this order: header, ranges, locations, sites, errors, strings.
#
# How to read it
# - a fault at `pc`: among the ranges, which are sorted by their start, find the last with `start <= pc - base` by
#   binary search (pc below base, or at or above base + CODE_SIZE: no frame). Its location is where pc is; location
#   0 means "no source known here".
# - a return address found in a frame: look up `address - 4`, the call. (No instruction is shorter than 4 bytes.)
# - a site id of a raised error: `sites[id]` is its location. A site never has an inlined-at location: each function
#   that an error passes appends its own site, inlined or not.
# - a location is one frame. When its INLINED_AT is not 0, the function was inlined, and the frame that called it is
#   that other location; follow until 0. Innermost comes first in such a chain, so print it backwards. No chain is
#   longer than MAX_DEPTH.
# - an error class: `errors[id]` holds its name and the largest id among its descendants (`except E` catches id(E)
#   ... last(E)). Id 0 is no error; its name is empty.
# - a string is named by its offset from the start of the strings: 32 bits of length in bytes, then that many bytes
#   of UTF-8, then zeros up to a multiple of 4. String 0 is the empty string.

MAGIC = 0x43525441  # "ATRC" in memory
VERSION = 1
TRACE_SEGMENT = 0x6174_6C6C  # p_type of the program header that spans the table (in the range for operating systems)
MAX_DEPTH = 32  # locations in one inlined-at chain, at most

# ---- header: offsets of its fields ----
HEADER_MAGIC = 0
HEADER_VERSION = 4
HEADER_SIZE_OF_TABLE = 8  # bytes, header included
HEADER_BASE_LOW = 12  # address that range starts are relative to, low 32 bits
HEADER_BASE_HIGH = 16  # ... and high 32 bits
HEADER_CODE_SIZE = 20  # bytes of code covered, from base on
HEADER_RANGE_COUNT = 24
HEADER_RANGES = 28  # offset of the first range
HEADER_LOCATION_COUNT = 32  # location 0 included
HEADER_LOCATIONS = 36
HEADER_SITE_COUNT = 40
HEADER_SITES = 44
HEADER_ERROR_COUNT = 48  # error 0 included
HEADER_ERRORS = 52
HEADER_STRINGS = 56
HEADER_STRINGS_SIZE = 60  # bytes
HEADER_SIZE = 64

# ---- a range: code from its start up to the next range's start belongs to one location ----
RANGE_START = 0  # bytes from base
RANGE_LOCATION = 4  # index; 0: no source known
RANGE_SIZE = 8

# ---- a location: one frame of a traceback; number 0 is all zero ----
LOCATION_FILE = 0  # string: as printed, `kernel/trap.py`
LOCATION_LINE = 4  # from 1; 0: not known
LOCATION_FUNCTION = 8  # string
LOCATION_SOURCE = 12  # string: the line's text without surrounding blanks; empty if the source was not there
LOCATION_INLINED_AT = 16  # index of the calling frame's location; 0: this function was not inlined
LOCATION_SIZE = 20

# ---- a site: one 32-bit location index ----
SITE_SIZE = 4

# ---- an error class ----
ERROR_NAME = 0  # string: `IndexError`
ERROR_LAST = 4  # largest id among its descendants; its own id if it has none
ERROR_SIZE = 8

# ---- a string ----
STRING_LENGTH = 0  # bytes of text
STRING_TEXT = 4
