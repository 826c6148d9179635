"""A line that is being typed: text, cursor, history. Keys go in; what the terminal is to show comes out.

The editor never asks where on the screen it is: it moves relative to the cursor, so any prompt may stand before it.
"""

from atoll.abi.raw import address_of, copy_memory
from atoll.abi.types import Array, Bytes, u8, u64
from atoll.servers.console import keys
from atoll.servers.console.echo import Echo, columns, is_continuation
from atoll.servers.console.history import MAX_LINE, History
from atoll.userland.runtime.text import is_utf8

# ---- what a key has brought about ----
NOTHING = 0
LINE = 1  # Enter: the line is complete
END_OF_FILE = 2  # Ctrl-D on an empty line
CLEAR_SCREEN = 3  # Ctrl-L

ERASE_TO_END = b"\x1b[K"
FIRST_OF_TWO = 0xC2  # the first bytes of characters in UTF-8
FIRST_OF_THREE = 0xE0
FIRST_OF_FOUR = 0xF0
LAST_FIRST = 0xF4


class Editor:
    """The line, and what has been typed of the next character."""

    text: Array[u8, MAX_LINE]
    length: u64
    cursor: u64  # 0 to length, never inside a character

    # ---- history ----
    history: History
    back: u64  # how many lines back we are; 0: at the line that is being typed
    draft: Array[u8, MAX_LINE]  # that line, while we are elsewhere
    draft_length: u64

    # ---- a character whose bytes have not all come ----
    partial: Array[u8, 4]
    have: u64
    need: u64

    echo: Echo

    def feed(self, key: u64) -> u64:
        """Do what a key means."""
        if key != keys.NO_KEY and (key < 0x80 or key > 0xFF):
            self.have = 0
        match key:
            case keys.ENTER | keys.LINE_FEED:
                return self.enter()
            case keys.CTRL_D:
                return self.end_or_delete()
            case keys.CTRL_L:
                return CLEAR_SCREEN
            case keys.NO_KEY:
                return NOTHING
        if keys.BLANK <= key <= 0xFF and key != keys.RUBOUT:
            self.type(u8(key))
        elif not self.move(key) and not self.delete(key) and not self.recall(key):
            self.bell()
        return NOTHING

    def line(self) -> Bytes:
        """The text as it is."""
        return self.text[0 : self.length]

    def bell(self) -> None:
        """That cannot be done."""
        self.echo.put(b"\a")

    # ---- the end of a line ----

    def enter(self) -> u64:
        """The line is complete; it stays here until `reset`."""
        self.history.add(self.line())
        self.echo.put(b"\n")
        return LINE

    def reset(self) -> None:
        """An empty line."""
        self.length = 0
        self.cursor = 0
        self.back = 0
        self.have = 0

    def end_or_delete(self) -> u64:
        """Ctrl-D: the end, if there is nothing; else as DELETE."""
        if self.length == 0:
            return END_OF_FILE
        self.delete(keys.DELETE)
        return NOTHING

    def show(self) -> None:
        """The line once more, behind a prompt that was just shown."""
        self.echo.put(self.line())
        self.echo.back(columns(self.text[self.cursor : self.length]))

    # ---- typing ----

    def type(self, byte: u8) -> None:
        """A byte of a character; with its last one the character is inserted. What is no UTF-8 is refused."""
        if is_continuation(byte):
            if self.have == 0:
                self.bell()
                return
        else:
            self.have = 0
            self.need = character_size(byte)
            if self.need == 0:
                self.bell()
                return
        self.partial[self.have] = byte
        self.have += 1
        if self.have == self.need:
            self.have = 0
            if is_utf8(self.partial[0 : self.need]):
                self.replace(self.cursor, self.cursor, self.partial[0 : self.need])
            else:
                self.bell()

    def replace(self, start: u64, end: u64, data: Bytes) -> None:
        """Put bytes in the place of those from start (not behind the cursor) to end; the cursor is behind them then."""
        size = u64(len(data))
        if self.length - (end - start) + size > MAX_LINE:
            self.bell()
            return
        self.echo.back(columns(self.text[start : self.cursor]))
        tail = address_of(self.text) + end
        copy_memory(address_of(self.text) + start + size, tail, self.length - end)
        copy_memory(address_of(self.text) + start, address_of(data), size)
        self.length = self.length - (end - start) + size
        self.echo.put(self.text[start : self.length])
        if end > start:
            self.echo.put(ERASE_TO_END)
        self.cursor = start + size
        self.echo.back(columns(self.text[self.cursor : self.length]))

    # ---- moving ----

    def move(self, key: u64) -> bool:
        """A key that moves the cursor; False if it is none."""
        match key:
            case keys.LEFT | keys.CTRL_B:
                self.go(self.before(self.cursor))
            case keys.RIGHT | keys.CTRL_F:
                self.go(self.after(self.cursor))
            case keys.HOME | keys.CTRL_A:
                self.go(0)
            case keys.END | keys.CTRL_E:
                self.go(self.length)
            case _:
                return False
        return True

    def go(self, place: u64) -> None:
        """Move the cursor to a place."""
        if place < self.cursor:
            self.echo.back(columns(self.text[place : self.cursor]))
        else:
            self.echo.put(self.text[self.cursor : place])
        self.cursor = place

    def before(self, place: u64) -> u64:
        """Where the character before a place begins."""
        start = place
        while start > 0:
            start -= 1
            if not is_continuation(self.text[start]):
                break
        return start

    def after(self, place: u64) -> u64:
        """Where the character at a place ends."""
        end = min(place + 1, self.length)
        while end < self.length and is_continuation(self.text[end]):
            end += 1
        return end

    # ---- deleting ----

    def delete(self, key: u64) -> bool:
        """A key that deletes something; False if it is none."""
        match key:
            case keys.BACKSPACE | keys.RUBOUT:
                self.cut(self.before(self.cursor), self.cursor)
            case keys.DELETE:
                self.cut(self.cursor, self.after(self.cursor))
            case keys.CTRL_U:
                self.cut(0, self.cursor)
            case keys.CTRL_K:
                self.cut(self.cursor, self.length)
            case keys.CTRL_W:
                self.cut(self.word_before(self.cursor), self.cursor)
            case _:
                return False
        return True

    def cut(self, start: u64, end: u64) -> None:
        """Delete what is between, if there is anything."""
        if start < end:
            self.replace(start, end, b"")

    def word_before(self, place: u64) -> u64:
        """Where the word before a place begins; blanks behind it belong to it."""
        start = place
        while start > 0 and self.text[start - 1] == keys.BLANK:
            start -= 1
        while start > 0 and self.text[start - 1] != keys.BLANK:
            start -= 1
        return start

    # ---- history ----

    def recall(self, key: u64) -> bool:
        """A key that goes through the history; False if it is none."""
        match key:
            case keys.UP | keys.CTRL_P:
                self.go_back(self.back + 1)
            case keys.DOWN | keys.CTRL_N if self.back > 0:
                self.go_back(self.back - 1)
            case keys.DOWN | keys.CTRL_N:
                self.bell()
            case _:
                return False
        return True

    def go_back(self, back: u64) -> None:
        """Show the line entered that many lines ago, or with 0 the one that was being typed."""
        if back > self.history.kept:
            self.bell()
            return
        if self.back == 0:
            self.draft_length = self.length
            self.draft[0 : self.length] = self.line()
        self.back = back
        self.go(0)
        if back == 0:
            self.replace(0, self.length, self.draft[0 : self.draft_length])
        else:
            self.replace(0, self.length, self.history.recall(back))


def character_size(first: u8) -> u64:
    """How many bytes a character has whose first one is given; 0 if none begins so."""
    if first < 0x80:
        return 1
    if first < FIRST_OF_TWO or first > LAST_FIRST:
        return 0
    if first < FIRST_OF_THREE:
        return 2
    return 3 if first < FIRST_OF_FOUR else 4
