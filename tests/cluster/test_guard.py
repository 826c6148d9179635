"""How commands end: each kind of error has its text and its status, and none shows a traceback."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from atoll.cluster.guard import BROKEN_PIPE, INTERNAL, INTERRUPTED, REFUSED, CommandError, guarded
from atoll.compiler.errors import CompileError
from atoll.machine.errors import MachineError


def outcome(error: BaseException | type[BaseException]) -> tuple[int, str]:
    """Exit status and standard error of a command that ends with `error`."""

    def command() -> None:
        raise error

    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(guarded(command))
    result = CliRunner().invoke(app, [])
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize("kind", [CommandError, MachineError])
def test_an_error_for_the_user_is_its_text(kind: Callable[[str], Exception]) -> None:
    assert outcome(kind("two lines\nof text")) == (REFUSED, "atoll: two lines\nof text\n")


def test_an_error_in_a_program_begins_with_its_place() -> None:
    assert outcome(CompileError("x.py:1:1: error: no")) == (REFUSED, "x.py:1:1: error: no\n")


def test_an_interrupt_is_a_line_and_130() -> None:
    assert outcome(KeyboardInterrupt) == (INTERRUPTED, "atoll: interrupted\n")


def test_a_file_that_cannot_be_read_is_named() -> None:
    error = PermissionError(13, "Permission denied", "secret.py")
    assert outcome(error) == (REFUSED, "atoll: secret.py: Permission denied\n")


def test_a_missing_library_points_to_the_doctor() -> None:
    error = ModuleNotFoundError("No module named 'unicorn'", name="unicorn")
    assert outcome(error) == (REFUSED, "atoll: the library unicorn is not installed; `atoll doctor` says the mend\n")


def test_what_nobody_foresaw_is_one_line_and_a_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    status, text = outcome(KeyError("a\nb"))
    (report,) = tmp_path.iterdir()
    assert status == INTERNAL
    assert text == f"atoll: internal error: KeyError: 'a\\nb' (a bug in Atoll; report written to {report})\n"
    assert "Traceback (most recent call last)" in report.read_text()
    assert "KeyError: 'a\\nb'" in report.read_text()


def test_an_exit_status_passes() -> None:
    assert outcome(typer.Exit(42)) == (42, "")


def test_a_reader_that_leaves_is_no_error() -> None:
    """As in `atoll disasm image.elf | head`."""
    code = (
        "import typer\n"
        "from atoll.cluster.guard import guarded\n"
        "def command() -> None:\n"
        "    for number in range(1000000): print(number)\n"
        "app = typer.Typer(); app.command()(guarded(command)); app()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stderr
    assert process.stdout.readline() == b"0\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == BROKEN_PIPE
    process.stderr.close()
