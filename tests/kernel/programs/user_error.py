"""An error of the program's own that nobody catches."""

from atoll.abi.types import Text


class NoSuchIsland(LookupError):
    """The chart does not have it."""


def find(name: Text) -> None:
    """Look an island up."""
    if name != "Bikini":
        raise NoSuchIsland(f"{name} is not on the chart")


def main() -> None:
    """Find one island, and not the other."""
    find("Bikini")
    try:
        find("Atlantis")
    finally:
        print("end of the voyage")
