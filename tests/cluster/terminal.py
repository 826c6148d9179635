"""A command at a pseudo-terminal, and the person who types there."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

PATIENCE_SECONDS = 120                          # on a loaded machine; nothing waits so long when all is well


class Terminal:
    """`atoll` with some words; the program must leave the terminal as it was."""

    def __init__(self, *words: str, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.descriptor, self._inner = pty.openpty()
        self.before = termios.tcgetattr(self._inner)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "atoll", *words], stdin=self._inner, stdout=self._inner, stderr=self._inner,
            start_new_session=True, cwd=folder, env=os.environ | (environment or {}),
        )  # fmt: skip
        self.seen = b""                         # and not yet expected

    def expect(self, text: bytes) -> bytes:
        """Wait for a text; what came before it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.descriptor], [], [], left)[0], f"{text!r} not in {self.seen!r}"
            self.seen += os.read(self.descriptor, 4096)
        before, _, self.seen = self.seen.partition(text)
        return before

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.descriptor, keys)

    def finish(self) -> int:
        """The exit status; the terminal must be as it was."""
        status = self.process.wait(PATIENCE_SECONDS)
        assert termios.tcgetattr(self._inner) == self.before, "the terminal was not restored"
        return status

    def close(self) -> None:
        """End it, however far it is."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.descriptor)
        os.close(self._inner)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
