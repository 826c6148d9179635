"""`atoll bench`: every promised figure is there with its unit and meaning. How fast anything is, no test says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from atoll.benchmarks.cluster import measure_calls, measure_local
from atoll.benchmarks.report import Result, Samples, number, show_table, write_json
from atoll.benchmarks.sizes import BLANK, CODE, COMMENT, DOCSTRING, IMPORT, kinds_of_lines
from atoll.benchmarks.stopwatch import Stopwatch

FIGURES = {
    "compute_mips", "compute_mips_unicorn", "compute_ratio", "trap_microseconds", "trap_microseconds_interpreted",
    "compile_seconds_cold", "compile_seconds_cached", "boot_seconds", "instructions_to_user_mode",
}  # fmt: skip

KERNEL_FIGURES = {
    "null_syscall_instructions", "ipc_round_trip_instructions", "ipc_round_trip_library_instructions",
    "stub_round_trip_instructions", "stub_dispatch_instructions",
    "ipc_round_trip_microseconds", "ipc_4k_segment_instructions", "context_switch_instructions",
    "page_fault_to_pager_instructions", "page_fault_mapped_instructions", "process_create_destroy_instructions",
    "empty_process_create_destroy_instructions", "max_interrupts_off_instructions", "kernel_lines",
    "kernel_code_lines", "kernel_image_bytes", "kernel_trace_bytes",
}  # fmt: skip

NODE_FIGURES = {
    "boot_seconds", "cluster_boot_seconds", "boot_instructions", "spawn_wait_instructions", "name_lookup_instructions",
    "file_read_4k_mb_per_s", "file_read_64k_mb_per_s", "file_write_4k_mb_per_s", "file_write_64k_mb_per_s",
    "load_sampling_percent", "load_server_percent", "swap_pause_microseconds", "swap_pause_files_microseconds",
    "swap_pause_programs_microseconds",
}  # fmt: skip


def figures_of(benchmark: str, tmp_path: Path) -> tuple[dict[str, Any], str]:
    """What a benchmark finds in one round: as JSON, and as a table."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "atoll", "bench", benchmark, "--rounds", "1", "--json", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    return json.loads(file.read_text()), answer.stdout


def test_the_machine_is_measured(tmp_path: Path) -> None:
    figures, output = figures_of("machine", tmp_path)
    for name in FIGURES:
        assert figures[name] > 0
        assert len(figures["samples"][name]) == 1
        assert figures["meanings"][name]
        assert name in figures["units"]
        assert name in output
    assert figures["wanted"] == {"compute_ratio": ">= 0.6", "trap_microseconds": "<= 0.5"}
    assert {"python", "processors", "unicorn", "llvmlite"} <= set(figures["environment"])


def test_the_node_is_measured(tmp_path: Path) -> None:
    figures, output = figures_of("node", tmp_path)
    for name in NODE_FIGURES:
        assert figures[name] > 0
        assert figures["meanings"][name]
        assert name in output
    pauses = [figures[name] for name in figures if name.startswith("swap_pause_")]
    assert figures["swap_pause_microseconds"] == max(pauses)
    assert figures["load_sampling_percent"] < 1
    assert 0 < figures["spawn_wait_instructions"] <= 1_700_000
    assert figures["name_lookup_instructions"] < figures["spawn_wait_instructions"]


def test_calls_between_nodes_are_measured() -> None:
    """Over the quicker link; the whole of it is a long test."""
    samples = Samples()
    measure_calls(samples, "1_gbit")
    measure_local(samples)
    found = {name.replace("_1_gbit", ""): values[0] for name, values in samples.of.items()}
    wire, cpu = found["remote_call_wire_microseconds"], found["remote_call_cpu_microseconds"]
    assert wire == pytest.approx(4 * (10 + 8 * (208 + 24) / 1000), abs=0.1)  # two frames over two links each
    assert wire < found["remote_call_microseconds"] < 10 * (wire + cpu)
    assert found["remote_call_by_bound"] > 0
    assert 0 < found["bulk_fraction_of_link"] < 1
    assert found["remote_to_local_ratio"] > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clusters"], "there is no benchmark 'clusters'; there is: machine, kernel, node, cluster, migration"),
        (["cluster", "--json", "/nowhere/figures.json"], "/nowhere/figures.json: there is no such folder"),
    ],
)
def test_nonsense_is_refused_before_anything_is_measured(arguments: list[str], message: str) -> None:
    command = [sys.executable, "-m", "atoll", "bench", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.strip() == f"atoll: {message}"


@pytest.mark.long
def test_the_cluster_is_measured(tmp_path: Path) -> None:
    figures, output = figures_of("cluster", tmp_path)
    for name, meaning in figures["meanings"].items():
        assert figures[name] > 0 and meaning
        assert name in output
    assert figures["bulk_10_mbit_fraction_of_link"] < 1


def test_the_kernel_is_measured_exactly(tmp_path: Path) -> None:
    figures, _ = figures_of("kernel", tmp_path)
    assert set(figures) >= KERNEL_FIGURES
    assert set(figures["meanings"]) >= KERNEL_FIGURES
    for name, wanted in (("null_syscall_instructions", 150), ("ipc_round_trip_instructions", 600)):
        assert 0 < figures[name] <= wanted
        assert figures[name] == int(figures[name]), "instructions are counted, not estimated"
    assert figures["max_interrupts_off_instructions"] > figures["ipc_4k_segment_instructions"]
    kinds = ("code", "import", "docstring", "comment", "blank")
    assert figures["kernel_lines"] == sum(figures[f"kernel_{kind}_lines"] for kind in kinds)


def test_kinds_of_lines() -> None:
    source = '"""Text.\n\nMore."""\n\nimport os\n\n\n# why\ndef f() -> None:\n    """Text."""\n    os.x()  # so\n'
    assert kinds_of_lines(source) == [DOCSTRING] * 3 + [BLANK, IMPORT, BLANK, BLANK, COMMENT, CODE, DOCSTRING, CODE]


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
