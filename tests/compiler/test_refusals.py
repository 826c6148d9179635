"""Every refusal of the compiler with its exact text, carets included: the cases stand in refusals/*.txt.

A case is `=== title`, the program (several files, each after `# file: NAME`), `--- expected`, and all that is printed.
`[program]` or `[kernel]` ends the title of a case that needs the run-time library; the others do without: it is quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.compiler.driver import compile_file
from atoll.compiler.errors import CompileError, Diagnostic, Location, Reporter
from atoll.compiler.frontend import check_program

CASES = Path(__file__).parent / "refusals"


def cases() -> Iterator[object]:
    """The cases of all files: title, kind, sources by name, expected text."""
    for file in sorted(CASES.glob("*.txt")):
        for block in file.read_text(encoding="utf-8").split("=== ")[1:]:
            title, _, rest = block.partition("\n")
            source, _, expected = ("\n" + rest).partition("\n--- expected\n")
            name, _, kind = title.rstrip("]").partition(" [")
            yield pytest.param(kind or "host", sources(source[1:] + "\n"), expected, id=f"{file.stem}: {name}")


def sources(text: str) -> dict[str, str]:
    """The files of a case."""
    first, *others = text.split("# file: ")
    if not others:
        return {"m.py": first}
    return {name: body for name, _, body in (other.partition("\n") for other in others)}


@pytest.mark.parametrize(("kind", "files", "expected"), list(cases()))
def test_a_refusal_says_exactly(
    kind: str, files: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(CompileError) as refused:
        check_program(Path("m.py"), kind)
    assert f"{refused.value}\n" == expected


def refusal(data: bytes | None, folder: Path, kind: str = "host") -> str:
    """What the compiler says of a file of these bytes, the folder's name left out."""
    path = folder / "m.py"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(CompileError) as refused:
        check_program(path, kind)
    return str(refused.value).replace(str(folder) + "/", "")


def test_files_that_are_no_source(tmp_path: Path) -> None:
    assert refusal(None, tmp_path) == "m.py: there is no such file"
    assert refusal(b"# caf\xe9\n", tmp_path) == "m.py: not UTF-8 text (byte 5)"
    assert refusal(b"x = 1\0\n", tmp_path) == (
        "m.py: error: the file holds a null character\n    help: it is no Python source\n1 error"
    )
    (tmp_path / "m.py").unlink()
    (tmp_path / "m.py").mkdir()
    assert refusal(None, tmp_path) == "m.py: cannot be read: Is a directory"


def test_a_byte_order_mark_and_other_line_ends_do_not_move_the_caret(tmp_path: Path) -> None:
    expected = "m.py:2:9: error: nothing is not known here\n        x = nothing\n            ^^^^^^^\n1 error"
    source = "def f() -> None:\n    x = nothing\n"
    assert refusal(source.encode("utf-8-sig"), tmp_path) == expected
    assert refusal(source.replace("\n", "\r\n").encode(), tmp_path) == expected
    # A form feed ends no line for Python.
    assert refusal(("# a\fb\n" + source).encode(), tmp_path) == expected.replace("m.py:2", "m.py:3")


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("+".join(["x"] * 5000), id="sum"),
        pytest.param("-" * 3000 + "x", id="minus"),
        pytest.param("x" + ".y" * 3000, id="attributes"),
        pytest.param("1 if x else " * 2000 + "2", id="conditional"),
        pytest.param("(" * 300 + "x" + ")" * 300, id="brackets"),
    ],
)
def test_what_is_nested_too_deeply_is_refused(expression: str, tmp_path: Path) -> None:
    text = refusal(f"def f(x: int) -> int:\n    return {expression}\n".encode(), tmp_path)
    assert "too deeply" in text or "too many nested parentheses" in text
    assert text.startswith("m.py") and text.endswith("\n1 error")


def test_a_type_in_quotes_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    text = refusal(f'def f(x: "{"x." * 3000}x") -> None:\n    pass\n'.encode(), tmp_path)
    assert "... is not a type" in text


def test_all_errors_are_reported_in_the_order_of_the_file(tmp_path: Path) -> None:
    source = "".join(f"def f{i}() -> None:\n    x = missing{i}\n" for i in range(50))
    text = refusal(source.encode(), tmp_path)
    assert [line for line in text.splitlines() if ": error: " in line] == [
        f"m.py:{2 * i + 2}:9: error: missing{i} is not known here" for i in range(50)
    ]
    assert text.endswith("\n50 errors")


def test_an_error_of_a_generic_is_reported_once(tmp_path: Path) -> None:
    source = (
        'from typing import TypeVar\nfrom atoll.abi.types import u8\n\nT = TypeVar("T")\n\n'
        "def f(x: T) -> T:\n    return missing\n\ndef g(a: int, b: u8) -> None:\n    f(a)\n    f(b)\n"
    )
    assert refusal(source.encode(), tmp_path).endswith("\n1 error")


def test_a_location_in_a_line_that_is_not_there_shows_no_source() -> None:
    reporter = Reporter({"m.py": ["x = 1"]})
    reporter.report(Location("m.py", 7, 3), "message", "advice")
    assert [str(d) for d in reporter.found] == ["m.py:7:1: error: message\n    help: advice"]
    assert str(Diagnostic(Location("m.py", 0), "message")) == "m.py: error: message"


def test_code_that_llvm_rejects_is_kept_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("atoll.compiler.image.ModuleLowering.text", lambda self: "define i64 @f() { ret i32 0 }")
    program = tmp_path / "m.py"
    program.write_text("def main() -> None:\n    pass\n", encoding="utf-8")
    with pytest.raises(CompileError) as refused:
        compile_file(program)
    (kept,) = tmp_path.glob("atoll-m-*.ll")
    assert kept.read_text(encoding="utf-8") == "define i64 @f() { ret i32 0 }"
    first, second, third = str(refused.value).splitlines()
    assert first.startswith(f"{program}: internal error of the compiler: LLVM rejects its code: ")
    assert second == f"    the code is in {kept}"
    assert third == "    help: please report it with that file"
