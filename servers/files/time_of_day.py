"""What time files are stamped with: the time service's, which is in step with the other nodes'."""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import u64
from atoll.servers.naming.interface import Naming
from atoll.servers.time.interface import Time
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import close


class TimeOfDay:
    """The time service never waits, so that it can be asked at any time."""

    naming: Naming
    time: Time
    power_on: u64  # nanoseconds since 1970: our own reckoning, while there is no time service

    def now(self) -> u64:
        """Nanoseconds since 1970."""
        try:
            if self.time.handle == NO_HANDLE:
                self.time.handle = self.naming.lookup("/services/time").handle
            return self.time.now()
        except (ServiceError, KernelError):
            if self.time.handle != NO_HANDLE:
                close(self.time.handle)
                self.time.handle = NO_HANDLE
            return self.power_on + clock()
