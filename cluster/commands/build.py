"""`atoll build`: every image that boots, compiled and written to a folder."""

from pathlib import Path
from typing import Annotated

import typer


def build(
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Where the files go.", file_okay=False)
    ] = Path("build"),
) -> None:
    """Compile the kernel and all programs: DIR/kernel.elf and DIR/initrd.tar, as `-kernel` and `-initrd` take them."""
    from atoll.cluster.commands.compiling import replace_file
    from atoll.cluster.guard import say
    from atoll.cluster.images import ready_image

    image = ready_image()
    out.mkdir(parents=True, exist_ok=True)
    for name, data in (("kernel.elf", image.kernel), ("initrd.tar", image.initrd)):
        replace_file(out / name, data)
        say(f"{out / name}: {len(data):,} bytes")
