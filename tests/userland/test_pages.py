"""Manual pages, the texts that programs begin with: they fit a terminal, and `help` shows their first lines."""

from pathlib import Path

import pytest

from atoll.images.userland import manual_page, program_sources

COLUMNS = 80


@pytest.mark.parametrize("source", program_sources(), ids=lambda source: source.stem)
def test_a_page_fits_a_terminal(source: Path) -> None:
    lines = manual_page(source).decode().splitlines()
    assert lines[0].startswith(f"{source.stem}: ")
    assert any(line.startswith(f"usage: {source.stem}") for line in lines)
    assert [line for line in lines if len(line) > COLUMNS] == []
