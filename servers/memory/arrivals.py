"""Pages that come from other nodes: asked for when a program touches them, shown to it when they are there."""

from atoll.abi.address_space import PAGE_SIZE
from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Bytes, u64
from atoll.servers.memory import carrying
from atoll.servers.memory.away import AWAY_SETS, NOT_AWAY, Away
from atoll.servers.memory.fetching import ARRIVED, IDLE, LOST, Fetch, fetcher
from atoll.servers.memory.interface import PAGE_NUMBER, RUN_SHIFT, Carrying, Fault, PagesAway, Reason
from atoll.servers.memory.pager import pager
from atoll.servers.memory.regions import access_of
from atoll.servers.memory.spaces import NO_SPACE
from atoll.servers.memory.waiting import WaitingThreads
from atoll.userland.runtime.interface import ServiceError, call


def source_of(space: u64, number: u64) -> Away:
    """A source of a space. Raises PagesAway: it has none of that number."""
    if number >= AWAY_SETS or pager.away.items[number].space != space:
        raise PagesAway("the space has no such source")
    return pager.away.items[number]


def expect(space: u64, number: u64, runs: Bytes) -> None:
    """These pages are at that source. Raises PagesAway, BadPages."""
    source = source_of(space, number)
    for place in range(0, len(runs), carrying.BYTES):
        run = carrying.number_at(runs, u64(place))
        for page in range(run & PAGE_NUMBER, (run & PAGE_NUMBER) + (run >> RUN_SHIFT) + 1):
            source.add(page)


def inherit(index: u64, other: u64, runs: Bytes) -> None:
    """Copy pages from another space. Raises BadPages, MemoryFull."""
    for place in range(0, len(runs), carrying.BYTES):
        run = carrying.number_at(runs, u64(place))
        for page in range(run & PAGE_NUMBER, (run & PAGE_NUMBER) + (run >> RUN_SHIFT) + 1):
            carrying.read_page(other, page, pager.buffer[:])
            carrying.write_page(index, page, pager.buffer[:])


def is_awaited(index: u64, fault: Fault) -> bool:
    """Whether a thread has to wait for a page from another node, which it may touch."""
    page = fault.address // PAGE_SIZE
    place = pager.away.index_of(fault.space, page)
    if place == NOT_AWAY:
        return False
    region = carrying.image_of(index).regions.find(page)
    if region is None or not region.allows(access_of(fault.cause)):
        return False
    fetcher.want(fault.space, page, pager.away.items[place].source.handle)
    return True


def bring(space: u64, page: u64) -> None:
    """The call is answered when the page is here. Raises PagesAway: too many are fetched already."""
    place = pager.away.index_of(space, page)
    if place == NOT_AWAY:
        return
    reply = call.postpone()
    if not fetcher.want(space, page, pager.away.items[place].source.handle, reply):
        Carrying.fail(reply, PagesAway("too many pages are being fetched"))


def take(waiting: WaitingThreads) -> bool:
    """All that has come; whether there are threads whose page is lost."""
    is_lost = False
    for item in fetcher.items:
        state = item.state.read()
        if state == ARRIVED or state == LOST:
            is_here = state == ARRIVED and keep(item)
            if not is_here and pager.away.has(item.space, item.page):
                is_lost = waiting.lose(item.space, Reason.SOURCE_LOST) or is_lost
            answer(item, is_here)
            item.state.write(IDLE)
            waiting.resume(item.space)
    for away in pager.away.items:  # there was no room to fetch for them, perhaps
        if away.space != 0:
            waiting.resume(away.space)
    return is_lost


def keep(item: Fetch) -> bool:
    """Write a page that has come, unless the program has ended or it was there already."""
    index = pager.spaces.find(item.space)
    if index == NO_SPACE or not pager.away.has(item.space, item.page):
        return True
    try:
        carrying.write_page(index, item.page, item.contents[:])
    except ServiceError:
        return False
    return True


def answer(item: Fetch, is_here: bool) -> None:
    """Who asked for that page."""
    if item.asker == NO_HANDLE:
        return
    if is_here:
        Carrying.reply_bring(item.asker)
    else:
        Carrying.fail(item.asker, PagesAway("the page cannot be fetched"))
    item.asker = NO_HANDLE
