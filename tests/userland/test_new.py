"""`atoll new`: what it makes compiles, and it never overwrites anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file, stub_source


def new(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "atoll", "new", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_new_program_compiles(tmp_path: Path) -> None:
    answer = new(tmp_path, "program", "tally")
    assert (answer.returncode, answer.stdout) == (0, "")
    file = tmp_path / "tally.py"
    text = file.read_text()
    assert text.startswith('"""tally: ')
    assert "example" not in text
    assert compile_file(file, "program", "elf", Cache()).startswith(b"\x7fELF")


def test_a_new_server_compiles_and_has_stubs(tmp_path: Path) -> None:
    assert new(tmp_path, "server", "score_board").returncode == 0
    main = tmp_path / "score_board" / "main.py"
    assert "class ScoreBoardServer(ScoreBoard):" in main.read_text()
    assert "class ScoreBoard(Interface" in (main.parent / "interface.py").read_text()
    assert compile_file(main, "program", "elf", Cache()).startswith(b"\x7fELF")
    assert "def add(" in stub_source(main.parent / "interface.py")


@pytest.mark.parametrize(("kind", "there"), [("program", "tally.py"), ("server", "tally")])
def test_nothing_is_overwritten(tmp_path: Path, kind: str, there: str) -> None:
    (tmp_path / there).write_text("mine")
    answer = new(tmp_path, kind, "tally")
    assert answer.returncode == 2
    assert f"{there} is there already" in answer.stderr
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize("name", ["Tally", "1st", "a-b", "../x", "class", ""])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    answer = new(tmp_path, "program", name)
    assert answer.returncode == 2
    assert "a name is small letters" in answer.stderr
    assert not list(tmp_path.iterdir())
