"""The kernel's other way to print: through the firmware, when the device tree names no UART."""

import contextlib
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import Image
from tests.kernel.machines import Boot, boot, boot_qemu

SOURCE = Path("tests") / "kernel" / "kernels" / "firmware_console.py"
OUTPUT = "hart 0: byte by byte\n"
AT_ONCE = "at once\n"                          # by firmware with a debug console, as ours


@pytest.fixture(scope="module")
def image(repository: Path, cache: Cache) -> Image:
    """The kernel."""
    with contextlib.chdir(repository):
        return Image(compile_file(SOURCE, "kernel", cache=cache), b"")


def test_printing_through_our_firmware(image: Image) -> None:
    assert boot(image) == Boot(OUTPUT + AT_ONCE, 9)


@pytest.mark.qemu
def test_printing_through_opensbi(image: Image, tmp_path: Path) -> None:
    judged = boot_qemu(image, tmp_path)
    assert judged.output.removesuffix(AT_ONCE).endswith(OUTPUT)
    assert judged.status == 9
