"""The start page: what a program finds at ARGUMENTS when it starts, read-only.

A header, then records one behind the other: arguments, then environment, then named handles. All numbers are 64 bits,
little-endian; texts are padded to whole numbers. An argument, and an environment entry (`NAME=value`), is its length
and its text; a named handle is the length of its name, the name, and the handle.
"""

START_PAGES = 4  # the most that all of it may take
START_ARGUMENTS = 0  # how many arguments
START_ENVIRONMENT = 8  # how many environment entries
START_HANDLES = 16  # how many named handles
START_RECORDS = 24  # where the records begin

# ---- names of handles that programs find ----
NAMING = "naming"  # gate: the root of names
INPUT = "input"  # gate: a Stream
OUTPUT = "output"
ERROR = "error"
PROGRAMS = "programs"  # gate: the program manager

# ---- names of handles that servers find besides ----
PORT = "port"  # the right to receive at its service port; not there: it comes by a swap
CONTROL = "control"  # the right to receive at its control port (abi/control.py)
MACHINE = "machine"  # of the supervisor: all devices
INITRD = "initrd"  # of the supervisor: the initial RAM disk, a memory object
DEVICE_TREE = "device-tree"  # of the supervisor
REGISTERS = "registers"  # of a driver: its device's registers, a memory object
INTERRUPT = "interrupt"  # of a driver: its device's interrupt
DMA = "dma"  # of a driver: what lets it know the physical addresses of its buffers
SUPERVISOR = "supervisor"  # gate: the supervisor
