"""The time of day, from the time service."""

from atoll.abi.types import u64
from atoll.servers.time.interface import Time
from atoll.userland.library.services import service
from atoll.userland.runtime.objects import close

SECOND = 1_000_000_000


def unix_time() -> u64:
    """Seconds since 1 January 1970."""
    return time_of_day() // SECOND


def time_of_day() -> u64:
    """Nanoseconds since 1 January 1970."""
    handle = service("time")
    try:
        return Time(handle).now()
    finally:
        close(handle)
