"""What a program can ask of its parent, whoever that is: root, the supervisor or the program manager."""

from atoll.abi.types import Bytes, u64
from atoll.userland.runtime.interface import Interface, ServiceError, idempotent
from atoll.userland.runtime.objects import Memory


class Parent(Interface, messages=0x0100):
    """The gate in register a0 leads here (numbers: abi/programs.py)."""

    def write(self, data: Bytes) -> None:
        """Bytes for the console, of a program that was given no output."""

    def error(self, record: Bytes) -> None:
        """An ErrorRecord: the error that ends the program; the parent shows its traceback."""

    def power_off(self, status: u64) -> None:
        """Of the supervisor only: end the machine with that exit status. Never answered."""


class ReplaceFailed(ServiceError):
    """The old supervisor goes on as if nothing had been; the text says what failed."""


class Root(Interface, messages=0x1F00, errors=(ReplaceFailed,)):
    """What only the supervisor asks, and only root answers, through the same gate."""

    def replace(self, image: Memory, size: u64) -> None:
        """Let the program in a memory object, `size` bytes long, take the supervisor's place. Who asks is parked
        meanwhile, and ended if all goes well: so there is an answer only if not. Raises ReplaceFailed."""

    @idempotent
    def more(self) -> None:
        """Add to the supervisor's quota what root has left."""
