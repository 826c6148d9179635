"""docs/differences-from-python.md: what its table of expressions says, the compiled program does."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "differences-from-python.md"
ROW = re.compile(r"^\| `([^`]+)` \| [^|]+ \| (?:`(\w+)`|(-?\d+)) \|$", re.MULTILINE)
CONSTANT = re.compile(r"\b([ui]\d+)\((-?\w+)\)")

HEAD = '''"""table: the expressions of the page, each as a function, with constants that the compiler does not see."""

from atoll.abi.types import i8, i64, low8, signed, u8, u32, u64, unsigned, wrapping_add

hidden: i64 = 0


def main() -> None:
    global hidden
    hidden = 0
'''


def rows() -> list[tuple[str, str]]:
    """Expressions, and what the page says of them here."""
    return [(expression, error or value) for expression, error, value in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def program() -> str:
    """A program that prints the result of each row on a line: a number, or the name of the error."""
    text = HEAD
    for expression, _ in rows():
        # `hidden` is 0, and as module state no constant: the arithmetic happens at run time.
        shown = CONSTANT.sub(r"\1(\2 + hidden)", expression)
        text += f"    try:\n        print({shown})\n"
        for error in ("OverflowError", "ZeroDivisionError"):
            text += f'    except {error}:\n        print("{error}")\n'
    return text


def test_the_table_has_rows_of_every_kind() -> None:
    results = [result for _, result in rows()]
    assert len(results) >= 15
    assert {"OverflowError", "ZeroDivisionError", "-2", "254"} <= set(results)


def test_the_table_is_what_happens(tmp_path: Path) -> None:
    source = tmp_path / "table.py"
    source.write_text(program())
    command = [sys.executable, "-m", "atoll", "run", str(source)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr + answer.stdout
    assert list(zip([expression for expression, _ in rows()], answer.stdout.splitlines(), strict=True)) == rows()
