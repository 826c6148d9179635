"""The system's image: kernel, root, supervisor and servers in the initial RAM disk; what to start is in system.toml.

The same sources give the same bytes.
"""

import struct
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from atoll.abi import boot, initrd
from atoll.compiler.cache import Cache
from atoll.images.recipe import (
    KERNEL,
    PACKAGE,
    ROOT,
    Image,
    ImageError,
    Progress,
    cached,
    compile_steps,
    make_tar,
    root_image,
)
from atoll.images.strip import stripped

SYSTEM = PACKAGE / "images" / "system.toml"
SUPERVISOR = PACKAGE / "servers" / "supervisor" / "main.py"
KNOWN = {"name", "file", "names", "devices", "dma", "arguments", "priority", "quota"}


@dataclass(frozen=True)
class Service:
    """One `[[service]]` of a recipe; quota and dma in pages."""

    name: str
    file: Path
    names: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    dma: int = 0
    arguments: tuple[str, ...] = ()
    priority: int = 16
    quota: int = 256

    def line(self) -> str:
        """Its line in the supervisor's manifest (servers/supervisor/manifest.py)."""
        fields = [self.name, f"priority={self.priority}", f"quota={self.quota}"]
        fields += [f"dma={self.dma}"] if self.dma else []
        fields += [f"name={name}" for name in self.names]
        fields += [f"device={device}" for device in self.devices]
        fields += [f"argument={argument}" for argument in self.arguments]
        if any(set(field) & {"\t", "\n", "\0"} for field in fields):
            raise ImageError(f"service {self.name}: a tab, a line end or a zero byte: a manifest cannot hold that")
        return "\t".join(fields) + "\n"


def read_recipe(file: Path = SYSTEM) -> list[Service]:
    """The services of a recipe, in the order of their start. Raises ImageError."""
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("service", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ImageError(f"{file}: {error}") from None
    services = []
    for entry in entries:
        unknown = set(entry) - KNOWN
        if unknown or "name" not in entry or "file" not in entry:
            what = f"unknown: {', '.join(sorted(unknown))}" if unknown else "a service needs name and file"
            raise ImageError(f"{file}: service {entry.get('name', '?')}: {what}")
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        services.append(Service(**{**values, "file": PACKAGE / entry["file"]}))
    return services


def build_system(
    services: Sequence[Service] | None = None,
    command_line: str = "",
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> Image:
    """Compile what is needed and put it together; the standard system comes from the cache as a whole."""
    if services is None:
        made = cached("system", {}, lambda: pack_image(build_services(read_recipe(), cache, progress)), cache)
        return unpack_image(made, command_line)
    return replace(build_services(services, cache, progress), bootargs=command_line)


def build_services(services: Sequence[Service], cache: Cache | None, progress: Progress | None) -> Image:
    """The image with these services."""
    sources = [KERNEL, ROOT, SUPERVISOR, *(service.file for service in services)]
    names = ["kernel", boot.ROOT_FILE, initrd.SUPERVISOR, *(service.name for service in services)]
    kernel, root, *programs = compile_steps(list(zip(names, sources, strict=True)), cache, progress)
    manifest = "".join(service.line() for service in services)
    files = [(boot.ROOT_FILE, root_image(root)), (initrd.MANIFEST, f"{initrd.SUPERVISOR}\n".encode())]
    files += [(initrd.SERVICES, manifest.encode())]
    files += zip(names[2:], map(stripped, programs), strict=True)
    return Image(kernel, make_tar(files))


def pack_image(image: Image) -> bytes:
    """Kernel and RAM disk one behind the other, after the kernel's length."""
    return struct.pack("<Q", len(image.kernel)) + image.kernel + image.initrd


def unpack_image(data: bytes, command_line: str) -> Image:
    """The opposite."""
    end = 8 + struct.unpack_from("<Q", data)[0]
    return Image(data[8:end], data[end:], command_line)
