"""The control protocol: JSON lines between a running `atoll boot` and who controls it (docs/control.md).

One object a line. What consoles print and what is typed there are bytes: they travel as texts of as many characters.
"""

import json
from typing import Any

PROTOCOL = 1                                    # who speaks another one is refused
LONGEST = 1 << 16                               # bytes of a line that a cluster accepts

Message = dict[str, Any]


class ProtocolError(Exception):
    """What came is no message of this protocol; the text says what is wrong."""


def encode(message: Message) -> bytes:
    """A message as it is sent."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The opposite of `encode`. Raises ProtocolError."""
    try:
        message = json.loads(line)
    except ValueError:
        raise ProtocolError("a line that is no JSON") from None
    if not isinstance(message, dict):
        raise ProtocolError("a line that is no JSON object")
    return message


def text_of(data: bytes) -> str:
    """Bytes of a console for a message."""
    return data.decode("latin-1")


def bytes_of(text: object) -> bytes:
    """The opposite of `text_of`. Raises ProtocolError."""
    try:
        if isinstance(text, str):
            return text.encode("latin-1")
    except UnicodeEncodeError:
        pass
    raise ProtocolError("bytes are a text of characters below 256")


class Lines:
    """What comes from a stream, cut into messages. longest: bytes of a line, more is refused; 0: any number."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._rest = b""
        self._longest = longest

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now. Raises ProtocolError."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._longest and max(map(len, (*lines, self._rest))) > self._longest:
            raise ProtocolError(f"a line of more than {self._longest} bytes")
        return [decode(line) for line in lines]
