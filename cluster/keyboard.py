"""The user's terminal as the guest's keyboard: keys go to the guest one by one, but for Ctrl-], which is for us.

Line editing and echo are switched off (the guest does both); output stays as it is, so that `\\n` is a new line.
"""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

QUIT_KEY = b"\x1d"                              # Ctrl-], telnet's way out


class Quit(Exception):
    """The user pressed Ctrl-]; `keys` were typed before."""

    def __init__(self, keys: bytes = b"") -> None:
        super().__init__()
        self.keys = keys


class Keyboard:
    """Keys that have been pressed and not yet read; none ever when standard input is no terminal."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @property
    def connected(self) -> bool:
        """Whether a key can ever come."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int | None:
        """For `select`; None if no key can come."""
        return self._descriptor

    def read(self, wait_seconds: float = 0) -> bytes:
        """What was typed since the last call; waits for the first key at most so long. Raises Quit at Ctrl-]."""
        if self._descriptor is None or not select.select([self._descriptor], [], [], wait_seconds)[0]:
            return b""
        keys = os.read(self._descriptor, 256)
        if QUIT_KEY in keys:
            raise Quit(keys[: keys.index(QUIT_KEY)])
        if not keys:                            # the terminal was closed
            self._descriptor = None
        return keys


@contextmanager
def open_keyboard(signals: bool = True) -> Iterator[Keyboard]:
    """The keyboard for a `with` block; the terminal is put back as it was however the block ends.

    Without `signals`, Ctrl-C and its like are keys for the guest as all others.
    """
    if not (sys.stdin and sys.stdin.isatty()):
        yield Keyboard(None)
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)  # what was typed ahead stays
        if not signals:
            pass_all_keys(descriptor)
        yield Keyboard(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def pass_all_keys(descriptor: int) -> None:
    """No key means anything to the terminal itself."""
    settings = termios.tcgetattr(descriptor)
    settings[0] &= ~termios.IXON                # input: Ctrl-S and Ctrl-Q
    settings[3] &= ~(termios.ISIG | termios.IEXTEN)  # local: Ctrl-C, Ctrl-Z, Ctrl-V and so on
    termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
