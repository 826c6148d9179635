"""The style that a reader counts on: files say what they are, nothing is long, nothing names one person's machine."""

import ast
import re
import tokenize
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = ("abi", "atoll", "benchmarks", "cluster", "compiler", "images", "kernel", "labs", "machine", "net", "servers",
           "tests", "userland", "docs")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_OPENING_LINES = 8
# Paths that exist on one machine only. (The nodes' own disks have files in /home and /tmp, without folders there.)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:(?:Users|root|work|mnt|media)/\w|(?:home|tmp)/[\w.-]+/)")


def files(*suffixes: str) -> list[Path]:
    """The files of the repository with these suffixes, each once (the links in atoll/ are not followed)."""
    found = [file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*") if not _behind_link(file)]
    found += [file for file in REPOSITORY.iterdir() if file.is_file()]
    found += list((REPOSITORY / ".ci").glob("*"))
    return sorted(file for file in found if file.is_file() and (not suffixes or file.suffix in suffixes))


def _behind_link(file: Path) -> bool:
    """In atoll/ only what is not a link to one of the other folders; never what Python left behind."""
    inside = file.relative_to(REPOSITORY)
    return "__pycache__" in inside.parts or any((REPOSITORY / parent).is_symlink() for parent in inside.parents)


def name(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


def long_functions(source: str) -> list[str]:
    """Functions of more lines than allowed, with their lengths; decorators count."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            length = (node.end_lineno or first) - first + 1
            if length > MAX_FUNCTION_LINES:
                found.append(f"{node.name} has {length} lines")
    return found


@pytest.mark.parametrize("file", files(".py"), ids=name)
def test_a_source_file_is_short_and_says_what_it_is(file: Path) -> None:
    with tokenize.open(file) as opened:
        source = opened.read()
    opening = ast.get_docstring(ast.parse(source))
    assert opening, "the file does not open with a docstring that says what it is"
    assert opening.count("\n") < MAX_OPENING_LINES, "the opening docstring is not short"
    assert source.count("\n") <= MAX_FILE_LINES, f"more than {MAX_FILE_LINES} lines: two files want out of it"
    assert not long_functions(source), f"at most {MAX_FUNCTION_LINES} lines"
    assert "\t" not in source, "a tab in the indentation or in a text: write \\t"


@pytest.mark.parametrize("file", files(), ids=name)
def test_no_file_names_one_machine(file: Path) -> None:
    text = file.read_bytes().decode("utf-8", errors="replace")
    assert not MACHINE_PATH.search(text), MACHINE_PATH.search(text)


def test_the_checks_can_fail() -> None:
    assert long_functions("def f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES)
    assert not long_functions("def f():\n" + "    x = 1\n" * (MAX_FUNCTION_LINES - 1))
    assert MACHINE_PATH.search("open('" + "/ho" + "me/someone/file')")
    assert not MACHINE_PATH.search("kernel/home/x and https://example.org/root/x")
