"""The images that commands boot: built through the cache, with a bar for whoever waits."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.abi.bootargs import QUIET
from atoll.cluster.progress import progress_bar

if TYPE_CHECKING:
    from atoll.images.recipe import Image


def ready_image(program: Path | None = None, arguments: Sequence[str] = ()) -> "Image":
    """The kernel and its initrd, which runs `program` with `arguments`, or the programs of the standard image."""
    from atoll.images.recipe import build_image

    with progress_bar(or_line=True) as report:
        return build_image(program=program, arguments=tuple(arguments), progress=report)


def ready_system() -> "Image":
    """The system: kernel, servers, and the manifest that says which of them start."""
    from atoll.images.system import build_system

    with progress_bar(or_line=True) as report:
        return build_system(command_line=QUIET, progress=report)
