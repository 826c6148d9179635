"""The `atoll` command as a user meets it: what it prints where, its exit status, and the exact text of each refusal."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atoll.cluster.qemu import MISSING

PROGRAMS = {
    "hello": 'def main() -> None:\n    print("hello")\n',
    "status": "from atoll.abi.types import i64\n\n\ndef main() -> i64:\n    return 42\n",
    "forever": 'def main() -> None:\n    print("started")\n    while True:\n        pass\n',
    "crash": "def main() -> None:\n    values = (1, 0)\n    first, second = values\n    print(first // second)\n",
    "wrong_syntax": "def main() -> None:\n    print(\n",
    "wrong_type": 'def main() -> None:\n    x: u64 = "text"\n',
    "wrong_import": "import os\n\n\ndef main() -> None:\n    print(1)\n",
}


class Answer:
    """What a finished command left."""

    def __init__(self, process: subprocess.CompletedProcess[bytes]) -> None:
        self.status = process.returncode
        self.output = process.stdout
        self.messages = process.stderr.decode()


def atoll(*words: str | Path, **environment: str) -> Answer:
    """Run a command to its end."""
    command = [sys.executable, "-m", "atoll", *map(str, words)]
    return Answer(subprocess.run(command, capture_output=True, check=False, env=os.environ | environment))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    for name, source in PROGRAMS.items():
        (folder / f"{name}.py").write_text(f'"""{name}: for a test."""\n\n{source}')
    return folder


# ---- running ----
def test_the_guest_prints_on_standard_output(programs: Path) -> None:
    answer = atoll("run", programs / "hello.py")
    assert (answer.status, answer.messages) == (0, "")
    assert b"hello\n" in answer.output


def test_the_guests_exit_status_is_the_commands(programs: Path) -> None:
    assert atoll("run", programs / "status.py").status == 42


def test_a_failed_program_shows_its_traceback(programs: Path) -> None:
    answer = atoll("run", programs / "crash.py")
    assert answer.status == 1
    text = answer.output.decode()
    assert "Traceback (most recent call last):" in text
    assert 'crash.py", line 6, in main\n    print(first // second)\nZeroDivisionError: ' in text


def test_two_runs_are_one_run(programs: Path, tmp_path: Path) -> None:
    results = []
    for number in range(2):
        stats = tmp_path / f"{number}.json"
        answer = atoll("run", "--stats", stats, programs / "hello.py")
        figures = json.loads(stats.read_text())
        assert figures.pop("host_seconds") > 0
        results.append((answer.output, figures))
    assert results[0] == results[1]
    figures = results[0][1]
    assert figures["status"] == 0
    assert figures["instructions"] > 1000
    assert figures["virtual_nanoseconds"] >= figures["instructions"]


def test_ctrl_c_is_a_line_and_130(programs: Path) -> None:
    command = [sys.executable, "-m", "atoll", "run", str(programs / "forever.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        for line in process.stdout:
            if line == b"started\n":
                break
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"atoll: interrupted\n"
        assert process.wait() == 130


# ---- refusals ----
def test_syntax_error(programs: Path) -> None:
    answer = atoll("compile", programs / "wrong_syntax.py")
    assert (answer.status, answer.output) == (2, b"")
    assert answer.messages.startswith(f"{programs}/wrong_syntax.py:4:10: error: ")
    assert "Traceback" not in answer.messages


def test_type_error(programs: Path) -> None:
    answer = atoll("compile", programs / "wrong_type.py")
    assert answer.status == 2
    assert answer.messages.startswith(f"{programs}/wrong_type.py:4:")


def test_import_of_what_is_not_guest_code(programs: Path) -> None:
    answer = atoll("compile", programs / "wrong_import.py")
    assert answer.status == 2
    assert answer.messages.startswith(f"{programs}/wrong_import.py:3:")


@pytest.mark.parametrize("command", ["run", "compile", "disasm", "qemu"])
def test_a_file_that_is_not_there(command: str) -> None:
    answer = atoll(command, "no-such-file.py", COLUMNS="200")
    assert (answer.status, answer.output) == (2, b"")
    assert "file 'no-such-file.py' does not exist." in answer.messages.lower()


def test_a_kernel_that_is_not_an_elf(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"not an ELF at all")
    answer = atoll("boot", "--kernel", kernel)
    assert (answer.status, answer.output) == (2, b"")
    assert answer.messages == "atoll: the kernel is not an ELF file: it begins with 6e 6f 74 20\n"


def test_an_image_that_is_not_an_elf_is_not_disassembled(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"not an ELF at all")
    answer = atoll("disasm", image)
    assert (answer.status, answer.output) == (2, b"")
    assert answer.messages == f"atoll: {image}: not an ELF file\n"


def test_missing_qemu(programs: Path, tmp_path: Path) -> None:
    answer = atoll("qemu", programs / "hello.py", PATH=str(tmp_path))
    assert (answer.status, answer.output) == (2, b"")
    assert answer.messages == f"atoll: {MISSING}\n"
    assert "apt-get install qemu-system-misc" in MISSING


def test_unknown_benchmark() -> None:
    answer = atoll("bench", "speed")
    said = "atoll: there is no benchmark 'speed'; there is: machine, kernel, node, cluster, migration\n"
    assert (answer.status, answer.messages) == (2, said)


def test_a_place_that_cannot_be_written(programs: Path, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "image.elf"
    answer = atoll("compile", programs / "hello.py", "-o", target)
    assert (answer.status, answer.messages) == (2, f"atoll: {target}: No such file or directory\n")


def test_the_source_is_not_overwritten(programs: Path) -> None:
    source = programs / "hello.py"
    answer = atoll("compile", source, "-o", source)
    assert answer.status == 2
    assert answer.messages == f"atoll: {source} is the source file itself; choose another with -o\n"
    assert source.read_text().endswith(PROGRAMS["hello"])


def test_a_kernel_for_another_machine(tmp_path: Path) -> None:
    answer = atoll("boot", "--kernel", sys.executable)
    assert (answer.status, answer.output) == (2, b"")
    assert answer.messages.startswith("atoll: the kernel's ELF file is for another machine: ")


def test_programs_that_do_not_fit_into_ram(programs: Path, tmp_path: Path) -> None:
    source = tmp_path / "large.py"
    source.write_text(
        '"""large: a table of 8 MiB."""\n\nfrom atoll.abi.types import Array, u64\n\n'
        "table: Array[u64, 1048576] = Array()\n\n\ndef main() -> None:\n"
        "    for index in range(len(table)):\n        table[index] += index\n    print(table[len(table) // 2])\n"
    )
    answer = atoll("run", "--memory", "8", source)
    assert answer.status != 0
    assert answer.output == b"large: cannot run: out of memory\n"


# ---- compiling ----
def test_compile_writes_beside_where_one_is(programs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "atoll", "compile", str(programs / "hello.py")]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "hello.elf").read_bytes()[:4] == b"\x7fELF"
    assert [path.name for path in tmp_path.iterdir()] == ["hello.elf"]


@pytest.mark.parametrize(("kind", "sign"), [("ir", b"define "), ("asm", b".text"), ("elf", b"\x7fELF")])
def test_compile_writes_each_stage(programs: Path, kind: str, sign: bytes) -> None:
    answer = atoll("compile", programs / "hello.py", "--emit", kind, "-o", "-")
    assert answer.status == 0
    assert sign in answer.output


def test_disasm_shows_source_lines(programs: Path) -> None:
    answer = atoll("disasm", programs / "hello.py", "main")
    assert answer.status == 0, answer.messages
    assert b'print("hello")' in answer.output


def test_build_writes_what_qemu_takes(tmp_path: Path) -> None:
    answer = atoll("build", "--out", tmp_path / "images")
    assert answer.status == 0
    assert (tmp_path / "images/kernel.elf").read_bytes()[:4] == b"\x7fELF"
    assert (tmp_path / "images/initrd.tar").read_bytes()[257:262] == b"ustar"


# ---- the command itself ----
def test_version() -> None:
    assert atoll("--version").output.startswith(b"atoll 0.")


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys, atoll.cluster.cli\n"
        "heavy = {'unicorn', 'llvmlite', 'capstone', 'elftools', 'fdt', 'rich.progress'}\n"
        "heavy |= {'atoll.compiler', 'atoll.machine', 'atoll.images'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
