"""A board connected to the person who runs it: UART to standard output, keys to the UART, statistics at the end.

The board runs in slices of virtual time. Output, keys and signals are looked at between two slices only, never inside a
device's callback; where a slice ends makes no difference to the guest.
"""

import json
import sys
import time
from pathlib import Path

from atoll.cluster.guard import say
from atoll.cluster.interrupts import Interrupts
from atoll.cluster.keyboard import Keyboard, Quit, open_keyboard
from atoll.machine.board import Board, Stop, StopReason

SLICES_NS = {"native": 10_000_000, "interpreted": 20_000}  # virtual; some 10 to 100 ms of the host's time
KEY_WAIT_SECONDS = 0.1                          # between two looks at signals while only a key can wake the guest
STUCK_STATUS = 3                                # the guest can never go on


def run_board(board: Board, stats: Path | None = None) -> int:
    """Run a loaded board to its end; the exit status for the command."""
    begin = time.perf_counter()
    output = bytearray()
    board.uart.output = output.extend
    reason: StopReason | None = None
    try:
        with open_keyboard() as keyboard, Interrupts() as interrupts:
            reason = run_slices(board, output, keyboard, interrupts)
    except Quit:
        return 0
    finally:
        flush(output)
        if stats is not None:
            write_stats(board, reason, time.perf_counter() - begin, stats)
    return status_of(board, reason)


def run_slices(board: Board, output: bytearray, keyboard: Keyboard, interrupts: Interrupts) -> StopReason:
    """Slice after slice, until the guest ends or can never go on."""
    slice_ns = SLICES_NS[board.config.hooks]
    while True:
        reason = board.run(until_ns=board.time_ns + slice_ns)
        flush(output)
        interrupts.check()
        if reason.kind is not Stop.UNTIL:
            return reason
        waits = board.idle and board.next_event_ns is None
        if waits and not keyboard.connected:
            return StopReason(Stop.IDLE)
        keys = keyboard.read(KEY_WAIT_SECONDS if waits else 0)
        if keys:
            board.feed(keys)


def flush(output: bytearray) -> None:
    """Write out what the guest has sent so far."""
    if output:
        data = bytes(output)
        output.clear()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def status_of(board: Board, reason: StopReason) -> int:
    """The command's exit status; a guest that did not end by itself is told of."""
    if reason.kind in (Stop.EXIT, Stop.RESET):  # a reset ends the run, as with QEMU's -no-reboot
        return reason.status & 0xFF             # all that a parent process gets to see
    say(f"stopped after {board.instructions:,} instructions: {reason}")
    return STUCK_STATUS


def write_stats(board: Board, reason: StopReason | None, seconds: float, file: Path) -> None:
    """What the run came to; all of it but the host's time is the same in every run."""
    figures = {
        "status": reason.status if reason is not None else None,
        "stop": reason.kind.name.lower() if reason is not None else "interrupted",
        "instructions": board.instructions,
        "virtual_nanoseconds": board.time_ns,
        "idle_nanoseconds": board.idle_ns,
        "exceptions": board.exceptions,
        "host_seconds": seconds,
    }
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
