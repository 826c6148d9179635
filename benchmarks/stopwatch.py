"""A stopwatch that the guest presses: it looks at what the guest prints for the lines `start` and `end ...`."""

import time
from collections.abc import Callable

START = b"\nstart\n"
END = b"\nend "


class Stopwatch:
    """`put` takes the guest's output in pieces; `count` tells, at each press, how many instructions have run."""

    def __init__(self, count: Callable[[], int] = lambda: 0) -> None:
        self.count = count
        self.output = bytearray(b"\n")
        self.presses: list[tuple[float, int]] = []

    def put(self, data: bytes) -> None:
        """Bytes of output, in order."""
        self.output += data
        wanted = END if self.presses else START
        if len(self.presses) < 2 and wanted in self.output:
            self.presses.append((time.perf_counter(), self.count()))

    @property
    def seconds(self) -> float:
        """Host time between the two presses."""
        return self.presses[1][0] - self.presses[0][0]

    @property
    def instructions(self) -> int:
        """What `count` grew by between them."""
        return self.presses[1][1] - self.presses[0][1]

    @property
    def result(self) -> bytes:
        """The line that began with `end`: what was computed."""
        return bytes(self.output).split(END)[1].split(b"\n")[0]
