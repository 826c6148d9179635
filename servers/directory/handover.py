"""A directory's state on its way to a successor: names, nodes, requests. A change that is under way begins again there;
its ticket says that it is the same.
"""

from atoll.abi.raw import address_of, size_of, view
from atoll.servers.directory.interface import Record
from atoll.servers.directory.peers import Peer
from atoll.servers.directory.replica import Replica
from atoll.servers.directory.requests import Kind
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

VERSION = 1
MOST_BYTES = 131072


def write_state(replica: Replica, writer: StateWriter) -> None:
    """All of it."""
    writer.number(VERSION)
    writer.number(replica.session)
    writer.number(replica.version)
    writer.number(replica.lost)
    writer.number(replica.entries.end)
    for place in range(replica.entries.end):
        entry = replica.entries.items[place]
        writer.data(view(address_of(entry.record), size_of(Record)))
        writer.copied(entry.gate)
    writer.number(replica.peers.count)
    for place in range(replica.peers.count):
        writer.data(view(address_of(replica.peers.items[place]), size_of(Peer)))
    writer.number(replica.requests.count)
    for place in range(replica.requests.count):
        request = replica.requests.items[place]
        writer.moved(request.reply)
        writer.number(request.kind)
        writer.data(view(address_of(request.record), size_of(Record)))
        writer.copied(request.gate)


def read_state(replica: Replica, reader: StateReader) -> None:
    """In the same order. What the old server had begun to send is sent again."""
    if reader.number() != VERSION:
        raise StateRefused("a directory of another version")
    replica.session = reader.number()
    replica.version = reader.number()
    replica.lost = reader.number()
    replica.entries.end = reader.number()
    for place in range(replica.entries.end):
        entry = replica.entries.items[place]
        reader.structure(address_of(entry.record), size_of(Record))
        entry.gate = reader.copied()
    replica.peers.count = reader.number()
    for place in range(replica.peers.count):
        reader.structure(address_of(replica.peers.items[place]), size_of(Peer))
    replica.requests.count = reader.number()
    for place in range(replica.requests.count):
        request = replica.requests.items[place]
        reader.moved(address_of(request))
        request.kind = Kind(reader.number())
        reader.structure(address_of(request.record), size_of(Record))
        request.gate = reader.copied()
    replica.peers.suspect_all()
