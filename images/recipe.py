"""From programs to something that boots: the kernel's ELF file, and an initial RAM disk with programs and a manifest.

The same sources give the same bytes: nothing in them tells when, where or by whom they were made.
"""

import io
import tarfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import atoll
from atoll.abi import bootargs, initrd
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file

PACKAGE = Path(atoll.__file__).parent
KERNEL = PACKAGE / "kernel" / "main.py"
STANDARD = PACKAGE / "images" / "seed.toml"
SEPARATOR = chr(initrd.SEPARATOR)

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


class ImageError(Exception):
    """An image cannot be made; the text says why."""


@dataclass(frozen=True)
class Image:
    """What a machine is given: kernel, initial RAM disk (a tar), the kernel's command line."""

    kernel: bytes
    initrd: bytes
    bootargs: str = ""


@dataclass(frozen=True)
class Run:
    """One line of the manifest: a program's source file, and the arguments it is started with."""

    program: Path
    arguments: tuple[str, ...] = ()


def build_image(
    program: Path | None = None,
    arguments: Sequence[str] = (),
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> Image:
    """The image that runs one program and shows only what that prints; without a program, the standard image."""
    if program is None:
        return build_runs(standard_runs(), "", cache, progress)
    return build_runs([Run(program, tuple(arguments))], bootargs.QUIET, cache, progress)


def standard_runs() -> list[Run]:
    """What the standard image runs."""
    recipe = tomllib.loads(STANDARD.read_text(encoding="utf-8"))
    return [Run(PACKAGE / entry["file"], tuple(entry.get("arguments", ()))) for entry in recipe["program"]]


def build_runs(
    runs: Sequence[Run], command_line: str = "", cache: Cache | None = None, progress: Progress | None = None
) -> Image:
    """The image that runs these programs one after another."""
    cache = Cache() if cache is None else cache
    manifest = "".join(map(manifest_line, runs)).encode()
    sources = list(dict.fromkeys(run.program for run in runs))
    check_names(sources)
    steps = [("kernel", KERNEL), *((name_of(source), source) for source in sources)]
    compiled: list[bytes] = []
    for number, (name, source) in enumerate(steps):
        if progress is not None:
            progress(f"compiling {name}", number, len(steps))
        compiled.append(compile_file(source, "kernel" if source == KERNEL else "program", cache=cache))
    if progress is not None:
        progress("done", len(steps), len(steps))
    files = [(initrd.MANIFEST, manifest), *zip(map(name_of, sources), compiled[1:], strict=True)]
    return Image(compiled[0], make_tar(files), command_line)


def name_of(program: Path) -> str:
    """What a program is called on the machine: its file without the ending."""
    return program.stem


def check_names(programs: Iterable[Path]) -> None:
    """Refuse two programs of one name, and names that a tar or a manifest cannot hold."""
    known: dict[str, Path] = {initrd.MANIFEST: Path(initrd.MANIFEST)}
    for program in programs:
        name = name_of(program)
        if name in known:
            raise ImageError(f"{program}: the image already has a file called {name} ({known[name]})")
        if len(name.encode()) > initrd.NAME_SIZE:
            raise ImageError(f"{program}: its name has more than {initrd.NAME_SIZE} bytes")
        known[name] = program


def manifest_line(run: Run) -> str:
    """A program and its arguments as the kernel reads them."""
    fields = (name_of(run.program), *run.arguments)
    for position, field in enumerate(fields):
        if any(separator in field for separator in (SEPARATOR, "\n", "\0")):
            what = f"argument {position}" if position else "the name"
            raise ImageError(
                f"{run.program}: {what} has a tab, a line end or a zero byte in it: a manifest cannot hold that"
            )
    size = sum(8 + len(argument.encode()) + 7 for argument in run.arguments)
    if size > initrd.MAX_ARGUMENTS_SIZE:
        raise ImageError(f"{run.program}: its arguments are longer than {initrd.MAX_ARGUMENTS_SIZE} bytes")
    return SEPARATOR.join(fields) + "\n"


def make_tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A USTAR archive; owners and times are zero."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()
