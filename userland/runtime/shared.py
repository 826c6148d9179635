"""Numbers that several threads, or several processes, read and write. (The compiler keeps an ordinary variable in a
register as long as it likes.)
"""

from atoll.abi.raw import address_of, load64, store64
from atoll.abi.riscv import a0, a1, amoadd_d, ret
from atoll.abi.types import assembly, export, u64


class SharedNumber:
    """A number in memory, read and written there each time."""

    _number: u64

    def read(self) -> u64:
        """What it is now."""
        return load64(address_of(self))

    def write(self, value: u64) -> None:
        """Set it."""
        store64(address_of(self), value)

    def add(self, value: u64) -> u64:
        """Add to it in one step, wrapping; what it was before."""
        return atomic_add(address_of(self), value)


@assembly
@export("atomic_add")
def atomic_add(address: u64, value: u64) -> u64:
    """Add to the number at an address; no other thread sees it half done."""
    amoadd_d(a0, a1, a0)
    ret()
