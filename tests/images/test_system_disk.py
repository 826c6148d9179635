"""The system's disk: found again in the cache as long as nothing that it is made from changes."""

import pickle
import shutil
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from atoll.compiler.errors import CompileError
from atoll.images import recipe, system_disk
from atoll.images.disk import Entry, File, make_disk


def test_it_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, made = Cache(tmp_path), []

    def files(*_: object) -> dict[str, Entry]:
        made.append(1)
        return {"/bin/x": File(b"x", 0o755)}

    monkeypatch.setattr(system_disk, "system_files", files)
    images = [system_disk.system_disk(cache) for _ in range(3)]
    assert len(made) == 1
    assert all(image == images[0] for image in images)
    assert images[0] == make_disk(files())


def test_a_change_of_any_source_makes_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, cache = tmp_path / "package", Cache(tmp_path / "cache")
    for folder in recipe.INPUTS:
        shutil.copytree(recipe.PACKAGE / folder, package / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(recipe, "PACKAGE", package)
    made: list[str] = []

    def make(change: str) -> None:
        recipe.cached("thing", {}, lambda: made.append(change) or b"made", cache)  # type: ignore[func-returns-value]

    changes = ["", "userland/programs/echo.py", "servers/files/main.py", "images/system.toml", "abi/calls.py"]
    for file in changes:
        if file:
            path = package / file
            path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
        make(file)
        make("again")
    (package / "userland" / "programs" / "more.py").write_text('"""More."""\n', encoding="utf-8")
    make("more")
    assert made == [*changes, "more"]


def test_many_programs_are_compiled_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "MANY", 2)
    sources = [tmp_path / f"p{number}.py" for number in range(2)]
    for number, source in enumerate(sources):
        source.write_text(f'"""A program."""\n\n\ndef main() -> None:\n    print({number})\n', encoding="utf-8")
    told: list[tuple[str, int, int]] = []
    steps = [(source.stem, source) for source in sources]
    together = recipe.compile_steps(steps, Cache(tmp_path / "a"), lambda *step: told.append(step))
    assert told == [("compiling p0", 0, 2), ("compiling p1", 1, 2), ("done", 2, 2)]
    monkeypatch.setattr(recipe, "MANY", 8)
    assert recipe.compile_steps(steps, Cache(tmp_path / "b")) == together
    sources[1].write_text('"""A program."""\n\n\ndef main() -> None:\n    print(nothing)\n', encoding="utf-8")
    monkeypatch.setattr(recipe, "MANY", 2)
    with pytest.raises(CompileError, match="nothing"):
        recipe.compile_steps(steps, Cache(tmp_path / "a"))


def test_errors_of_the_compiler_come_from_another_process_as_they_are() -> None:
    error = CompileError("file.py:1: wrong")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
