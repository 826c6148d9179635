"""What an exception of the CPU says that was done to an address, in words: the kernel's panics and the reports of
programs that misbehave say it alike.
"""

from atoll.abi import causes
from atoll.abi.types import Text, u64


def is_fetch(cause: u64) -> bool:
    """Whether there was no instruction to execute: the program has jumped astray."""
    return cause in (causes.FETCH_PAGE_FAULT, causes.FETCH_ACCESS, causes.FETCH_MISALIGNED)


def access_of(cause: u64) -> Text:
    """What was done to an address; empty if the cause is not about an access."""
    if is_fetch(cause):
        return "execute"
    if cause in (causes.LOAD_PAGE_FAULT, causes.LOAD_ACCESS, causes.LOAD_MISALIGNED):
        return "read"
    if cause in (causes.STORE_PAGE_FAULT, causes.STORE_ACCESS, causes.STORE_MISALIGNED):
        return "write"
    return ""
