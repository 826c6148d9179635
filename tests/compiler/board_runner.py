"""Runs the text of a program on the emulated board: compiled, in an image with the kernel, to its end."""

from __future__ import annotations

import re
from pathlib import Path

from atoll.compiler.cpython import Outcome
from atoll.images.recipe import build_image
from atoll.machine.board import Board, Stop
from atoll.machine.config import BoardConfig

# The last line of a traceback, as the kernel prints it for an error that nobody caught.
TRACEBACK = b"Traceback (most recent call last):\n"
LAST_LINE = re.compile(rb"^(\w+)(: .*)?$")
MOST_NANOSECONDS = 60 * 10**9  # virtual: a program that loops is stopped


def run_on_board(source: str, folder: Path) -> Outcome:
    """How the program ends, and what it prints, on the emulated CPU. `folder` takes its file."""
    path = folder / "program.py"
    path.write_text(source, encoding="utf-8")
    return run_file(path)


def run_file(path: Path) -> Outcome:
    """The same of a program in a file, with what it imports from beside it."""
    image = build_image(path)
    board = Board(BoardConfig(bootargs=image.bootargs))
    board.load_kernel(image.kernel)
    board.load_initrd(image.initrd)
    output = bytearray()
    board.uart.output = output.extend
    reason = board.run(until_ns=MOST_NANOSECONDS)
    assert reason.kind is Stop.EXIT, f"{reason}\n{output.decode(errors='replace')}"
    return outcome(reason.status, bytes(output))


def outcome(status: int, console: bytes) -> Outcome:
    """The outcome that console and exit status tell of: a traceback at the end is an error that nobody caught."""
    printed, separator, traceback = console.replace(b"\r\n", b"\n").rpartition(TRACEBACK)
    if not separator:
        return Outcome(status, traceback, None)
    found = LAST_LINE.match(traceback.strip().splitlines()[-1])
    assert found is not None, traceback
    return Outcome(status, printed, found[1].decode())
