"""The system's disk: what images/userland.py says, and each server's program in /lib/servers, to be swapped in again.

It is made once: the cache knows it by every guest source, everything in images/ and the compiler.
"""

from pathlib import Path

from atoll.compiler.cache import Cache, image_key
from atoll.images.disk import Entry, File, make_disk
from atoll.images.recipe import PACKAGE, Progress, compile_steps
from atoll.images.system import read_recipe
from atoll.images.userland import user_files

SERVERS = "/lib/servers"
SOURCES = ("abi", "images", "servers", "userland")  # the folders that decide what is on the disk
SUFFIXES = (".py", ".toml")


def system_disk(cache: Cache | None = None, progress: Progress | None = None) -> bytes:
    """The image of a fresh disk; programs are compiled if they are not in the cache.

    Raises CompileError, ImageError.
    """
    cache = Cache() if cache is None else cache
    key = disk_key()
    image = cache.get(key)
    if image is None:
        image = make_disk(system_files(cache, progress))
        cache.put(key, image)
    return image


def system_files(cache: Cache, progress: Progress | None = None) -> dict[str, Entry]:
    """Everything on the disk, by path."""
    services = read_recipe()
    images = compile_steps([(service.name, service.file) for service in services], cache, progress)
    servers = {
        f"{SERVERS}/{service.name}": File(image, 0o755) for service, image in zip(services, images, strict=True)
    }
    return {**user_files(cache, progress), **servers}


def disk_key(root: Path = PACKAGE) -> str:
    """The name of the disk in the cache: a hash of all that it is made from."""
    files = sorted(file for folder in SOURCES for file in (root / folder).rglob("*") if file.suffix in SUFFIXES)
    sources = {str(file.relative_to(root)): file.read_text(encoding="utf-8") for file in files}
    return image_key(sources, {"kind": "system disk", "path": str(root)})
