"""What goes over the wire, frame by frame, as lines of JSON: for who wants to see a call."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from atoll.abi import wire
from atoll.abi.wire import Kind
from atoll.net.envelope import Announcement, Envelope
from atoll.net.frame import Frame, FrameError, decode, outcome_of


class Trace:
    """A file that frames are written to."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._names = message_names()

    def __enter__(self) -> "Trace":
        self._file = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    def frame(self, time_ns: int, _station: str, leaves: bool, data: bytes) -> None:
        """A frame leaves a station, or reaches one; it is written when it leaves."""
        if not leaves:
            return
        entry: dict[str, Any] = {"time_ns": time_ns, "bytes": len(data)}
        try:
            entry |= self.describe(decode(self._key, data))
        except FrameError as error:
            entry["error"] = str(error)
        self._file.write(json.dumps(entry) + "\n")

    def describe(self, frame: Frame) -> dict[str, Any]:
        """What it says."""
        entry: dict[str, Any] = {
            "from": frame.source.hex(":"), "to": frame.destination.hex(":"), "kind": frame.kind.name.lower(),
            "transaction": frame.transaction, "channel": frame.channel,
        }  # fmt: skip
        if frame.kind in (Kind.REQUEST, Kind.REPLY):
            entry |= {"fragment": frame.fragment, "size": frame.message_size}
        if frame.kind is Kind.ANNOUNCE:
            entry["name"] = Announcement.decode(frame.data).name
        if (envelope := frame.envelope) is not None:
            entry |= self.describe_message(frame, envelope)
        return entry

    def describe_message(self, frame: Frame, envelope: Envelope) -> dict[str, Any]:
        """What a message says, whose beginning is here."""
        entry: dict[str, Any] = {"words": [*map(hex, envelope.words)]}
        if frame.kind in (Kind.REPLY, Kind.ANSWER):
            entry["outcome"] = outcome_of(envelope).name.lower()
        elif frame.kind in (Kind.REQUEST, Kind.QUERY):
            entry["message"] = self._names.get(envelope.words[0], "unknown")
            end = wire.ENVELOPE_SIZE + min(envelope.name_size, wire.MAX_NAME)
            entry["service"] = frame.data[wire.ENVELOPE_SIZE : end].decode("utf-8", "replace")
        return entry


def message_names() -> dict[int, str]:
    """Word 0 of a request, as its interface calls it."""
    from atoll.compiler.interfaces.description import message_names as names_of
    from atoll.compiler.interfaces.host import all_interfaces

    return names_of(all_interfaces())
