"""Queues of threads, linked through the threads themselves."""

from atoll.kernel.objects import Queue, Thread


def push(queue: Queue, thread: Thread) -> None:
    """Add a thread as the last."""
    last = queue.last
    thread.queue = queue
    thread.next = None
    thread.previous = last
    if last is None:
        queue.first = thread
    else:
        last.next = thread
    queue.last = thread


def push_first(queue: Queue, thread: Thread) -> None:
    """Add a thread as the first."""
    first = queue.first
    thread.queue = queue
    thread.next = first
    thread.previous = None
    if first is None:
        queue.last = thread
    else:
        first.previous = thread
    queue.first = thread


def push_by_priority(queue: Queue, thread: Thread) -> None:
    """Add a thread behind those of its own priority or a higher one."""
    before = queue.last
    while before is not None and before.effective > thread.effective:
        before = before.previous
    if before is None:
        push_first(queue, thread)
    elif before is queue.last:
        push(queue, thread)
    else:
        behind = before.next
        thread.queue = queue
        thread.previous = before
        thread.next = behind
        before.next = thread
        if behind is not None:
            behind.previous = thread


def remove(thread: Thread) -> None:
    """Take a thread out of the queue that it is in, if any."""
    queue = thread.queue
    if queue is None:
        return
    before, behind = thread.previous, thread.next
    if before is None:
        queue.first = behind
    else:
        before.next = behind
    if behind is None:
        queue.last = before
    else:
        behind.previous = before
    thread.queue = None
