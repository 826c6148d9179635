"""The disks of nodes: a fresh copy of the system's for a run, or a file that is kept."""

from pathlib import Path

from atoll.cluster.plan import NodePlan
from atoll.cluster.progress import progress_bar


def system_disks(nodes: tuple[NodePlan, ...], kept: Path | str | bytes | None) -> list[Path | bytes]:
    """Each node's disk: its own file, or `kept`, or a fresh system disk."""
    ours: list[Path | str | bytes | None] = [kept if node.disk is None else node.disk for node in nodes]
    fresh = fresh_disk() if None in ours else b""
    return [fresh if disk is None else system_disk(disk) for disk in ours]


def system_disk(kept: Path | str | bytes | None) -> Path | bytes:
    """What the node's disk is: the file to keep, made if it is not there yet; without one, a fresh system disk."""
    if isinstance(kept, bytes):
        return kept
    if kept is None:
        return fresh_disk()
    path = Path(kept)
    if not path.exists():
        from atoll.cluster.commands.compiling import replace_file

        replace_file(path, fresh_disk())
    return path


def fresh_disk() -> bytes:
    """A file system with every command in /bin, and room."""
    from atoll.images.system_disk import system_disk as build

    with progress_bar(or_line=True) as report:
        return build(progress=report)
