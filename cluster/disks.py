"""The disks of nodes: a fresh copy of the system's for a run, or a file that is kept."""

from pathlib import Path

from atoll.cluster.progress import progress_bar

PROGRAMS = "userland/programs"
BIN = "/bin"


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
    from atoll.images.disk import Entry, File, make_disk

    files: dict[str, Entry] = {f"{BIN}/{name}": File(data, 0o755) for name, data in commands().items()}
    return make_disk(files)


def commands() -> dict[str, bytes]:
    """Each program of the system as an ELF file, by its name."""
    from atoll.compiler.cache import Cache
    from atoll.compiler.driver import compile_file
    from atoll.images.recipe import PACKAGE

    cache, sources = Cache(), sorted((PACKAGE / PROGRAMS).glob("*.py"))
    compiled = {}
    with progress_bar() as report:
        for number, source in enumerate(sources):
            report(f"compiling {source.stem}", number, len(sources))
            compiled[source.stem] = compile_file(source, "program", cache=cache)
    return compiled
