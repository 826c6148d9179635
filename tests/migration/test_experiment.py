"""`atoll experiment migration`: a row for each move, as a table, CSV and JSON."""

import csv
import json
from pathlib import Path

from typer.testing import CliRunner

from atoll.cluster.cli import app


def test_it_writes_what_it_finds(tmp_path: Path) -> None:
    table, document = tmp_path / "moves.csv", tmp_path / "moves.json"
    words = ["experiment", "migration", "--workload", "caller", "--memory", "copy", "--memory", "reference"]
    done = CliRunner().invoke(
        app, [*words, "--size", "40960", "--rounds", "30", "--csv", str(table), "--json", str(document)]
    )
    assert done.exit_code == 0, done.output
    copied, referred = csv.DictReader(table.open(encoding="utf-8"))
    assert (copied["strategy"], referred["strategy"]) == ("copy", "reference")
    assert float(copied["freeze_ms"]) > float(referred["freeze_ms"]) > 0
    assert int(copied["left"]) == 0 < int(referred["left"]) and int(copied["bytes"]) > int(referred["bytes"])
    assert float(copied["slowdown"]) > 1
    told = json.loads(document.read_text(encoding="utf-8"))
    assert told["programs"] == {"caller": "call 5"} and len(told["rows"]) == 2


def test_it_refuses_what_there_is_not() -> None:
    done = CliRunner().invoke(app, ["experiment", "migration", "--workload", "dancer"])
    assert done.exit_code != 0


def test_a_folder_that_is_not_there_is_told_before_the_runs(tmp_path: Path) -> None:
    for kind in ("migration", "load"):
        file = tmp_path / "nowhere" / "table.csv"
        done = CliRunner().invoke(app, ["experiment", kind, "--csv", str(file)])
        assert done.exit_code == 2 and f"there is no folder {file.parent}" in done.output.replace("\n", "")
