"""Threads of this process: a function that runs beside `main`, on a stack of its own.

An error that the function does not catch ends the whole program, as one of `main` does.
"""

from collections.abc import Callable

from atoll.abi.raw import address_of, at
from atoll.abi.types import Slice, u8, u64
from atoll.userland.runtime import start
from atoll.userland.runtime.objects import Process, Thread
from atoll.userland.runtime.system import ThreadStart

START_SIZE = 16  # bytes of a ThreadStart
DEFAULT_PRIORITY = 16


def create_thread(
    process: Process,
    function: Callable[[u64], None],
    argument: u64,
    stack: Slice[u8],
    priority: u64 = DEFAULT_PRIORITY,
) -> Thread:
    """A stopped thread of this process. The stack must live as long as the thread; 4 KiB are enough to print."""
    top = (address_of(stack) + u64(len(stack))) // 16 * 16 - START_SIZE
    begin = at(ThreadStart, top)
    begin.function = function
    begin.argument = argument
    return process.create_thread(address_of(start.start_thread), top, top, 0, priority)


def start_thread(
    process: Process,
    function: Callable[[u64], None],
    argument: u64,
    stack: Slice[u8],
    priority: u64 = DEFAULT_PRIORITY,
) -> Thread:
    """A thread of this process that runs already."""
    thread = create_thread(process, function, argument, stack, priority)
    thread.resume()
    return thread
