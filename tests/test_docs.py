"""The documents tell the truth: what they name exists, and the commands in them run."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atoll.cluster.cli import app
from atoll.cluster.cluster import Cluster

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
INLINE_COMMAND = re.compile(r"`((?:atoll|make) [^`]*)`")
NEEDS_QEMU = re.compile(r"\b(?:atoll|make) qemu\b")


PROMPT = "node1 / $ "
NUMBER = re.compile(r"\d[\d.]*(?: [um]?s\b)?")


def name(page: Path) -> str:
    return page.name


def commands(page: Path) -> list[str]:
    """Every `atoll ...` and `make ...` in a page, in shell blocks and in running text, without comments."""
    text = page.read_text(encoding="utf-8")
    shell = [line for kind, body in FENCE.findall(text) if kind == "sh" for line in body.splitlines()]
    found = [line.split("#")[0].strip() for line in shell if line.startswith(("atoll ", "make "))]
    return found + INLINE_COMMAND.findall(FENCE.sub("", text))


def python_blocks(page: Path) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text(encoding="utf-8")) if kind == "python"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_and_option_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for line in commands(page):
        tool, *words = line.split()
        plain = [word for word in words if not word.startswith("-") and "=" not in word]
        if tool == "make":
            assert set(plain) <= set(targets), line
        elif plain and plain[0] != "COMMAND":
            words_of_command = plain[:2] if plain[0] == "experiment" else plain[:1]
            result = CliRunner().invoke(app, [*words_of_command, "--help"], terminal_width=200)
            assert result.exit_code == 0, line
            for option in (word for word in words if word.startswith("--")):
                assert option in result.output + "--help", f"{line}: there is no {option}"


def test_the_test_command_lints_checks_types_and_tests() -> None:
    answer = subprocess.run(["make", "--dry-run", "test"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for tool in ("ruff check", "mypy", "pytest"):
        assert f".venv/bin/{tool}" in answer.stdout


def test_every_command_is_in_tools() -> None:
    text = (REPOSITORY / "docs/tools.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        assert f"`atoll {command.name}" in text, f"docs/tools.md does not tell of atoll {command.name}"


def test_every_folder_of_the_readme_exists() -> None:
    table = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("## Where things are")[1].split("##")[0]
    folders = re.findall(r"`(\w+)/`", table)
    assert len(folders) > 8
    for folder in folders:
        assert (REPOSITORY / folder).is_dir() or (REPOSITORY / "atoll" / folder).is_dir(), folder


def run_in(folder: Path, line: str) -> tuple[int, bytes]:
    """Exit status and standard output of one `atoll` line, run in `folder` by the same Python as the tests."""
    words = shlex.split(line)[1:]
    answer = subprocess.run([sys.executable, "-m", "atoll", *words], cwd=folder, capture_output=True, check=False)
    assert b"Traceback" not in answer.stderr, answer.stderr.decode()
    return answer.returncode, answer.stdout


@pytest.fixture(scope="module")
def first_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's program in it."""
    folder = tmp_path_factory.mktemp("first")
    (source,) = python_blocks(REPOSITORY / "README.md")
    (folder / "squares.py").write_text(source)
    return folder


def lines_for_the_program() -> list[str]:
    found = {line: None for page in PAGES for line in commands(page) if "squares." in line}
    return [line for line in found if not NEEDS_QEMU.search(line)]


@pytest.mark.parametrize("line", lines_for_the_program())
def test_commands_for_the_first_program_run(first_program: Path, line: str) -> None:
    if "squares.elf" in line:
        assert run_in(first_program, "atoll compile squares.py")[0] == 0
    status, output = run_in(first_program, line)
    assert status == 0
    if " run " in line:
        assert output.splitlines()[-1:] == [b"5 squared is 25"] or b"\n5 squared is 25\n" in output


def test_what_the_readme_shows_is_what_happens() -> None:
    shown = next(body for kind, body in FENCE.findall((REPOSITORY / "README.md").read_text()) if PROMPT in body)
    with Cluster() as cluster:
        for part in shown.split(PROMPT)[1:]:
            line, _, output = part.partition("\n")
            result = cluster.run(line)
            assert NUMBER.sub("N", result.output) == NUMBER.sub("N", output), line


@pytest.mark.qemu
def test_the_first_program_runs_on_qemu(first_program: Path) -> None:
    status, output = run_in(first_program, "atoll qemu squares.py")
    assert status == 0
    assert b"5 squared is 25" in output


def test_gdb_reads_the_kernel(tmp_path: Path) -> None:
    if shutil.which("gdb-multiarch") is None:
        pytest.skip("gdb-multiarch is not installed: apt-get install gdb-multiarch")
    assert run_in(tmp_path, "atoll build --out build")[0] == 0
    command = ["gdb-multiarch", "-nx", "-batch", "-ex", "info line kernel_main", "build/kernel.elf"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "kernel/main.py" in answer.stdout
