"""What is on a fresh disk: the programs of userland/programs in /bin, their manual pages, and a few empty directories.

A program's manual page is the text that its source begins with.
"""

import ast
from pathlib import Path

from atoll.compiler.cache import Cache
from atoll.images.disk import Directory, Entry, File
from atoll.images.recipe import PACKAGE, Progress, compile_steps
from atoll.images.strip import stripped

PROGRAMS = PACKAGE / "userland" / "programs"
DIRECTORIES = {"/tmp": 0o777, "/home": 0o755, "/etc": 0o755}
GREETING = b"Welcome to Atoll. `help` lists the commands, `man NAME` explains one.\n"


def program_sources() -> list[Path]:
    """The sources of everything in /bin, by name."""
    return sorted(PROGRAMS.glob("*.py"))


def manual_page(source: Path) -> bytes:
    """The page of a program."""
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or f"{source.stem}: no page"
    return f"{text}\n".encode()


def user_files(cache: Cache | None = None, progress: Progress | None = None) -> dict[str, Entry]:
    """Everything on a fresh disk, by path; programs are compiled if they are not in the cache."""
    sources = program_sources()
    images = compile_steps([(f"bin/{source.stem}", source) for source in sources], cache, progress)
    files: dict[str, Entry] = {path: Directory(mode) for path, mode in DIRECTORIES.items()}
    files["/etc/motd"] = GREETING
    for source, image in zip(sources, images, strict=True):
        files[f"/bin/{source.stem}"] = File(stripped(image), 0o755)
        files[f"/usr/share/man/{source.stem}"] = manual_page(source)
    return files
