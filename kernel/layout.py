"""Where the kernel's own things are: its image as linked, and behind it the stacks.

In the order of their addresses:
- the image: code, constants, data, trace table, at abi.board.KERNEL, virtual and physical alike;
- the fault area: registers and a small stack for a trap taken in supervisor mode, the kernel's own mistake;
- the guard: one page, never mapped, so that the kernel's stack cannot grow into anything;
- the stack: the one kernel stack;
- pages to give out, reached through the direct map.
"""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.riscv import a0, la, ret
from atoll.abi.types import assembly, export, u64

FAULT_AREA_SIZE = 4 * PAGE_SIZE
GUARD_SIZE = PAGE_SIZE
STACK_SIZE = 4 * PAGE_SIZE
STACKS_SIZE = FAULT_AREA_SIZE + GUARD_SIZE + STACK_SIZE  # from the end of the image to the top of the stack

# RAM behind the kernel and the devices' registers are at this address plus their physical one: Sv39's upper half.
DIRECT_MAP = 0xFFFF_FFC0_0000_0000


@assembly
@export("constants_start")
def constants_start() -> u64:
    """Where constants begin: on the first page behind the code, as the linker gives each kind of section its own."""
    la(a0, "__rodata_start")
    ret()


@assembly
@export("data_start")
def data_start() -> u64:
    """Where data begins, on the first page behind the constants."""
    la(a0, "__tls_start")
    ret()


@assembly
@export("fault_area")
def fault_area() -> u64:
    """The first page behind the image, which is whole pages."""
    la(a0, "__image_end")
    ret()


def fault_area_end() -> u64:
    """Top of the stack for traps in supervisor mode."""
    return fault_area() + FAULT_AREA_SIZE


def stack_start() -> u64:
    """Lowest address of the kernel's stack."""
    return fault_area_end() + GUARD_SIZE


def kernel_end() -> u64:
    """Top of the kernel's stack, and the first page to give out."""
    return stack_start() + STACK_SIZE


def page_up(address: u64) -> u64:
    """The address, rounded up to a whole page."""
    return (address + PAGE_SIZE - 1) // PAGE_SIZE * PAGE_SIZE


def page_down(address: u64) -> u64:
    """The address of the page that it lies in."""
    return address // PAGE_SIZE * PAGE_SIZE
