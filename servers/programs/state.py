"""The program manager's state on its way to a successor: the whole table, with processes, threads and who waits."""

from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import u64
from atoll.servers.programs.preparing import Preparations
from atoll.servers.programs.table import MOST_SETTLED, UNUSED, Entry, Table
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

VERSION = 7
SIZE = 1 << 19  # bytes that are enough for it


def export(writer: StateWriter, programs: Table, preparations: Preparations) -> None:
    """Write it all."""
    writer.number(VERSION)
    writer.number(programs.serial)
    writer.number(programs.settled_count)
    writer.data(view(address_of(programs.settled), 8 * MOST_SETTLED))
    for entry in programs.entries:
        writer.number(entry.state)
        if entry.state != UNUSED:
            export_entry(writer, entry)
    writer.data(view(address_of(preparations), size_of(Preparations)))


def export_entry(writer: StateWriter, entry: Entry) -> None:
    """One program: its figures as they are, then its handles."""
    writer.data(view(address_of(entry), size_of(Entry)))
    writer.copied(entry.image.handle)
    writer.copied(entry.content.handle)
    writer.copied(entry.process.handle)
    writer.copied(entry.thread.handle)
    writer.copied(entry.error.handle)
    for holder in entry.holders:
        writer.copied(holder.told.handle)
    for i in range(len(entry.waiting)):
        writer.moved(entry.waiting[i])


def adopt(reader: StateReader, programs: Table, preparations: Preparations) -> None:
    """Read it all. Raises StateRefused."""
    if reader.number() != VERSION:
        raise StateRefused("a table of programs of another version")
    programs.serial = reader.number()
    programs.settled_count = reader.number()
    reader.structure(address_of(programs.settled), 8 * MOST_SETTLED)
    for entry in programs.entries:
        entry.state = reader.number()
        if entry.state != UNUSED:
            adopt_entry(reader, entry)
    reader.structure(address_of(preparations), size_of(Preparations))


def adopt_entry(reader: StateReader, entry: Entry) -> None:
    """One program."""
    reader.structure(address_of(entry), size_of(Entry))
    entry.image.handle = reader.copied()
    entry.content.handle = reader.copied()
    entry.process.handle = reader.copied()
    entry.thread.handle = reader.copied()
    entry.error.handle = reader.copied()
    for holder in entry.holders:
        holder.told.handle = reader.copied()
    for i in range(len(entry.waiting)):
        reader.moved(address_of(entry.waiting) + 8 * u64(i))
