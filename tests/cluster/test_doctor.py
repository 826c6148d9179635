"""`atoll doctor`: versions are compared as numbers, and each lack comes with its mend."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from atoll.cluster.cli import app
from atoll.cluster.commands.doctor import Tool, check_cache, check_library, check_tool, release, version_fits


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("2.1.4", ">=2.1.4,<3", True),
        ("2.1.3", ">=2.1.4,<3", False),
        ("3.0", ">=2.1.4,<3", False),
        ("2.10", ">=2.9", True),                # not compared as texts
        ("0.50.0", "<0.51,>=0.50", True),
        ("7.2.11 (Debian 1:7.2)", ">=7.2", True),
        ("1.0", "", True),
    ],
)
def test_versions_are_numbers(version: str, wanted: str, fits: bool) -> None:
    assert version_fits(version, wanted) == fits


def test_the_numbers_of_a_version() -> None:
    assert release("7.2.11-rc1") == (7, 2, 11)
    assert release("version unknown") == ()


def test_a_library_that_is_missing_says_the_mend() -> None:
    finding = check_library("no-such-library", ">=1.2")
    assert finding.state == "missing"
    assert finding.found == "not installed, needed: >=1.2"
    assert finding.mend == f"{sys.executable} -m pip install 'no-such-library>=1.2'"


def test_a_library_that_is_too_old_says_the_mend() -> None:
    finding = check_library("pytest", ">=9999")
    assert finding.state == "missing"
    assert finding.found.endswith("needed: >=9999")
    assert finding.mend.endswith("-m pip install 'pytest>=9999'")


def test_a_tool_that_is_missing_says_its_package() -> None:
    finding = check_tool(Tool("no-such-tool", "no-such-package", "nothing"))
    assert (finding.state, finding.found) == ("optional", "not installed (for nothing)")
    assert finding.mend == "apt-get install no-such-package"


def test_a_tool_that_is_too_old_says_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "old-tool"
    fake.write_text("#!/bin/sh\necho old-tool version 1.5\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    finding = check_tool(Tool("old-tool", "package", "testing", minimum="1.10"))
    assert finding.state == "optional"
    assert finding.found == "1.5, tested from 1.10 (for testing)"


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ATOLL_CACHE", str(tmp_path / "file"))
    (finding,) = check_cache()
    assert finding.state == "optional"
    assert "cannot be written" in finding.found


def test_it_passes_here() -> None:
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert result.output.endswith("\nAtoll works here.\n")


def test_it_fails_when_a_required_thing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["no-such-library>=1", "also-missing; extra == 'dev'"])
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "MISSING  no-such-library" in result.output
    assert "optional also-missing" in result.output
    assert result.output.endswith("\n1 required thing is missing: Atoll cannot work here.\n")
