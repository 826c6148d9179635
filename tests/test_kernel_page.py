"""docs/kernel.md: its tables are those that the sources make."""

import importlib.util
from pathlib import Path
from types import ModuleType

from atoll.abi.calls import Call, Status

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "kernel.md"


def script() -> ModuleType:
    """docs/calls_page.py, which is in no package."""
    found = importlib.util.spec_from_file_location("calls_page", REPOSITORY / "docs" / "calls_page.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert script().made(page) == page, "run python docs/calls_page.py"


def test_every_call_and_status_is_in_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for member in (*Call, *Status):
        assert f"`{member.name}`" in page


def test_every_call_says_what_it_does() -> None:
    made = script()
    handlers = made.handlers()
    for call in Call:
        if call is not Call.NOTHING:
            assert made.said(handlers[call], call.name), f"the kernel's function for {call.name} has no docstring"


def test_every_file_of_the_kernel_is_named() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## How it works")[0]
    for file in (REPOSITORY / "kernel").glob("*.py"):
        if file.stem not in ("__init__", "refusal"):
            assert f"`{file.stem}`" in table
