"""The drivers as services of a system: used, killed, swapped, on our board; and typed at."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.recipe import PACKAGE, Image
from atoll.images.system import Service, build_system
from atoll.machine.board import Board
from atoll.machine.config import BoardConfig
from tests.drivers.machines import GUESTS, REPOSITORY, start_qemu
from tests.kernel.machines import Boot

SWAPPED = ("block", "entropy", "time", "console")
SERVICES = [
    Service("naming", PACKAGE / "servers/naming/main.py", ("/services/naming",), priority=9, quota=512),
    Service("console", PACKAGE / "servers/console/main.py", ("/services/console",), ("uart",), priority=9),
    Service("block", PACKAGE / "servers/block/main.py", ("/services/block",), ("virtio-blk",), 18, priority=9),
    Service("time", PACKAGE / "servers/time/main.py", ("/services/time",), priority=9),
    Service("entropy", PACKAGE / "servers/entropy/main.py", ("/services/entropy",), ("virtio-rng",), 4, priority=9),
    Service("user", REPOSITORY / GUESTS / "user.py", quota=1024),
]
DISK_SIZE = 4 << 20


def make_disk(cache: Cache) -> bytes:
    """The table and the programs."""
    table, programs = b"", b""
    for name in SWAPPED:
        program = compile_file(PACKAGE / "servers" / name / "main.py", "program", cache=cache)
        table += struct.pack("<QQ", 1 + len(programs) // 512, len(program))
        programs += program + bytes(-len(program) % 512)
    return (table.ljust(512, b"\0") + programs).ljust(DISK_SIZE, b"\0")


# What is typed, as soon as the output ends in something.
SCRIPT = (
    (b"name> ", b"Adx\x7fa\r"),
    (b"interrupt> ", b"nobody reads this\x03"),
    (b"swapped> ", b"hel"),
    (b"ready\nswapped> hel", b"lo\r"),
    (b"[6: hello\n]\n", b"\x03"),
    (b"interrupted again\n", b"\x03"),
    (b"[1: \x03]\n", b"\x04"),
)


class Typist:
    """Types when the guest asks."""

    def __init__(self, feed: Callable[[bytes], object]) -> None:
        self.feed, self.script = feed, list(SCRIPT)
        self.output = bytearray()

    def see(self, data: bytes) -> None:
        self.output += data
        if self.script and self.output.endswith(self.script[0][0]):
            self.feed(self.script.pop(0)[1])


def build(cache: Cache) -> tuple[Image, bytes]:
    """The system and its disk."""
    return build_system(SERVICES, "", cache), make_disk(cache)


@pytest.fixture(scope="module")
def ended(cache: Cache) -> Boot:
    """What the system showed and how it ended."""
    image, disk = build(cache)
    board = Board(BoardConfig(disk=disk))
    board.load_kernel(image.kernel)
    board.load_initrd(image.initrd)
    typist = Typist(lambda data: board.uart.feed(data, board.cpu.cycles + 100_000))
    board.uart.output = typist.see
    reason = board.run(max_instructions=500_000_000)
    return Boot(typist.output.decode(errors="replace"), reason.status)


def test_it_ended_well(ended: Boot) -> None:
    assert ended.status == 0, ended.output
    assert "Traceback" not in ended.output


@pytest.mark.parametrize("when", ["at first", "after their deaths", "after swaps"])
def test_disk_random_numbers_and_time(ended: Boot, when: str) -> None:
    assert f"all is well {when}" in ended.lines, ended.output


def test_calls_of_a_driver_that_dies_at_work_are_repeated(ended: Boot) -> None:
    assert "nothing was lost" in ended.lines, ended.output
    assert ended.output.count("supervisor: block: it was killed; restarting") == 3


def test_a_line_is_edited(ended: Boot) -> None:
    assert "name> Adx\b\x1b[Ka\n[4: Ada\n]\n" in ended.output


def test_ctrl_c_reaches_the_foreground(ended: Boot) -> None:
    assert "interrupt> ^C\ninterrupted\n" in ended.output


def test_who_reads_goes_on_waiting_in_a_new_console_and_keeps_its_line(ended: Boot) -> None:
    assert "swapped> helconsole swapped" not in ended.output
    assert "swapped> hello\n[6: hello\n]\n" in ended.output
    assert "^C\ninterrupted again\n[1: \x03]\nthe end of the file\n" in ended.output


def test_pauses(ended: Boot) -> None:
    pauses = {name: int(pause) for name, pause in re.findall(r"([a-z]+) swapped, (\d+) ns", ended.output)}
    assert sorted(pauses) == sorted(SWAPPED)
    assert max(pauses.values()) < 5_000_000


@pytest.mark.qemu
def test_the_same_on_qemu(cache: Cache, tmp_path: Path) -> None:
    image, disk = build(cache)
    (tmp_path / "disk.img").write_bytes(disk)
    drive = f"file={tmp_path}/disk.img,format=raw,if=none,id=disk"
    devices = ["-drive", drive, "-device", "virtio-blk-device,drive=disk", "-device", "virtio-rng-device"]
    with start_qemu(image, tmp_path, devices) as qemu:
        assert qemu.stdin is not None and qemu.stdout is not None
        typist = Typist(qemu.stdin.write)
        while data := qemu.stdout.read(1):
            typist.see(data)
        assert qemu.wait() == 0
    output = typist.output.decode()
    for when in ("at first", "after their deaths", "after swaps"):
        assert f"all is well {when}" in output, output
    assert "swapped> hello\n[6: hello\n]\n^C\ninterrupted again\n[1: \x03]\nthe end of the file\n" in output
