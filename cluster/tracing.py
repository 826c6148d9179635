"""What goes over the wire, frame by frame, as lines of JSON: for who wants to see a call."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from atoll.abi import wire
from atoll.abi.wire import Kind
from atoll.net.frame import Frame, FrameError, decode


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
            entry |= {"fragment": frame.fragment, "size": frame.message_size, "words": [*map(hex, frame.words)]}
        if frame.kind is Kind.REQUEST:
            entry["message"] = self._names.get(frame.words[0], "unknown")
            if frame.fragment == 0:
                entry["service"] = frame.data[: min(frame.name_size, wire.MAX_NAME)].decode("utf-8", "replace")
        if frame.kind is Kind.REPLY:
            entry["outcome"] = frame.outcome.name.lower()
        return entry


def message_names() -> dict[int, str]:
    """Word 0 of a request, as its interface calls it."""
    from atoll.compiler.interfaces.description import message_names as names_of
    from atoll.compiler.interfaces.host import all_interfaces

    return names_of(all_interfaces())
