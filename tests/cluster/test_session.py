"""A board at a terminal: output, keys, Ctrl-], Ctrl-C and SIGTERM, with kernels of a few instructions."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atoll.abi import board
from atoll.compiler.assembler import Assembler
from atoll.compiler.link import Layout, link

PATIENCE_SECONDS = 30                           # on a loaded machine; nothing waits so long when all is well
UART_READY = 1                                  # in the line status register


def make_kernel(build: Callable[[Assembler], None]) -> bytes:
    """A kernel whose whole code `build` writes; s0 holds the UART's address."""
    assembler = Assembler()
    assembler.li("s0", board.UART)
    build(assembler)
    return link([assembler.finish("_start")], Layout(board.KERNEL, entry_first=True), "_start").elf


def put(assembler: Assembler, text: str) -> None:
    for character in text:
        assembler.li("t0", ord(character))
        assembler.sb("t0", board.UART_DATA, "s0")


def end(assembler: Assembler, status: int) -> None:
    assembler.li("t0", board.TEST_DEVICE)
    assembler.li("t1", status << 16 | board.TEST_FAIL)
    assembler.sw("t1", 0, "t0")


def echo(assembler: Assembler) -> None:
    """Send back every byte, and end with it as the status when it is a digit's code below "1"."""
    put(assembler, "ready\n")
    assembler.li("t4", ord("0"))
    assembler.label("wait")
    assembler.lbu("t1", board.UART_LINE_STATUS, "s0")
    assembler.andi("t1", "t1", UART_READY)
    assembler.beqz("t1", "wait")
    assembler.lbu("t2", board.UART_DATA, "s0")
    assembler.sb("t2", board.UART_DATA, "s0")
    assembler.bne("t2", "t4", "wait")
    end(assembler, 7)


def loop(assembler: Assembler) -> None:
    put(assembler, "ready\n")
    assembler.label("here")
    assembler.j("here")


def sleep_for_ever(assembler: Assembler) -> None:
    put(assembler, "good night")
    assembler.label("here")
    assembler.wfi()
    assembler.j("here")


def stuck(assembler: Assembler) -> None:
    assembler.csrw(0x105, "zero")               # stvec: where nothing is
    assembler.word(0)


def command(kernel: bytes, folder: Path) -> list[str]:
    (folder / "kernel.elf").write_bytes(kernel)
    return [sys.executable, "-m", "atoll", "boot", "--hooks", "interpreted", "--kernel", str(folder / "kernel.elf")]


def run(build: Callable[[Assembler], None], folder: Path) -> tuple[int, bytes, str]:
    """Status, output and messages without a terminal."""
    words = command(make_kernel(build), folder)
    answer = subprocess.run(words, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return answer.returncode, answer.stdout, answer.stderr.decode()


def test_output_and_status(tmp_path: Path) -> None:
    def build(assembler: Assembler) -> None:
        put(assembler, "no end of line\xff")
        end(assembler, 33)

    assert run(build, tmp_path) == (33, b"no end of line\xff", "")


def test_a_guest_that_sleeps_for_ever_is_told_of(tmp_path: Path) -> None:
    status, output, messages = run(sleep_for_ever, tmp_path)
    assert (status, output) == (3, b"good night")
    assert messages.endswith("instructions: the guest waits for an interrupt, and nothing can ever cause one\n")


def test_a_guest_that_is_stuck_is_told_of(tmp_path: Path) -> None:
    status, _, messages = run(stuck, tmp_path)
    assert status == 3
    assert messages.endswith("the guest's trap handler faults on its first instruction, for ever (at 0x0)\n")


@pytest.mark.parametrize(("number", "status", "message"), [(signal.SIGINT, 130, b"atoll: interrupted\n"),
                                                           (signal.SIGTERM, 143, b"")])
def test_signals_end_a_loop(tmp_path: Path, number: signal.Signals, status: int, message: bytes) -> None:
    with subprocess.Popen(command(make_kernel(loop), tmp_path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stderr.read() == message
        assert process.wait() == status


class Terminal:
    """A board at a pseudo-terminal, and the person who types there."""

    def __init__(self, kernel: bytes, folder: Path) -> None:
        self.descriptor, self._inner = pty.openpty()
        self.before = termios.tcgetattr(self._inner)
        self.process = subprocess.Popen(command(kernel, folder), stdin=self._inner, stdout=self._inner,
                                        stderr=self._inner, start_new_session=True)
        self.seen = b""

    def expect(self, text: bytes) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.descriptor], [], [], left)[0], f"{text!r} not in {self.seen!r}"
            self.seen += os.read(self.descriptor, 4096)

    def type(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def finish(self) -> int:
        """The exit status; the terminal must be as it was."""
        status = self.process.wait(PATIENCE_SECONDS)
        assert termios.tcgetattr(self._inner) == self.before, "the terminal was not restored"
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.descriptor)
        os.close(self._inner)


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    result = Terminal(make_kernel(request.param), tmp_path)
    yield result
    result.close()


@pytest.mark.parametrize("terminal", [echo], indirect=True)
def test_keys_reach_the_guest_once(terminal: Terminal) -> None:
    terminal.expect(b"ready\r\n")
    terminal.type(b"ab")
    terminal.expect(b"ab")
    terminal.type(b"0")
    assert terminal.finish() == 7
    assert terminal.seen == b"ready\r\nab"       # the terminal itself echoed nothing


@pytest.mark.parametrize("terminal", [echo, sleep_for_ever], indirect=True)
def test_control_bracket_quits(terminal: Terminal) -> None:
    terminal.expect(b"d")                       # of "ready", of "good night": the keyboard is open
    terminal.type(b"\x1d")
    assert terminal.finish() == 0


@pytest.mark.parametrize("terminal", [echo, loop], indirect=True)
def test_control_c_at_a_terminal(terminal: Terminal) -> None:
    terminal.expect(b"ready\r\n")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 130
