"""The memory manager's tables against plain models: places with their hash and lists, the clock, regions."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.compiler.cpython import guest_modules, run_module

PLACES = 8
USES = f'''
"""Small tables."""

from atoll.abi.types import u64
from atoll.servers.memory.clock import Clock
from atoll.servers.memory.places import Places
from atoll.servers.memory.regions import Region, Regions

SIZE = {PLACES + 1}
places: Places[SIZE] = Places()
clock: Clock[SIZE] = Clock()
region: Region = Region()
regions: Regions = Regions()
'''

Page = tuple[int, int]  # owner, number
PAGES = st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2, 9, 18, 0x7FFFE]))
STEPS = st.lists(st.tuples(st.sampled_from(["take", "give", "give_all"]), PAGES), max_size=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guest module is written."""
    return tmp_path_factory.mktemp("places")


def load(folder: Path, known: int = PLACES) -> ModuleType:
    """A fresh module; its table knows so many places."""
    path = folder / "uses.py"
    path.write_text(USES)
    with guest_modules():
        module = run_module(path)
    module.places.extend(known)
    return module


def pages_of(places: object, owner: int) -> set[int]:
    """The pages in an owner's list."""
    found, place = set(), places.first_page_of(owner)  # type: ignore[attr-defined]
    while place != 0:
        assert places.places[place].is_used  # type: ignore[attr-defined]
        found.add(int(places.places[place].page))  # type: ignore[attr-defined]
        place = places.places[place].next_of_owner  # type: ignore[attr-defined]
    return found


@given(steps=STEPS)
def test_places_are_a_dictionary(folder: Path, steps: list[tuple[str, Page]]) -> None:
    places = load(folder).places
    model: dict[Page, int] = {}
    for step, page in steps:
        if step == "take" and page not in model:
            if len(model) == PLACES:
                with pytest.raises(Exception, match="all places are taken"):
                    places.take(*page)
            else:
                model[page] = int(places.take(*page))
        elif step == "give" and page in model:
            places.give(model.pop(page))
        elif step == "give_all":
            places.give_all(page[0])
            model = {other: place for other, place in model.items() if other[0] != page[0]}
        assert len(set(model.values())) == len(model)
        assert places.free == PLACES - len(model)
        assert all(places.find(*other) == place for other, place in model.items())
        assert places.find(page[0], page[1]) == model.get(page, 0)
        for owner in range(4):
            assert pages_of(places, owner) == {number for other, number in model if other == owner}
            assert places.count_of(owner) == sum(other == owner for other, _ in model)


def test_new_places_are_taken_from_the_lowest_on(folder: Path) -> None:
    places = load(folder, 3).places
    assert [int(places.take(0, page)) for page in range(2)] == [1, 2]
    places.extend(2)
    assert [int(places.take(0, page)) for page in range(2, 5)] == [4, 5, 3]
    assert not places.places[5].was_used
    places.give(5)
    assert places.places[places.take(1, 1)].was_used


@given(
    used=st.sets(st.integers(1, PLACES), min_size=1),
    rounds=st.lists(st.sets(st.integers(1, PLACES)), min_size=1, max_size=12),
)
def test_the_clock_gives_each_frame_a_second_chance(folder: Path, used: set[int], rounds: list[set[int]]) -> None:
    """The victim is the first frame from the hand on that was not accessed, or else the first of all."""
    module = load(folder)
    places, clock = module.places, module.clock
    for page in range(1, PLACES + 1):
        assert places.take(0, page) == page
    for place in set(range(1, PLACES + 1)) - used:
        places.give(place)
    accessed: set[int] = set()

    def is_kept(frame: int) -> bool:
        was = frame in accessed
        accessed.discard(frame)
        return was

    hand = 0
    for touched in rounds:
        accessed |= touched
        order = [(hand + step) % PLACES + 1 for step in range(PLACES)]
        in_use = [frame for frame in order if frame in used]
        expected = next((frame for frame in in_use if frame not in accessed), in_use[0])
        assert clock.choose(places, is_kept) == expected
        hand = expected


def test_the_clock_gives_up_when_all_are_kept_or_busy(folder: Path) -> None:
    module = load(folder)
    for page in range(3):
        module.places.take(0, page)
    module.places.places[2].is_busy = True
    asked: list[int] = []

    def is_kept(frame: int) -> bool:
        asked.append(int(frame))
        return True

    assert module.clock.choose(module.places, is_kept) == 0
    assert asked == [1, 3, 1, 3]


def test_a_working_set_is_what_was_used_in_the_last_turn(folder: Path) -> None:
    module = load(folder)
    for page in range(3):
        module.places.take(0, page)
    module.clock.turn = 5
    module.places.places[1].turn = 5
    module.places.places[2].turn = 4
    module.places.places[3].turn = 3
    assert module.clock.working_set(module.places, 0) == 2
    assert module.clock.working_set(module.places, 1) == 0


@given(start=st.integers(0, 5 * 4096), size=st.integers(0, 4 * 4096), page=st.integers(0, 10))
def test_a_region_knows_what_the_file_has_of_a_page(folder: Path, start: int, size: int, page: int) -> None:
    region = load(folder).region
    region.data, region.data_end, region.offset = start, start + size, 77
    mine = [address for address in range(start, start + size) if address // 4096 == page]
    assert region.has_data(page) == bool(mine)
    if mine:
        assert region.part_of(page) == (77 + mine[0] - start, mine[0] % 4096, len(mine))


def test_regions_do_not_share_pages(folder: Path) -> None:
    regions = load(folder).regions
    regions.start()
    regions.add(16, 18, 4)
    regions.add(18, 19, 4 | 8)
    with pytest.raises(Exception, match="two segments in one page"):
        regions.add(17, 18, 4)
    assert regions.find(15) is None
    assert regions.find(17).rights == 4
    assert regions.find(18).allows(8)
    assert not regions.find(17).allows(8)
    assert regions.find(0x7FFFE).allows(8)  # the stack's last page
