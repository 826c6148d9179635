"""names: the names that services have registered, with their versions.

usage: names [DIRECTORY]
  also of another node, or the cluster's: names /nodes/node2/services;
  a mount (names of others are below it) is shown with a slash
"""

from atoll.abi.types import Text, i64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.names import Listing

listing: Listing = Listing()


def show_all(directory: Text) -> None:
    """Each, as it is called from here."""
    listing.open(directory)
    while listing.next():
        before = listing.path.text[0 : listing.covered]
        after = "/" if listing.record.is_mount != 0 else ""
        print(f"{listing.record.version:>4}  {before}{listing.name}{after}")


def main() -> i64:
    """All below a directory, or all."""
    begin("names [DIRECTORY]", "")
    expect_operands(0, 1)
    directory = operand(0) if operand_count() > 0 else "/"
    try:
        show_all(directory)
    except Exception as error:
        complain(directory, f"{error}")
    return exit_status()
