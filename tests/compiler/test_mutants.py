"""No input makes the compiler fall over: valid programs, changed at random, compile or are refused with a message."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import llvmlite.binding as llvm
import pytest

from atoll.compiler.errors import CompileError
from atoll.compiler.frontend import check_program
from atoll.compiler.image import Image
from tests.compiler.mutations import mutant

REPOSITORY = Path(__file__).resolve().parents[2]
# The sources of refusals are good seeds too: each is close to some edge of the language.
_FOLDERS = ("userland", "kernel", "tests/compiler/tours")
_REFUSALS = sorted((Path(__file__).parent / "refusals").glob("*.txt"))
_FIRST_LINE = re.compile(r"[\w/]+\.py(:\d+:\d+)?: .+")


def seeds() -> list[str]:
    """The texts that mutants are made from."""
    found = [p.read_text(encoding="utf-8") for folder in _FOLDERS for p in sorted((REPOSITORY / folder).rglob("*.py"))]
    for file in _REFUSALS:
        blocks = file.read_text(encoding="utf-8").split("=== ")[1:]
        found += [block.partition("\n")[2].partition("--- expected\n")[0] for block in blocks]
    return [text for text in found if text.strip()]


def outcome(source: str, kind: str, folder: Path) -> str:
    """'' if the program was accepted (and LLVM takes its code), else what was said of it."""
    path = folder / "m.py"
    path.write_text(source, encoding="utf-8", errors="surrogatepass")
    try:
        checked = check_program(path, kind)
        llvm.parse_assembly(Image(checked, kind).text).verify()
    except CompileError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


def attempt(number: int, kind: str, texts: list[str], folder: Path) -> None:
    """One mutant: whatever comes of it, it is no error of the compiler's own."""
    random = Random(number)
    source = mutant(random.choice(texts), random.choice(texts), random)
    try:
        said = outcome(source, kind, folder)
    except Exception as error:
        raise AssertionError(f"mutant {number} for {kind}: {error!r}\n{source}") from error
    assert said == "" or _FIRST_LINE.match(said), said


@pytest.mark.parametrize(("kind", "count"), [("host", 240), ("program", 20), ("kernel", 20)])
def test_mutants_are_accepted_or_refused(kind: str, count: int, tmp_path: Path) -> None:
    texts = seeds()
    for number in range(count):
        attempt(number, kind, texts, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["program", "kernel", "host"])
@pytest.mark.parametrize("group", range(10))
def test_many_mutants_are_accepted_or_refused(group: int, kind: str, tmp_path: Path) -> None:
    texts = seeds()
    for number in range(10**6 * (group + 1), 10**6 * (group + 1) + 300):
        attempt(number, kind, texts, tmp_path)
