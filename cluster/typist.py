"""Somebody at QEMU's serial line: types the next line whenever the shell has asked for one, and shows what comes back.

What the firmware prints before the kernel's first line is left out.
"""

import sys
from collections.abc import Iterable
from subprocess import PIPE, Popen
from typing import IO

PROMPT = b" $ "
FIRST_WORDS = b"Atoll "  # of the kernel's first line
LAST_LINE = "poweroff $?"  # so that the machine's exit status is that of the last line
PART = 4096


def type_lines(command: list[str], lines: Iterable[str]) -> int:
    """Run QEMU with its serial line on standard input and output; its exit status, negative if a signal ended it."""
    with Popen(command, stdin=PIPE, stdout=PIPE, bufsize=0) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            _talk(process.stdin, process.stdout, [*lines, LAST_LINE])
            return process.wait()
        finally:
            # Not terminate(): a QEMU that waits for its disk does not hear that.
            process.kill()


def _talk(keys: IO[bytes], output: IO[bytes], lines: list[str]) -> None:
    """Until the machine is off."""
    screen = Screen()
    waiting = iter(lines)
    while part := output.read(PART):
        if screen.show(part):
            line = next(waiting, None)
            if line is not None:
                keys.write(line.encode() + b"\r")


class Screen:
    """What the machine has printed, to standard output from the kernel's first line on."""

    def __init__(self) -> None:
        self._seen = b""  # the end of what came, as much as has to be looked at again
        self._begun = False

    def show(self, part: bytes) -> bool:
        """Show what is new; whether the shell asks for a line now."""
        self._seen += part
        if not self._begun:
            start = self._seen.find(b"\n" + FIRST_WORDS)
            if start < 0:
                return False
            self._begun = True
            self._seen = part = self._seen[start + 1 :]
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
        asks = self._seen.endswith(PROMPT)
        self._seen = b"" if asks else self._seen[-len(PROMPT) :]
        return asks
