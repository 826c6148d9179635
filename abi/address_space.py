"""The address space of a program: where its image, its arguments and its stack are.

Nothing is below IMAGE, so that None and small numbers are never an address. In the order of their addresses:
- IMAGE: code, constants and data, as the program's ELF file says;
- WINDOWS: what a program maps itself;
- ARGUMENTS: the start page, read-only: what the program was started with (abi/startup.py);
- STACK_GUARD, never mapped: who touches it has used up the STACK above it, which grows downwards from STACK_END;
- USER_END: the kernel's own from here on, out of reach.
"""

PAGE_SIZE = 4096  # bytes

IMAGE = 0x0001_0000
IMAGE_END = 0x7000_0000
WINDOWS = 0x7000_0000  # from here to STATE_WINDOW a program maps what it likes, device registers for example
STATE_WINDOW = 0x7600_0000  # where a server maps its state while that goes over (runtime/state.py)
ARGUMENTS = 0x7FF0_0000
STACK_GUARD = ARGUMENTS + 4 * PAGE_SIZE
STACK_SIZE = 256 << 10  # bytes
STACK_END = 0x7FFF_F000
STACK = STACK_END - STACK_SIZE
USER_END = 0x8000_0000
