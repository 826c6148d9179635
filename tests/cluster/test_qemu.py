"""QEMU as the judge: the same kernel and initrd give the same output and status there as on Atoll's own board."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atoll.images.system import read_recipe

pytestmark = pytest.mark.qemu

PATIENCE_SECONDS = 600                          # QEMU on a loaded machine


def run(*words: str | Path) -> tuple[int, bytes]:
    """Exit status and standard output of an `atoll` command."""
    command = [sys.executable, "-m", "atoll", *map(str, words)]
    answer = subprocess.run(
        command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS
    )
    assert b"Traceback" not in answer.stderr, answer.stderr.decode()
    return answer.returncode, answer.stdout


def without_banner(output: bytes, first_line: bytes) -> bytes:
    """QEMU's output from the kernel's first line on; before it OpenSBI prints its own, with carriage returns."""
    return output[output.index(first_line) :].replace(b"\r\n", b"\n")


SCRIPT = """\
# a comment is not typed
mkdir /usr/notes
echo written on QEMU > /usr/notes/one
seq 20000 > /usr/notes/many; wc -l /usr/notes/many
cat /usr/notes/one | tee /usr/notes/two
mv /usr/notes/one /tmp/moved; rm /usr/notes/many
sync
false
"""
BACK = "cat /tmp/moved /usr/notes/two; ls /usr/notes; services"
E2FSCK = shutil.which("e2fsck", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")


@pytest.mark.skipif(E2FSCK is None, reason="e2fsck is not installed (apt-get install e2fsprogs)")
def test_the_system_runs_a_script_and_keeps_its_disk(tmp_path: Path) -> None:
    """Written in one boot on QEMU, read back in the next and then on our board; e2fsck finds no fault."""
    script, disk = tmp_path / "script", tmp_path / "disk.img"
    script.write_text(SCRIPT)
    status, output = run("qemu", "--script", script, "--disk", disk)
    assert status == 1, "the status of the last line, false"
    assert output.startswith(b"Atoll ")
    assert b"20000 /usr/notes/many" in output
    assert b"a comment" not in output
    check_disk(disk)
    status, output = run("qemu", "-c", BACK, "--disk", disk)
    assert status == 0
    for word in (b"written on QEMU\r\nwritten on QEMU", b"\r\ntwo\r\n"):
        assert word in output.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert output.count(b"serving") >= len(read_recipe())
    ours = run("boot", "-c", "cat /tmp/moved; ls /usr/notes", "--disk", disk)
    assert ours == (0, b"written on QEMU\ntwo\n")
    check_disk(disk)


def check_disk(disk: Path) -> None:
    """Let e2fsck judge it."""
    answer = subprocess.run([str(E2FSCK), "-fn", disk], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_programs_have_no_disk(program: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "atoll", "qemu", "-c", "ls", program], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "without the system" in answer.stderr


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Prints its arguments, then fails."""
    source = tmp_path / "fails.py"
    source.write_text(
        '"""fails: prints its arguments, then divides by their number minus two."""\n\n'
        "from atoll.abi.types import u64\n"
        "from atoll.userland.runtime.startup import argument, argument_count\n\n\n"
        "def share(count: u64) -> u64:\n"
        "    return 100 // (count - 2)\n\n\n"
        "def main() -> None:\n"
        "    for index in range(argument_count()):\n"
        '        print(f"argument {index}: <{argument(index)}>")\n'
        "    print(share(argument_count()))\n"
    )
    return source


def test_a_program_of_ones_own_prints_the_same(program: Path) -> None:
    """Arguments, a traceback and a status that is not 0."""
    ours = run("run", program, "one", "two words")
    theirs = run("qemu", program, "one", "two words")
    assert ours[0] == 1
    assert ours[1].startswith(b"argument 0: <one>\nargument 1: <two words>\nTraceback (most recent call last):\n")
    assert ours[1].endswith(b"in share\n    return 100 // (count - 2)\nZeroDivisionError: division by zero\n")
    assert (theirs[0], without_banner(theirs[1], b"argument 0")) == ours


def test_a_program_that_succeeds_has_its_status(program: Path) -> None:
    assert run("run", program, "a", "b", "--c")[0] == 0
    assert run("qemu", program, "a", "b", "--c")[0] == 0


def test_ctrl_c_ends_both(tmp_path: Path) -> None:
    source = tmp_path / "forever.py"
    source.write_text('"""forever."""\n\n\ndef main() -> None:\n    print("started")\n    while True:\n        pass\n')
    command = [sys.executable, "-m", "atoll", "qemu", str(source)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        for line in process.stdout:
            if line.strip() == b"started":
                break
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().endswith(b"atoll: interrupted\n")
        assert process.wait(PATIENCE_SECONDS) == 130
