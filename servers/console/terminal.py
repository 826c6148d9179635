"""The terminal's logic: what was typed becomes lines for readers, what is written keeps clear of the line being typed.

Nothing here knows devices or messages. Keys wait in `typed` until somebody reads: so a program that turns the echo off
or reads keys gets them as it wants them.
"""

from atoll.abi.types import Array, Bytes, Slice, u8, u64
from atoll.servers.console import editor, keys
from atoll.servers.console.editor import Editor
from atoll.servers.console.history import MAX_LINE
from atoll.servers.console.keys import KeyDecoder
from atoll.userland.runtime.containers import Ring

TYPED_AHEAD = 4096  # bytes
ROW = 256  # bytes that are remembered of what stands before the line: the prompt

HOME_AND_CLEAR = b"\x1b[H\x1b[2J"
NEW_ROW = b"\r\x1b[K"

# ---- what there is for a reader ----
NOTHING_YET = 0xFFFF_FFFF_FFFF_FFFF


class Terminal:
    """All that is known of the terminal. It refers to nothing outside, so its bytes are its state."""

    typed: Ring[u8, TYPED_AHEAD]
    decoder: KeyDecoder
    editor: Editor
    raw: bool
    after_return: bool  # the last key was a carriage return: a line feed belongs to it

    # ---- a complete line, while readers take it ----
    ready: Array[u8, MAX_LINE + 1]
    ready_start: u64
    ready_end: u64

    # ---- what was written since the last new line ----
    row: Array[u8, ROW]
    row_length: u64

    # ---- typing ----

    def type(self, byte: u8) -> bool:
        """A byte has come; True if it was Ctrl-C, which takes effect at once."""
        if byte == keys.CTRL_C and not self.raw:
            self.interrupt()
            return True
        if self.typed.full:
            self.editor.bell()
        else:
            self.typed.push(byte)
        return False

    def interrupt(self) -> None:
        """Ctrl-C: what was typed is for nobody."""
        self.typed.clear()
        self.decoder.state = keys.NOTHING
        self.ready_start = self.ready_end
        self.editor.reset()
        self.editor.echo.put(b"^C\n")

    def redraw(self) -> None:
        """Show the prompt and the line again, at the beginning of a row."""
        self.editor.echo.put(self.row[0 : self.row_length])
        self.editor.show()

    # ---- reading ----

    def read(self, into: Slice[u8]) -> u64:
        """Work on what was typed until there is something for a reader: how much, 0 for the end of the file, or
        NOTHING_YET.
        """
        if len(into) == 0:
            return 0
        if self.raw:
            return self.read_keys(into)
        while self.ready_start == self.ready_end:
            if self.typed.empty:
                return NOTHING_YET
            if self.edit(self.typed.pop()) == editor.END_OF_FILE:
                return 0
        size = min(self.ready_end - self.ready_start, u64(len(into)))
        into[0:size] = self.ready[self.ready_start : self.ready_start + size]
        self.ready_start += size
        return size

    def read_keys(self, into: Slice[u8]) -> u64:
        """Bytes as they came."""
        size: u64 = 0
        while size < len(into) and not self.typed.empty:
            into[size] = self.typed.pop()
            size += 1
        return size if size > 0 else NOTHING_YET

    def edit(self, byte: u8) -> u64:
        """Work on one byte; what it has brought about."""
        is_second = byte == keys.LINE_FEED and self.after_return
        self.after_return = byte == keys.ENTER
        if is_second:
            return editor.NOTHING
        outcome = self.editor.feed(self.decoder.feed(byte))
        match outcome:
            case editor.LINE:
                self.finish_line()
            case editor.CLEAR_SCREEN:
                self.editor.echo.put(HOME_AND_CLEAR)
                self.redraw()
        return outcome

    def finish_line(self) -> None:
        """The line is ready to be read."""
        size = self.editor.length
        self.ready[0:size] = self.editor.line()
        self.ready[size] = keys.LINE_FEED
        self.ready_start = 0
        self.ready_end = size + 1
        self.editor.reset()
        self.row_length = 0

    # ---- writing ----

    def begin_write(self, is_reading: bool) -> bool:
        """Before something is shown: if somebody is typing, that row is taken off the screen. Whether it was."""
        is_disturbed = is_reading and self.row_length + self.editor.length > 0
        if is_disturbed:
            self.editor.echo.put(NEW_ROW)
        return is_disturbed

    def end_write(self, data: Bytes, is_disturbed: bool) -> None:
        """What was shown gets rows of its own if somebody is typing; else the next line stands behind it."""
        if not is_disturbed:
            self.remember(data)
            return
        if len(data) > 0 and data[len(data) - 1] != keys.LINE_FEED:
            self.editor.echo.put(b"\n")
        self.redraw()

    def remember(self, data: Bytes) -> None:
        """The last row of what was written. One that is too long is no prompt."""
        start = u64(len(data))
        while start > 0 and data[start - 1] != keys.LINE_FEED:
            start -= 1
        if start > 0:
            self.row_length = 0
        size = u64(len(data)) - start
        if self.row_length + size > ROW:
            self.row_length = 0
        else:
            self.row[self.row_length : self.row_length + size] = data[start : start + size]
            self.row_length += size
