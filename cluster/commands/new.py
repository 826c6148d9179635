"""`atoll new`: a commented starting point for a program or a server, made from one of our own that works."""

import keyword
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import atoll
from atoll.cluster.guard import CommandError, say

PACKAGE = Path(atoll.__file__).parent
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class Kind(StrEnum):
    """What can be made."""

    PROGRAM = "program"
    SERVER = "server"


def new(
    kind: Annotated[Kind, typer.Argument(help="What to make.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: small letters, digits, _.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Where to.", file_okay=False, exists=True)
    ] = Path(),
) -> None:
    """Make a starting point that compiles: NAME.py, or a folder NAME with interface.py and main.py."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CommandError(f"{name}: a name is small letters, digits and _, begins with a letter, and is not Python's")
    files = program_files(name) if kind is Kind.PROGRAM else server_files(name)
    for path in files:
        if (out / path).exists() or (out / path.parts[0]).exists():
            raise CommandError(f"{out / path.parts[0]} is there already; choose another name, or move it away")
    for path, text in files.items():
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
        say(f"made {out / path}")
    main = next(reversed(files))
    say(f"compile it with: atoll compile {out / main}")


def program_files(name: str) -> dict[Path, str]:
    """The example among the programs, under another name."""
    text = (PACKAGE / "userland" / "programs" / "example.py").read_text(encoding="utf-8")
    return {Path(f"{name}.py"): re.sub(r"\bexample\b", name, text)}


def server_files(name: str) -> dict[Path, str]:
    """The counter service, under another name; its two files find each other because they lie side by side."""
    folder = PACKAGE / "servers" / "counter"
    return {Path(name) / file: renamed((folder / file).read_text(encoding="utf-8"), name)
            for file in ("interface.py", "main.py")}


def renamed(text: str, name: str) -> str:
    """The text with the service's class and module named after `name`."""
    title = "".join(part.capitalize() for part in name.split("_"))
    text = text.replace("from atoll.servers.counter.interface import", "from interface import")
    return re.sub(r"\bCounter(Server)?\b", lambda found: f"{title}{found[1] or ''}", text)
