"""The test device: one register whose value ends the machine, with an exit status, or asks for a reset."""

from collections.abc import Callable

from atoll.abi.board import TEST_FAIL, TEST_PASS, TEST_RESET


class Finisher:
    """Calls `end(status)` or `reset()`; other values do nothing, as on QEMU."""

    def __init__(self, end: Callable[[int], None], reset: Callable[[], None]) -> None:
        self._end = end
        self._reset = reset

    def read(self, offset: int, size: int) -> int:
        """There is nothing to read."""
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """The low half says what, the high half the status of a failure."""
        if offset != 0:
            return
        what = value & 0xFFFF
        if what == TEST_PASS:
            self._end(0)
        elif what == TEST_FAIL:
            self._end(value >> 16)
        elif what == TEST_RESET:
            self._reset()
