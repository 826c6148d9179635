"""Ctrl-C and SIGTERM while a board runs: noted when they come, raised where it is safe.

An exception raised inside a callback of the emulator would be swallowed there.
"""

import signal
from types import FrameType, TracebackType

TERMINATED = 128 + 15


class Interrupts:
    """Signals of a `with` block: whoever runs the board asks `check` now and then."""

    def __init__(self) -> None:
        self.noted: int | None = None

    def __enter__(self) -> "Interrupts":
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        again, self.noted = self.noted is not None, number
        if again:                               # somebody waits for us: leave from wherever we are
            self.check()

    def check(self) -> None:
        """Raise what was noted."""
        if self.noted == signal.SIGINT:
            raise KeyboardInterrupt
        if self.noted == signal.SIGTERM:
            raise SystemExit(TERMINATED)
