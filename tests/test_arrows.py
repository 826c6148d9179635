"""Who may know whom (docs/design): every import in the tree goes along an allowed arrow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import atoll

PACKAGE = Path(atoll.__file__).parent
GUEST = {"abi", "kernel", "servers", "userland"}
HOST = {"compiler", "machine", "net", "cluster", "images"}
STANDARD = {"__future__", "collections.abc", "dataclasses", "enum", "typing"}      # all that guest code may have of it
# What abi's types and raw memory are in CPython: never compiled for the guest, so these may use the standard library.
IN_CPYTHON = {"abi.types", "abi.raw"}

# Guest folder -> what of atoll its modules may import, besides their own folder.
ALLOWED = {
    "abi": (),
    "kernel": ("abi", "userland.runtime"),
    "servers": ("abi", "userland.runtime"),
    "userland": ("abi",),
    "userland.runtime": ("abi",),
    "benchmarks.programs": ("abi", "userland"),
}


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that a tree imports, with the names taken from it (`a.b` for `from a import b`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level + (node.module or "")
            else:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_imports(module: str, source: str) -> list[str]:
    """What `module` (its name below atoll, as "kernel.trap") imports and must not."""
    wrong = []
    for name in imports(ast.parse(source)):
        if name.startswith("."):
            wrong.append(f"{module}: relative import {name}")
        elif name.startswith("atoll."):
            if not may_know(module, name.removeprefix("atoll.")):
                wrong.append(f"{module}: {name}")
        elif is_guest(module) and not {name, name.rpartition(".")[0]} & (STANDARD | beside(module)):
            wrong.append(f"{module}: {name} is not guest code")
    return wrong


def beside(module: str) -> set[str]:
    """A program that is compiled by itself names the files beside it by their names alone."""
    if not module.startswith("benchmarks.programs."):
        return set()
    return {file.stem for file in (PACKAGE / "benchmarks" / "programs").glob("*.py")}


def in_folder(module: str, folders: set[str]) -> bool:
    return module.split(".", maxsplit=1)[0] in folders or module.startswith("benchmarks.programs.")


def is_guest(module: str) -> bool:
    """Whether the compiler reads it."""
    return in_folder(module, GUEST) and module not in IN_CPYTHON and not module.startswith("abi.cpython.")


def may_know(module: str, other: str) -> bool:
    """Whether there is an arrow from `module` to `other`; the host may know all of the guest's contract and itself."""
    if not in_folder(module, GUEST):
        # Machine and compiler are below the rest of the host: they know neither cluster nor images.
        below = module.split(".", maxsplit=1)[0] in {"compiler", "machine", "net"}
        return not (below and other.split(".", maxsplit=1)[0] in {"cluster", "images"})
    folder = max((name for name in ALLOWED if module.startswith(f"{name}.")), key=len)
    theirs = other.split(".")
    # Servers are known through their interfaces, and know all of themselves.
    if theirs[0] == "servers" and folder in {"servers", "userland", "benchmarks.programs"}:
        own = module.split(".")[1] if folder == "servers" else None
        return theirs[1] == own or theirs[2:3] == ["interface"]
    return any(other == name or other.startswith(f"{name}.") for name in (folder, *ALLOWED[folder]))


def modules() -> list[tuple[str, Path]]:
    files = [file for folder in sorted(GUEST | HOST | {"benchmarks"}) for file in (PACKAGE / folder).rglob("*.py")]
    return [(".".join(file.relative_to(PACKAGE).with_suffix("").parts), file) for file in files]


def test_every_import_follows_an_arrow() -> None:
    wrong = [line for module, file in modules() for line in wrong_imports(module, file.read_text(encoding="utf-8"))]
    assert not wrong, "\n".join(wrong)


def test_every_folder_is_looked_at() -> None:
    found = {module.split(".")[0] for module, _ in modules()}
    assert {"abi", "kernel", "userland", "compiler", "machine", "cluster", "images"} <= found


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("kernel.trap", "from atoll.compiler import driver"),
        ("kernel.trap", "import atoll.machine.board"),
        ("kernel.trap", "from atoll.servers.naming.interface import Naming"),
        ("kernel.trap", "from atoll.userland.programs import hello"),
        ("kernel.trap", "import os"),
        ("kernel.trap", "from os import path"),
        ("kernel.trap", "from . import memory"),
        ("abi.calls", "from atoll.kernel import trap"),
        ("abi.calls", "import ctypes"),
        ("abi.cpython.memory", "from atoll.compiler import driver"),
        ("abi.calls", "from atoll.userland.runtime import text"),
        ("userland.programs.hello", "from atoll.kernel import trap"),
        ("userland.programs.hello", "def f():\n    from atoll.kernel import trap"),
        ("userland.programs.hello", "from atoll.servers.naming import table"),
        ("userland.library.files", "from atoll.servers.files.paths import find"),
        ("userland.runtime.text", "from atoll.servers.files.interface import Files"),
        ("userland.runtime.text", "from atoll.userland.programs import hello"),
        ("servers.files.main", "from atoll.servers.naming.table import Table"),
        ("servers.files.main", "from atoll.kernel import trap"),
        ("benchmarks.programs.sieve", "import time"),
        ("userland.programs.hello", "import loops"),
        ("machine.board", "from atoll.cluster import session"),
        ("compiler.driver", "from atoll.images import recipe"),
    ],
)
def test_a_forbidden_import_is_found(module: str, line: str) -> None:
    assert wrong_imports(module, line)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("kernel.trap", "from atoll.abi.types import u64"),
        ("kernel.trap", "from atoll.kernel import memory"),
        ("kernel.trap", "from atoll.userland.runtime import text"),
        ("kernel.trap", "from dataclasses import dataclass\nfrom typing import TYPE_CHECKING"),
        ("abi.raw", "import ctypes"),
        ("userland.programs.hello", "from atoll.userland.runtime.text import put_text"),
        ("servers.files.main", "from atoll.servers.naming.interface import Naming"),
        ("userland.library.files", "from atoll.servers.files.interface import Files"),
        ("machine.board", "from atoll.abi import board\nimport os"),
        ("benchmarks.programs.sieve", "import loops\nfrom support import begin"),
        ("cluster.cli", "import typer\nfrom atoll.machine.board import Board"),
    ],
)
def test_an_allowed_import_is_not_found(module: str, line: str) -> None:
    assert not wrong_imports(module, line)
