"""The images that we ship, looked at by others: readelf, gdb and pyelftools read them without complaint."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import atoll
from atoll.compiler.driver import compile_file

ROOT = Path(atoll.__file__).resolve().parent.parent


@pytest.fixture(scope="module", params=["kernel", "program"])
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernel, or a program."""
    name = {"kernel": "kernel/main.py", "program": "userland/programs/hello.py"}[request.param]
    path = tmp_path_factory.mktemp("image") / f"{request.param}.elf"
    path.write_bytes(compile_file(ROOT / name, request.param))
    return path


def tool(name: str) -> str:
    """An independent judge; without it the test is skipped (and fails in continuous integration)."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_readelf_reads_all_of_it(image: Path) -> None:
    found = run(tool("readelf"), "--all", "--wide", "--debug-dump=info,decodedline,aranges", str(image))
    assert found.returncode == 0
    assert found.stderr == ""
    assert "RISC-V" in found.stdout


def test_gdb_finds_lines_and_functions(image: Path) -> None:
    gdb = tool("gdb-multiarch")
    function = "kernel_main" if image.stem == "kernel" else "main"
    found = run(gdb, "--batch", "--nx", "-ex", f"info line '{function}'", "-ex", "info files", str(image))
    file = "kernel/main.py" if image.stem == "kernel" else "userland/programs/hello.py"
    assert found.stderr == ""
    assert f'of "{file}"' in found.stdout or f'of "./{file}"' in found.stdout


def test_segments_are_never_writable_and_executable(image: Path) -> None:
    elf = ELFFile(io.BytesIO(image.read_bytes()))
    flags = [segment["p_flags"] for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    assert len(flags) >= 3
    assert all(flag & 3 != 3 for flag in flags)


def test_the_same_source_gives_the_same_image(image: Path) -> None:
    name = {"kernel": "kernel/main.py", "program": "userland/programs/hello.py"}[image.stem]
    assert compile_file(ROOT / name, "kernel" if image.stem == "kernel" else "program") == image.read_bytes()
