"""The shell as a service: runs lines for others, such as the host. What the lines print goes to the console."""

from atoll.abi.types import Text, u64
from atoll.userland.runtime.interface import Interface


class Shell(Interface, messages=0x1000):
    """The shell that runs lines for others: one after another, in one state (variables, working directory)."""

    def run(self, line: Text) -> u64:
        """Run a line as if it had been typed, and wait for its end; the status of its last command."""
