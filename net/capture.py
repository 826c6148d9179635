"""Frames as a pcapng file, which Wireshark and tshark read: an interface per node, times in virtual nanoseconds.

A node's card sees what it sends and what reaches it. Nodes are run side by side, a block of code at a time, so their
frames come a little out of order: they are held back until nothing earlier can come.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from pathlib import Path
from types import TracebackType
from typing import Any

LINKTYPE_ETHERNET = 1
NANOSECONDS = b"\x09"  # if_tsresol: 10 to the power of minus 9
RECEIVED, SENT = 1, 2  # epb_flags, bits 0 and 1
HELD_BACK_NS = 1_000_000  # far longer than any block of code takes


class Capture:
    """A file that the frames of some stations are written to; its `frame` is a network's tap."""

    def __init__(self, path: Path, stations: Iterable[str]) -> None:
        self._path = path
        self._stations = {name: number for number, name in enumerate(stations)}
        self._held: list[tuple[int, int, int, int, bytes]] = []  # time, order, interface, flags, frame
        self._frames = 0

    def __enter__(self) -> "Capture":
        from pcapng import FileWriter, blocks

        self._file = self._path.open("wb")
        self._packet = blocks.EnhancedPacket
        self._section: Any = blocks.SectionHeader(options={"shb_userappl": "atoll"})
        for name in self._stations:
            options = {"if_name": name, "if_tsresol": NANOSECONDS}
            self._section.new_member(
                blocks.InterfaceDescription, link_type=LINKTYPE_ETHERNET, snaplen=0, options=options
            )
        self._writer: Any = FileWriter(self._file, self._section)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        while self._held:
            self._write()
        self._file.close()

    def frame(self, time_ns: int, station: str, leaves: bool, data: bytes) -> None:
        """A frame leaves a station, or reaches one."""
        interface = self._stations.get(station)
        if interface is None:
            return
        heappush(self._held, (time_ns, self._frames, interface, SENT if leaves else RECEIVED, data))
        self._frames += 1
        while self._held[0][0] < time_ns - HELD_BACK_NS:
            self._write()

    def _write(self) -> None:
        time_ns, _, interface, flags, data = heappop(self._held)
        packet = self._section.new_member(
            self._packet, interface_id=interface, timestamp_high=time_ns >> 32, timestamp_low=time_ns & 0xFFFF_FFFF,
            captured_len=len(data), packet_len=len(data), packet_data=data, options={"epb_flags": flags},
        )  # fmt: skip
        self._writer.write_block(packet)
