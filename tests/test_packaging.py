"""What is installed: one import package with the guest's sources in it, the same from a checkout and from an sdist."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

FOLDERS = ("abi", "benchmarks", "cluster", "compiler", "images", "kernel", "machine", "userland")


def build(source: Path, target: str, out: Path) -> Path:
    """Build a "wheel" or "sdist" of the tree at `source` with the back end that pyproject.toml names."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    answer = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    (result,) = out.iterdir()
    return result


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(build(repository, "wheel", tmp_path_factory.mktemp("wheel")))


def test_one_package_lands_in_site_packages(wheel: dict[str, bytes]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    (metadata,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {"atoll", metadata}


def test_every_source_is_in_it(wheel: dict[str, bytes], repository: Path) -> None:
    """Guest sources above all: they are compiled at run time."""
    for folder in FOLDERS:
        for file in (repository / folder).rglob("*.py"):
            name = f"atoll/{file.relative_to(repository)}"
            assert wheel.get(name) == file.read_bytes(), f"{name} is not in the wheel as it is here"


def test_nothing_else_is_in_it(wheel: dict[str, bytes]) -> None:
    kinds = (".py", ".lua", ".md", ".toml", ".typed")
    assert not [name for name in wheel if name.startswith("atoll/") and not name.endswith(kinds)]


def test_the_command_and_the_licence_are_declared(wheel: dict[str, bytes]) -> None:
    entry_points = next(data for name, data in wheel.items() if name.endswith("entry_points.txt"))
    assert b"atoll = atoll.cluster.cli:main" in entry_points
    (licence,) = (data for name, data in wheel.items() if name.endswith("/LICENSE"))
    assert b"GNU GENERAL PUBLIC LICENSE" in licence
    metadata = next(data for name, data in wheel.items() if name.endswith("/METADATA")).decode()
    assert "License-Expression: GPL-2.0-or-later" in metadata
    assert "Requires-Python: >=3.11" in metadata


def test_the_wheel_runs_programs(wheel: dict[str, bytes], tmp_path: Path) -> None:
    """Installed, without the repository: kernel and run-time library are compiled from the wheel's own sources."""
    for name, data in wheel.items():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_bytes(data)
    (tmp_path / "hello.py").write_text('"""hello."""\n\n\ndef main() -> None:\n    print("hello")\n')
    code = "import atoll; assert 'site/atoll' in atoll.__file__; from atoll.cluster.cli import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", code, "run", "hello.py"],
        cwd=tmp_path, capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    assert (answer.returncode, answer.stdout) == (0, b"hello\n")
    told = answer.stderr.splitlines()           # where it takes long, that it does
    assert all(line.startswith(b"atoll: compiling ") for line in told) and len(told) <= 1


def test_the_sdist_builds_the_same_wheel(wheel: dict[str, bytes], repository: Path, tmp_path: Path) -> None:
    with tarfile.open(build(repository, "sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    again = contents(build(unpacked, "wheel", tmp_path / "wheel"))
    assert sorted(again) == sorted(wheel)
    assert all(again[name] == data for name, data in wheel.items() if name.startswith("atoll/"))
