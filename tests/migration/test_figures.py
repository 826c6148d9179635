"""A process of ten million bytes over links of 10 Mb/s: how long it stands still, by strategy."""

from collections.abc import Iterator

import pytest

from atoll.abi import wire
from atoll.benchmarks.migrations import Bed
from atoll.net.wire import Medium
from atoll.servers.mover.interface import MemoryStrategy

SIZE = 10_000_000
BITS_PER_SECOND = 10_000_000
MILLISECOND = 1_000_000
FRAME = wire.DATA + wire.SEAL_SIZE + 24  # bytes on the wire besides the data: headers, seal, preamble, checksum and gap
PAGE_SIZE = 4096


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    bed = Bed(Medium(BITS_PER_SECOND))
    yield bed
    bed.close()


@pytest.mark.long
def test_copy_stands_still_as_long_as_its_memory_takes(bed: Bed) -> None:
    """The Spanish chapter's 8 s, within a tenth, and what the frames have besides data."""
    cost = bed.move(SIZE, 40, "touch 4", MemoryStrategy.COPY)
    seconds = SIZE * 8 / BITS_PER_SECOND
    frames = cost.frames * FRAME * 8 / BITS_PER_SECOND
    assert seconds <= cost.freeze / 1e9 <= 1.1 * seconds + frames, cost
    assert cost.bytes >= SIZE and cost.left == 0


@pytest.mark.long
def test_precopy_runs_nearly_all_the_time(bed: Bed) -> None:
    cost = bed.move(SIZE, 1200, "write 64000", MemoryStrategy.PRECOPY)
    assert cost.freeze <= 100 * MILLISECOND < cost.total, cost
    assert cost.rounds > 1 and cost.left == 0


@pytest.mark.parametrize("work", ["still", "touch 4"])
def test_by_reference_it_goes_on_at_once(bed: Bed, work: str) -> None:
    """What it touches afterwards comes over the wire, the rest never."""
    cost = bed.move(SIZE, 40, work, MemoryStrategy.REFERENCE)
    assert cost.freeze <= 50 * MILLISECOND, cost
    assert cost.left >= SIZE // PAGE_SIZE and cost.pages <= 8, cost
