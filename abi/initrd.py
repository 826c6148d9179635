"""The initial RAM disk: a USTAR tar with the programs' ELF files and a manifest that says which to run.

The manifest is a text; each line is one program to run, in order: the name of its file in the tar, then its
arguments, separated by tabs. A tar is a row of 512-byte blocks: a header, then the file's bytes padded to whole
blocks; two zero blocks end it. Numbers are octal text. Source: POSIX.1-2017, pax, "ustar Interchange Format".
"""

MANIFEST = "manifest"
SUPERVISOR = "supervisor"  # the program that root gives everything to
SERVICES = "services"  # the supervisor's manifest (servers/supervisor/manifest.py)
SEPARATOR = 9  # tab, between a program's name and its arguments
MAX_ARGUMENTS_SIZE = 4096 - 8  # bytes of one program's arguments, each with its length and padding

# ---- the header's fields: offset and size in bytes ----
BLOCK = 512
NAME = 0
NAME_SIZE = 100
FILE_SIZE = 124
FILE_SIZE_SIZE = 12
KIND = 156
MAGIC = 257

KIND_FILE = 0x30  # "0"
MAGIC_TEXT = "ustar"
