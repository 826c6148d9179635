"""Hostile programs: random system calls with random arguments, and random bytes executed, beside a bystander whose
result does not change (tests/kernel/suite/hostile.py). The seed and the counts are in the kernel's command line.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.images.recipe import Image
from tests.kernel.machines import Boot, boot, boot_qemu

MOST_INSTRUCTIONS = 40_000_000_000


def with_words(image: Image, line: str) -> Image:
    """The same image with another command line."""
    return Image(image.kernel, image.initrd, line)


def check(result: Boot) -> None:
    """The kernel has stood, nothing has leaked, and the bystander has noticed nothing."""
    assert result.lines[-3:] == ["random calls: ok", "random bytes: ok", "0 failures"], result.output
    assert result.status == 0


def test_random_calls_and_bytes(build_suite: Callable[[str], Image]) -> None:
    check(boot(with_words(build_suite("hostile"), "calls=20000 runs=200 seed=1")))


@pytest.mark.qemu
def test_on_qemu(build_suite: Callable[[str], Image], tmp_path: Path) -> None:
    check(boot_qemu(with_words(build_suite("hostile"), "calls=5000 runs=50 seed=2"), tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 15))
def test_a_million_calls(build_suite: Callable[[str], Image], seed: int) -> None:
    image = with_words(build_suite("hostile"), f"calls=1000000 runs=5000 seed={seed}")
    check(boot(image, most_instructions=MOST_INSTRUCTIONS))
