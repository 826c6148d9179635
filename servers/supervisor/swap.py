"""Hot swap: a new process takes over a service's port and state while its clients wait in the kernel, none the wiser.

Until the commit, which is one call to the kernel, everything can still fail: then the old server goes on as if nothing
had been. Runs in the supervisor's second thread.
"""

from atoll.abi.address_space import PAGE_SIZE, STATE_WINDOW
from atoll.abi.control import (
    MOST_MOVED,
    STATE_COPIED,
    STATE_COPIED_HANDLES,
    STATE_MOVED,
    STATE_MOVED_HANDLES,
    Ask,
)
from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, load64, store64, view
from atoll.abi.types import Array, u64
from atoll.servers.supervisor.instances import bring_image, start_instance, stop_instance, unused_pages, window_of
from atoll.servers.supervisor.interface import ServiceState, SwapFailed, SwapReport
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.orders import orders
from atoll.servers.supervisor.services import NO_INSTANCE, Instance, Service, services
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.start_page import StartPageFull
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Memory, Process, duplicate, move_rights

SWAPPED_OUT = 0  # the status of a server that has handed over


def swap(number: u64, image: Memory, size: u64) -> SwapReport:
    """Replace the server of a service; how it went. Raises SwapFailed."""
    begin = clock()
    service = services.items[number]
    if service.state != ServiceState.SERVING:
        image.close()
        raise SwapFailed("the service is not running")
    service.state = ServiceState.SWAPPING
    successor = services.free_instance()
    report = SwapReport()
    try:
        share_quota(service)
        prepare(successor, number, image, size)
        report.pause = clock()
        hand_over(service, services.instances[service.instance], services.instances[successor], report)
    except SwapFailed:
        end_instance(successor)
        restore_quota(service)
        if service.state == ServiceState.SWAPPING:
            service.state = ServiceState.SERVING
        raise
    predecessor = service.instance
    service.instance = successor
    service.state = ServiceState.SERVING
    service.version += 1
    finish(services.instances[successor], report)
    end_instance(predecessor)
    restore_quota(service)
    report.version = service.version
    report.total = clock() - begin
    return report


def share_quota(service: Service) -> None:
    """Half of what the old server has not used is its successor's; the other half is for what handing over takes."""
    old = services.instances[service.instance].program.process
    set_quota(old, service.quota - min(unused_pages(old) // 2, service.quota))


def restore_quota(service: Service) -> None:
    """Who serves now may use what the manifest says, as far as we have it."""
    if service.instance != NO_INSTANCE:
        set_quota(services.instances[service.instance].program.process, service.quota)


def set_quota(process: Process, pages: u64) -> None:
    """Change what a process may use; if that cannot be, it stays as it is."""
    try:
        process.set_quota(pages)
    except KernelError as error:
        print(f"supervisor: a quota of {pages} pages: {error}")


def prepare(successor: u64, number: u64, image: Memory, size: u64) -> None:
    """Start the new process, without its service port, and wait until it receives."""
    instance = services.instances[successor]
    instance.used = True
    instance.service = number
    instance.image = NO_HANDLE
    try:
        bring_image(successor, image, size)
        start_instance(successor, view(window_of(successor), size), False)
    except (BadImage, StartPageFull, KernelError) as error:
        if instance.image == NO_HANDLE:
            image.close()
        stop_instance(successor)
        raise SwapFailed(f"it cannot be started: {error}") from None
    orders.give(instance, Ask.READY)


def hand_over(service: Service, old: Instance, new: Instance, report: SwapReport) -> None:
    """Park the old, give its state to the new, and commit."""
    handle, size = orders.park(old)
    state = Memory(handle)
    report.state_size = size
    try:
        copy_handles(state, size, old, new)
        orders.give(new, Ask.ADOPT, size, duplicate(state.handle, Right.READ | Right.MOVE))
        commit(state, old, new, report)
    except SwapFailed:
        resume(service, old)
        raise
    except KernelError as error:
        resume(service, old)
        raise SwapFailed(f"its handles cannot be moved: {error}") from None
    finally:
        state.close()


class Moved:
    """The handles that move, before and after."""

    handles: Array[u64, MOST_MOVED]
    count: u64


moved: Moved = Moved()


def copy_handles(state: Memory, size: u64, old: Instance, new: Instance) -> None:
    """Duplicates that the old server made go to the new one; the state holds their values there, from now on."""
    pages = (size + PAGE_SIZE - 1) // PAGE_SIZE
    board.itself.map(state, 0, STATE_WINDOW, pages, Right.READ | Right.WRITE)
    try:
        for i in range(load64(STATE_WINDOW + STATE_COPIED)):
            place = STATE_WINDOW + STATE_COPIED_HANDLES + 8 * i
            ours = old.program.process.take(load64(place))
            store64(place, new.program.process.install(ours))
        moved.count = load64(STATE_WINDOW + STATE_MOVED)
        for i in range(moved.count):
            moved.handles[i] = load64(STATE_WINDOW + STATE_MOVED_HANDLES + 8 * i)
    finally:
        board.itself.unmap(STATE_WINDOW, pages)


def commit(state: Memory, old: Instance, new: Instance, report: SwapReport) -> None:
    """From here on the new server has the ports, and who waits there waits for it."""
    move_rights(old.program.process, new.program.process, moved.handles[0 : moved.count])
    report.handles = moved.count


def finish(new: Instance, report: SwapReport) -> None:
    """Tell the new server. If it dies of that, it is restarted like any other."""
    try:
        orders.give(new, Ask.ACTIVATE, 0, NO_HANDLE, view(address_of(moved.handles), 8 * moved.count))
    except SwapFailed as error:
        print(f"supervisor: after a swap: {error}")
    report.pause = clock() - report.pause


def resume(service: Service, old: Instance) -> None:
    """The old server goes on."""
    if service.instance == NO_INSTANCE:
        return
    try:
        orders.give(old, Ask.RESUME)
    except SwapFailed as error:
        print(f"supervisor: {str(service.name, 'utf-8')}: {error}")


def end_instance(number: u64) -> None:
    """End a process that serves nobody; the first thread buries it."""
    instance = services.instances[number]
    if instance.used:
        instance.program.process.destroy(SWAPPED_OUT)
