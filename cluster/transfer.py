"""Files between host and node, over the wire, through the node's file service."""

from typing import Any

from atoll.cluster.cluster import Cluster

FILES = "/services/files"
PART = 32 << 10  # bytes in one message


def put_file(cluster: Cluster, data: bytes, path: str, node: str | None = None) -> None:
    """Write a file in a node's file system, new or over what is there; it is on the disk afterwards."""
    from atoll.servers.files.interface import Files, OpenFlag

    files = cluster.client(Files, FILES, node)
    file = files.open(path, OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.TRUNCATE)
    for start in range(0, len(data), PART):
        part = data[start : start + PART]
        done = 0
        while done < len(part):
            done += file.write_at(start + done, part[done:])
    cluster.release(file)
    files.sync()


def get_file(cluster: Cluster, path: str) -> bytes:
    """A file of the node's file system."""
    from atoll.servers.files.interface import Files, OpenFlag

    file = cluster.client(Files, FILES).open(path, OpenFlag.READ)
    data = bytearray()
    part: Any = bytearray(PART)                 # the interface says Slice[u8]
    while count := file.read_at(len(data), part):
        data += part[:count]
    cluster.release(file)
    return bytes(data)
