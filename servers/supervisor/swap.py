"""Hot swap: a new process takes over a service's port and state while its clients wait in the kernel, none the wiser.

Until the commit, which is one call to the kernel, everything can still fail: then the old server goes on as if nothing
had been. Runs in the supervisor's second thread.
"""

from atoll.abi.control import Ask
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import view
from atoll.abi.types import u64
from atoll.servers.supervisor.instances import (
    account_of,
    bring_image,
    raise_quotas,
    start_instance,
    stop_instance,
    window_of,
)
from atoll.servers.supervisor.interface import ServiceState, SwapFailed, SwapReport
from atoll.servers.supervisor.legacies import another_handle
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.services import Instance, Service, services
from atoll.userland.runtime.handover import HandOverFailed, hand_over, orders
from atoll.userland.runtime.image.elf import BadImage
from atoll.userland.runtime.image.start_page import StartPageFull
from atoll.userland.runtime.kernel_calls import clock
from atoll.userland.runtime.kernel_errors import KernelError
from atoll.userland.runtime.objects import Memory, Process, close

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
        prepare_sides(services.instances[service.instance], services.instances[successor])
        hand_over.run()
    except HandOverFailed as error:
        end_instance(successor)
        if service.state == ServiceState.SWAPPING:
            service.state = ServiceState.SERVING
        raise_quotas()
        raise SwapFailed(f"{error}") from None
    predecessor = service.instance
    services.instances[predecessor].has_handed_over = True
    service.instance = successor
    service.state = ServiceState.SERVING
    service.version += 1
    finish(report)
    service.last_pause, service.longest_pause = report.pause, max(service.longest_pause, report.pause)
    end_instance(predecessor)
    raise_quotas()
    report.version = service.version
    report.total = clock() - begin
    return report


def share_quota(service: Service) -> None:
    """Half of what the old server has not used is its successor's; the other half is for what handing over takes."""
    old = services.instances[service.instance].program.process
    try:
        quota, unused = account_of(old)
        old.set_quota(quota - unused // 2)
    except KernelError:
        return  # it has just ended, or needs all it has


def prepare(successor: u64, number: u64, image: Memory, size: u64) -> None:
    """Start the new process, without its service port, and wait until it receives. Raises HandOverFailed."""
    instance = services.instances[successor]
    instance.used = True
    instance.service = number
    instance.image = NO_HANDLE
    try:
        bring_image(successor, image, size)
        start_instance(successor, view(window_of(successor), size), False)
    except (BadImage, StartPageFull, KernelError) as error:
        stop_instance(successor)
        raise HandOverFailed(f"it cannot be started: {error}") from None
    finally:
        image.close()
    orders.give(instance.control, Ask.READY)


def prepare_sides(old: Instance, new: Instance) -> None:
    """Who hands over to whom."""
    hand_over.itself.handle = board.itself.handle
    hand_over.old.process.handle, hand_over.old.control.handle = old.program.process.handle, old.control.handle
    hand_over.new.process.handle, hand_over.new.control.handle = new.program.process.handle, new.control.handle


def finish(report: SwapReport) -> None:
    """Tell the new server. If it dies of that, it is restarted like any other."""
    try:
        hand_over.activate()
    except HandOverFailed as error:
        print(f"supervisor: after a swap: {error}")
    report.pause = clock() - hand_over.parked
    report.state_size, report.handles = hand_over.state_size, hand_over.count


def end_instance(number: u64) -> None:
    """End a process that serves nobody; the first thread buries it, perhaps before this call of the kernel has ended:
    the table's handle is closed then.
    """
    instance = services.instances[number]
    if not instance.used:
        return
    try:
        process = Process(another_handle(instance.program.process.handle))
    except KernelError:
        return  # it has ended by itself, and is being buried
    try:
        process.destroy(SWAPPED_OUT)
    except KernelError:
        pass  # the same, a moment later
    close(process.handle)
