"""Line editing: what a small model of an editor and of a terminal's screen say, after every key."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kernel.support import guest

MAX_LINE = 1024
PROMPT = "n1 / $ "


class Screen:
    """A terminal, as far as the console uses one: the row with the cursor, and the rows above."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.row: list[str] = []
        self.column = 0
        self.bells = 0

    def show(self, data: bytes) -> None:
        text = data.decode()
        while text:
            if text.startswith("\x1b[K"):
                del self.row[self.column :]
                text = text[3:]
            elif text.startswith("\x1b[H\x1b[2J"):
                self.rows, self.row, self.column = [], [], 0
                text = text[7:]
            else:
                self.character(text[0])
                text = text[1:]

    def character(self, character: str) -> None:
        if character == "\n":
            self.rows.append("".join(self.row))
            self.row, self.column = [], 0
        elif character == "\r":
            self.column = 0
        elif character == "\b":
            assert self.column > 0, "the cursor leaves the screen"
            self.column -= 1
        elif character == "\a":
            self.bells += 1
        else:
            assert character >= " ", f"{character!r} on the screen"
            self.row[self.column : self.column + 1] = [character]
            self.column += 1


class Model:
    """What keys do to a line."""

    def __init__(self) -> None:
        self.line: list[str] = []
        self.cursor = 0
        self.history: list[str] = []
        self.back = 0
        self.draft: list[str] = []

    def size(self) -> int:
        return len("".join(self.line).encode())

    def key(self, key: str) -> None:
        """Any key but Enter."""
        line, at = self.line, self.cursor
        if key in ("left", "\x02"):
            self.cursor = max(0, at - 1)
        elif key in ("right", "\x06"):
            self.cursor = min(len(line), at + 1)
        elif key in ("home", "\x01"):
            self.cursor = 0
        elif key in ("end", "\x05"):
            self.cursor = len(line)
        elif key in ("\x7f", "\x08"):
            del line[max(0, at - 1) : at]
            self.cursor = max(0, at - 1)
        elif key in ("delete", "\x04"):
            del line[at : at + 1]
        elif key == "\x15":
            del line[:at]
            self.cursor = 0
        elif key == "\x0b":
            del line[at:]
        elif key == "\x17":
            before = "".join(line[:at]).rstrip(" ")
            start = before.rfind(" ") + 1
            del line[start:at]
            self.cursor = start
        elif key in ("up", "\x10", "down", "\x0e"):
            self.recall(self.back + (1 if key in ("up", "\x10") else -1))
        elif key >= " " and self.size() + len(key.encode()) <= MAX_LINE:
            line.insert(at, key)
            self.cursor += 1

    def recall(self, back: int) -> None:
        if not 0 <= back <= min(len(self.history), 32):
            return
        if self.back == 0:
            self.draft = self.line
        self.line = list(self.history[-back]) if back else self.draft
        self.back, self.cursor = back, len(self.line)

    def enter(self) -> str:
        line = "".join(self.line)
        if line and self.history[-1:] != [line]:
            self.history.append(line)
        self.line, self.cursor, self.back = [], 0, 0
        return line


SEQUENCES = {
    "up": b"\x1b[A", "down": b"\x1bOB", "right": b"\x1b[C", "left": b"\x1b[1;5D", "home": b"\x1b[H", "end": b"\x1b[4~",
    "delete": b"\x1b[3~",
}  # fmt: skip
CONTROLS = ["\x01", "\x02", "\x05", "\x06", "\x0b", "\x0e", "\x10", "\x15", "\x17", "\x7f", "\x08", "\x04"]
characters = st.sampled_from(["a", "b", " ", " ", "é", "→", "🙂"])
key_names = st.one_of(characters, characters, st.sampled_from([*SEQUENCES, *CONTROLS, "\r", "\n", "\r\n"]))


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    """The terminal's logic as CPython runs it."""
    yield guest("servers.console.terminal")


