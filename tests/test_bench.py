"""`atoll bench`: every promised figure is there with its unit and meaning. How fast anything is, no test says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from atoll.benchmarks.report import Result, number, show_table, write_json
from atoll.benchmarks.stopwatch import Stopwatch

FIGURES = {
    "compute_mips", "compute_mips_unicorn", "compute_ratio", "trap_microseconds", "trap_microseconds_interpreted",
    "compile_seconds_cold", "compile_seconds_cached", "boot_seconds", "instructions_to_user_mode",
}  # fmt: skip


def test_the_machine_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "atoll", "bench", "machine", "--rounds", "1", "--json", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    figures = json.loads(file.read_text())
    for name in FIGURES:
        assert figures[name] > 0
        assert len(figures["samples"][name]) == 1
        assert figures["meanings"][name]
        assert name in figures["units"]
        assert name in answer.stdout
    assert figures["wanted"] == {"compute_ratio": ">= 0.6", "trap_microseconds": "<= 0.5"}
    assert {"python", "processors", "unicorn", "llvmlite"} <= set(figures["environment"])


def test_the_value_is_the_median(tmp_path: Path) -> None:
    result = Result("speed", (3.0, 100.0, 1.0), "m/s", "how fast", at_least=2)
    assert result.value == 3
    assert result.reached
    assert not Result("speed", (1.0,), "m/s", "how fast", at_least=2).reached
    assert not Result("time", (1.0,), "s", "how long", at_most=0.5).reached
    write_json([result], tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text())["speed"] == 3


def test_the_table_names_what_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([Result("speed", (3.0, 1.0), "m/s", "how fast", at_least=2)])
    output = capsys.readouterr().out
    assert ">= 2" in output
    assert "1 ... 3" in output


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.0, "1,234,567"), (0.19512, "0.1951"), (12.3456, "12.35"), (3.0, "3"), (0.0001, "0.0001")],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_the_stopwatch_is_pressed_by_lines() -> None:
    counts = iter([100, 350])
    stopwatch = Stopwatch(lambda: next(counts))
    for byte in b"restart\nstart\nend of it\nend 2\n":
        stopwatch.put(bytes([byte]))
    assert stopwatch.instructions == 250
    assert stopwatch.seconds >= 0
    assert stopwatch.result == b"of it"
