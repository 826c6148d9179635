"""From programs to something that boots: the kernel's ELF file, and an initial RAM disk with the first process (root),
programs and a manifest.

The same sources give the same bytes: nothing in them tells when, where or by whom they were made.
"""

import io
import struct
import tarfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import atoll
from atoll.abi import boot, bootargs, elf, initrd
from atoll.abi.objects import Right
from atoll.compiler.cache import Cache, image_key

if TYPE_CHECKING:
    from atoll.compiler.driver import Kind

PACKAGE = Path(atoll.__file__).parent
KERNEL = PACKAGE / "kernel" / "main.py"
ROOT = PACKAGE / "servers" / "root" / "main.py"
STANDARD = PACKAGE / "images" / "seed.toml"
INPUTS = ("abi", "images", "kernel", "servers", "userland")  # what a system is made from, besides the compiler
MANY = 8  # sources from which on it pays to compile several at a time
WORKERS = 2
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
    runs: Sequence[Run],
    command_line: str = "",
    cache: Cache | None = None,
    progress: Progress | None = None,
    root: Path = ROOT,
) -> Image:
    """The image whose first process is `root`, which runs these programs one after another."""
    manifest = "".join(map(manifest_line, runs)).encode()
    sources = list(dict.fromkeys(run.program for run in runs))
    check_names(sources)
    steps = [("kernel", KERNEL), (boot.ROOT_FILE, root), *((name_of(source), source) for source in sources)]
    kernel, first, *programs = compile_steps(steps, cache, progress)
    files = [(boot.ROOT_FILE, root_image(first)), (initrd.MANIFEST, manifest)]
    return Image(kernel, make_tar([*files, *zip(map(name_of, sources), programs, strict=True)]), command_line)


def compile_steps(
    steps: Sequence[tuple[str, Path]], cache: Cache | None = None, progress: Progress | None = None
) -> list[bytes]:
    """The ELF files of these sources, each with the name that the progress shows."""
    cache = Cache() if cache is None else cache
    results = compile_each([source for _, source in steps], cache)
    compiled: list[bytes] = []
    for number, (name, _) in enumerate(steps):
        if progress is not None:
            progress(f"compiling {name}", number, len(steps))
        compiled.append(next(results))
    if progress is not None:
        progress("done", len(steps), len(steps))
    return compiled


def compile_file(source: Path, kind: "Kind", cache: Cache) -> bytes:
    """An ELF file. The compiler comes in here: who finds all images in the cache need not wait for its import."""
    from atoll.compiler import driver

    return driver.compile_file(source, kind, cache=cache)


def compile_each(sources: Sequence[Path], cache: Cache) -> Iterator[bytes]:
    """The ELF files of these sources, one after another; of many, several are compiled at a time."""
    kinds: list["Kind"] = ["kernel" if source == KERNEL else "program" for source in sources]
    if len(sources) < MANY:
        yield from (compile_file(source, kind, cache=cache) for source, kind in zip(sources, kinds, strict=True))
        return
    # Forked: what is spawned would first run the main module again, which may be a user's script.
    pool = ProcessPoolExecutor(WORKERS, get_context("fork"))
    try:
        jobs = [pool.submit(compile_file, *job, cache=cache) for job in zip(sources, kinds, strict=True)]
        yield from (job.result() for job in jobs)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error, or when nobody wants the rest


def cached(name: str, options: Mapping[str, str], build: Callable[[], bytes], cache: Cache | None = None) -> bytes:
    """What `build` makes of all guest sources and recipes: from the cache as long as none of them changes."""
    cache = Cache() if cache is None else cache
    files = sorted(file for folder in INPUTS for file in (PACKAGE / folder).rglob("*"))
    sources = {
        str(file.relative_to(PACKAGE)): file.read_text(encoding="utf-8")
        for file in files
        if file.suffix in (".py", ".toml")
    }
    key = image_key(sources, {"what": name, "path": str(PACKAGE), **options})
    found = cache.get(key)
    if found is None:
        found = build()
        cache.put(key, found)
    return found


def name_of(program: Path) -> str:
    """What a program is called on the machine: its file without the ending."""
    return program.stem


def check_names(programs: Iterable[Path]) -> None:
    """Refuse two programs of one name, and names that a tar or a manifest cannot hold."""
    known: dict[str, Path] = {name: Path(name) for name in (boot.ROOT_FILE, initrd.MANIFEST)}
    for program in programs:
        name = name_of(program)
        if name in known:
            raise ImageError(f"{program}: the image already has a file called {name} ({known[name]})")
        if len(name.encode()) > initrd.NAME_SIZE:
            raise ImageError(f"{program}: its name has more than {initrd.NAME_SIZE} bytes")
        known[name] = program


def manifest_line(run: Run) -> str:
    """A program and its arguments as the root process reads them."""
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


def root_image(program: bytes) -> bytes:
    """The first process in the format that the kernel loads (abi/boot.py), from its ELF file."""
    entry, table = (struct.unpack_from("<Q", program, field)[0] for field in (elf.ENTRY, elf.SEGMENTS))
    count = struct.unpack_from("<H", program, elf.SEGMENT_COUNT)[0]
    headers = [table + number * elf.SEGMENT_SIZE for number in range(count)]
    loaded = [header for header in headers if struct.unpack_from("<I", program, header + elf.KIND)[0] == elf.LOAD]
    offset = boot.HEADER_SIZE + len(loaded) * boot.SEGMENT_SIZE
    image, data = bytearray(struct.pack("<3Q", boot.MAGIC, entry, len(loaded))), bytearray()
    for header in loaded:
        flags, start, address, _, file_size, memory_size = struct.unpack_from("<I5Q", program, header + elf.FLAGS)
        image += struct.pack("<5Q", address, memory_size, offset + len(data), file_size, rights_of(flags))
        data += program[start : start + file_size] + bytes(-file_size % 8)
    return bytes(image + data)


def rights_of(flags: int) -> int:
    """What a segment's memory is for."""
    wanted = ((elf.READ, Right.READ), (elf.WRITE, Right.WRITE), (elf.EXECUTE, Right.EXECUTE))
    return sum(right for flag, right in wanted if flags & flag)


def make_tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A USTAR archive; owners and times are zero."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()
