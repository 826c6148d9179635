"""The system's disk: what images/userland.py says, each server's program in /lib/servers, to be swapped in again, and
the area where the memory manager puts pages when memory runs short.

It is made once: the cache knows it by everything that it is made from.
"""

from atoll.compiler.cache import Cache
from atoll.images.disk import Entry, File, make_disk
from atoll.images.recipe import Progress, cached, compile_steps
from atoll.images.strip import stripped
from atoll.images.system import read_recipe
from atoll.images.userland import user_files

SERVERS = "/lib/servers"
SWAP = "/swap"
SWAP_SIZE = 8 << 20  # bytes; its blocks are all there, so that a page finds room even on a full disk


def system_disk(cache: Cache | None = None, progress: Progress | None = None) -> bytes:
    """The image of a fresh disk; programs are compiled if they are not in the cache.

    Raises CompileError, ImageError.
    """
    known = Cache() if cache is None else cache
    return cached("disk", {}, lambda: make_disk(system_files(known, progress)), known)


def system_files(cache: Cache, progress: Progress | None = None) -> dict[str, Entry]:
    """Everything on the disk, by path."""
    services = read_recipe()
    images = compile_steps([(service.name, service.file) for service in services], cache, progress)
    pairs = zip(services, images, strict=True)
    servers = {f"{SERVERS}/{service.name}": File(stripped(image), 0o755) for service, image in pairs}
    return {**user_files(cache, progress), **servers, SWAP: File(bytes(SWAP_SIZE), 0o600)}
