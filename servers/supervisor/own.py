"""What the supervisor knows of its own swaps: it goes over to its successor with the table (state.py)."""

from atoll.abi.types import u64
from atoll.servers.supervisor.interface import SwapReport
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.service import loop
from atoll.userland.runtime.state import StateReader, StateWriter


class Own:
    """Its figures. Times in nanoseconds."""

    version: u64  # swaps
    last_pause: u64
    longest_pause: u64
    parked: u64  # when its predecessor was told to park

    def export_own(self, writer: StateWriter) -> None:
        """Write them; this is the first that is done in a pause."""
        writer.number(self.version)
        writer.number(self.longest_pause)
        writer.number(clock())

    def import_own(self, reader: StateReader) -> None:
        """Read them."""
        self.version = reader.number() + 1
        self.longest_pause = reader.number()
        self.parked = reader.number()

    def swapped(self) -> SwapReport:
        """The swap that has come to its end just now."""
        self.last_pause = clock() - self.parked
        self.longest_pause = max(self.longest_pause, self.last_pause)
        report = SwapReport()
        report.version, report.pause = self.version, self.last_pause
        report.state_size, report.handles = loop.reader.used, loop.taken
        return report


own: Own = Own()