class Typist:
    """A terminal with a screen."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.terminal = module.Terminal()
        self.screen = Screen()
        self.buffer = module.Array[module.u8, 2048]()

    def write(self, text: str, is_reading: bool = False) -> None:
        data = text.encode()
        disturbed = self.terminal.begin_write(is_reading)
        self.look()
        self.screen.show(data)
        self.terminal.end_write(data, disturbed)
        self.look()

    def look(self) -> None:
        self.screen.show(bytes(self.terminal.editor.echo.take()))

    def type(self, data: bytes) -> None:
        for byte in data:
            self.terminal.type(byte)

    def read(self, room: int = 2048) -> bytes | None:
        size = self.terminal.read(self.buffer[0:room])
        self.look()
        return None if size == self.module.NOTHING_YET else bytes(self.buffer[0:size])


@settings(max_examples=40)
@given(st.lists(key_names, max_size=40))
def test_every_key_does_what_the_model_says_and_the_screen_shows_it(module: ModuleType, names: list[str]) -> None:
    typist, model = Typist(module), Model()
    typist.write(PROMPT)
    for name in names:
        typist.type(SEQUENCES.get(name, name.encode()))
        if name == "\x04" and not model.line:
            assert typist.read() == b""
            continue
        if name in ("\r", "\n", "\r\n"):
            line = model.enter()
            assert typist.read() == line.encode() + b"\n"
            assert typist.screen.rows[-1] == PROMPT + line
            assert typist.read() is None
            typist.write(PROMPT)
        else:
            model.key(name)
            assert typist.read() is None
        assert "".join(typist.screen.row) == PROMPT + "".join(model.line)
        assert typist.screen.column == len(PROMPT) + model.cursor


@settings(max_examples=40)
@given(st.binary(max_size=40))
@example(b"\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80\xc3\r")
@example(b"\x1b[\x1b\x1b[9999999999999999999999~\x1b[;;3~\x1bx\r")
def test_no_bytes_break_it(module: ModuleType, data: bytes) -> None:
    """Whatever comes: lines are UTF-8, the screen is never left, and afterwards a line can be typed."""
    typist = Typist(module)
    typist.write(PROMPT)
    for byte in data:
        typist.type(bytes((byte,)))
        line = typist.read()
        if line is not None:
            line.decode()
            typist.write(PROMPT)
    typist.type(b"\x03ok\r")
    assert typist.read() == b"ok\n"


def test_a_line_longer_than_there_is_room_for(module: ModuleType) -> None:
    typist = Typist(module)
    for _ in range(MAX_LINE + 5):
        typist.type(b"x")
        assert typist.read() is None
    assert typist.screen.bells == 5
    typist.type(b"\r")
    assert typist.read(1000) == b"x" * 1000
    assert typist.read(1000) == b"x" * 24 + b"\n"
    assert typist.read() is None


def test_typed_ahead_is_edited_when_somebody_reads(module: ModuleType) -> None:
    typist = Typist(module)
    typist.type(b"firsz\x7ft\rsecond\r")
    assert typist.screen.row == [] and typist.screen.rows == []
    typist.write(PROMPT)
    assert typist.read() == b"first\n"
    assert typist.screen.rows == [PROMPT + "first"]
    assert typist.read() == b"second\n"


def test_ctrl_c_discards_what_was_typed(module: ModuleType) -> None:
    typist = Typist(module)
    typist.write(PROMPT)
    typist.type(b"rm -rf")
    assert typist.read() is None
    typist.type(b" /\r")  # nobody has read this
    assert typist.terminal.type(3) is True
    typist.terminal.redraw()
    typist.look()
    assert typist.screen.rows == [PROMPT + "rm -rf^C"]
    assert "".join(typist.screen.row) == PROMPT
    assert typist.read() is None


def test_ctrl_l_clears_the_screen_and_keeps_the_line(module: ModuleType) -> None:
    typist = Typist(module)
    typist.write(f"noise\n{PROMPT}")
    typist.type(b"ab\x02\x0c")
    assert typist.read() is None
    assert typist.screen.rows == []
    assert "".join(typist.screen.row) == PROMPT + "ab"
    assert typist.screen.column == len(PROMPT) + 1


@pytest.mark.parametrize("text", ["news\n", "news"])
def test_what_others_write_keeps_clear_of_the_line(module: ModuleType, text: str) -> None:
    typist = Typist(module)
    typist.write(PROMPT)
    typist.type(b"abc\x1b[D")
    assert typist.read() is None
    typist.write(text, is_reading=True)
    assert typist.screen.rows == ["news"]
    assert "".join(typist.screen.row) == PROMPT + "abc"
    assert typist.screen.column == len(PROMPT) + 2


def test_raw_keys(module: ModuleType) -> None:
    typist: Any = Typist(module)
    typist.terminal.raw = True
    assert typist.read() is None
    typist.type(b"q\x03\x1b[A\r")
    assert typist.read(2) == b"q\x03"
    assert typist.read() == b"\x1b[A\r"
    assert typist.screen.row == [] and typist.screen.rows == []
    typist.terminal.raw = False
    typist.type(b"x\r")
    assert typist.read() == b"x\n"
