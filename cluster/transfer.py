"""Files between host and node, over the wire, through the node's file service."""

from typing import Any

from atoll.cluster.cluster import Cluster

FILES = "/services/files"
PART = 32 << 10  # bytes in one message


def put_file(cluster: Cluster, data: bytes, path: str, node: str | None = None) -> None:
    """Write a file in a node's file system, new or over what is there; it is on the disk afterwards."""
    from atoll.servers.files.interface import Files, OpenFlag

    files = cluster.client(Files, FILES, node)
    file = opened(files, path, OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.TRUNCATE)
    for start in range(0, len(data), PART):
        part = data[start : start + PART]
        done = 0
        while done < len(part):
            done += file.write_at(start + done, part[done:])
    cluster.release(file)
    files.sync()


def opened(files: Any, path: str, flags: int) -> Any:
    """An open file of a node. Raises NoSuchFile, with a text for who typed the path."""
    from atoll.servers.files.interface import NoSuchFile

    try:
        return files.open(path, flags)
    except NoSuchFile:
        elsewhere = "; a path is the node's own here: `node` chooses which" if path.startswith("/nodes/") else ""
        raise NoSuchFile(f"no such file or directory{elsewhere}") from None


def get_file(cluster: Cluster, path: str) -> bytes:
    """A file of the node's file system."""
    from atoll.servers.files.interface import Files, OpenFlag

    file = opened(cluster.client(Files, FILES), path, OpenFlag.READ)
    data = bytearray()
    part: Any = bytearray(PART)                 # the interface says Slice[u8]
    while count := file.read_at(len(data), part):
        data += part[:count]
    cluster.release(file)
    return bytes(data)
