"""How a system call is refused: raised wherever a mistake of the caller is found, caught in one place (calls.py)."""

from atoll.abi.types import u64


class Refused(Exception):
    """The call ends with that status."""

    status: u64


class PageMissing(Exception):
    """The caller's memory has to be fetched by its pager; then the call begins again."""

    cause: u64
    address: u64
