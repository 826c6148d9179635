"""The last messages, for who reads a panic."""

from atoll.abi.types import Array, u64, wrapping_add
from atoll.kernel.objects import Thread

KEPT = 16


class Line:
    """One message."""

    sender: u64  # serial numbers of the threads
    receiver: u64
    kind: u64
    word: u64


class History:
    """The ring."""

    count: u64
    replies: u64  # which are not kept
    lines: Array[Line, KEPT]


history: History = History()


def note(sender: Thread, receiver: Thread) -> None:
    """A message was delivered."""
    line = history.lines[history.count % KEPT]
    history.count = wrapping_add(history.count, 1)
    line.sender = sender.head.serial
    line.receiver = receiver.head.serial
    line.kind = sender.message
    line.word = receiver.frame.a1


def show() -> None:
    """Print them, the oldest first."""
    if history.count > 0:
        print("last messages (thread -> thread, kind, first word):")
    for number in range(history.count - min(history.count, KEPT), history.count):
        line = history.lines[number % KEPT]
        print(f"  {line.sender} -> {line.receiver}, {line.kind}, 0x{line.word:x}")
