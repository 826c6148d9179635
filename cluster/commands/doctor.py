"""`atoll doctor`: what this machine has and lacks, with the line that mends each lack."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

import typer

SPECIFICATION = re.compile(r"^([A-Za-z0-9_.-]+)\s*([^;\[]*)(?:;\s*extra\s*==\s*['\"](\w+)['\"])?")
IMPORT_NAMES = {"pyelftools": "elftools", "python-pcapng": "pcapng"}
OLDEST_PYTHON = (3, 11)
SYSTEM_FOLDERS = os.pathsep.join(["/usr/sbin", "/sbin"])        # where mke2fs is, outside ordinary users' PATH
WEIGHTS = {"ok": "[green]ok      [/]", "missing": "[red]MISSING [/]", "optional": "[yellow]optional[/]"}


@dataclass(frozen=True)
class Tool:
    """A program that something optional stands on."""

    command: str
    package: str                                # the Debian package that has it
    purpose: str
    minimum: str = ""


TOOLS = (
    Tool("qemu-system-riscv64", "qemu-system-misc", "`atoll qemu`, and the tests that compare with it", "7.0"),
    Tool("gdb-multiarch", "gdb-multiarch", "debugging a guest; tests that read its DWARF lines"),
    Tool("readelf", "binutils", "tests that judge the ELF files"),
    Tool("mke2fs", "e2fsprogs", "making and checking guest disks"),
    Tool("tshark", "tshark", "reading captures of the virtual Ethernet"),
    Tool("make", "make", "`make boot`, `make test`"),
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    state: Literal["ok", "missing", "optional"]
    name: str
    found: str
    mend: str = ""


def doctor() -> None:
    """Check Python, the libraries and the optional tools, and say the mend for each that is missing."""
    from rich.console import Console
    from rich.markup import escape

    findings = [*check_python(), *check_libraries(), *check_engines(), *check_cache(), *check_tools()]
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        console.print(f"{WEIGHTS[finding.state]} {finding.name:20} {escape(finding.found)}")
        if finding.mend:
            console.print(f"{'':9}mend: {escape(finding.mend)}")
    lacking = sum(finding.state == "missing" for finding in findings)
    if lacking:
        console.print(f"\n{lacking} required thing{'s are' if lacking > 1 else ' is'} missing: Atoll cannot work here.")
        raise typer.Exit(1)
    console.print("\nAtoll works here.")


def check_python() -> Iterator[Finding]:
    """The interpreter itself."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding("ok", "Python", version)
    else:
        yield Finding("missing", "Python", f"{version}, needed: 3.11 or newer", "apt-get install python3.11")


def check_libraries() -> Iterator[Finding]:
    """Every distribution that Atoll's own metadata names; those of the `dev` extra are optional."""
    for requirement in metadata.requires("atoll") or []:
        match = SPECIFICATION.match(requirement)
        if match:
            name, wanted, extra = match[1], match[2].strip(), match[3]
            yield check_library(name, wanted, f"tests and lint ({extra})" if extra else "")


def check_library(name: str, wanted: str, purpose: str = "") -> Finding:
    """One distribution: there, of a version in the range `wanted` (as ">=1.2,<2"), and importable."""
    lacking: Literal["missing", "optional"] = "optional" if purpose else "missing"
    mend = f"{sys.executable} -m pip install '{name}{wanted}'"
    note = f" (for {purpose})" if purpose else ""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(lacking, name, f"not installed, needed: {wanted or 'any version'}{note}", mend)
    if not version_fits(version, wanted):
        return Finding(lacking, name, f"{version}, needed: {wanted}{note}", mend)
    if not purpose:
        try:
            importlib.import_module(IMPORT_NAMES.get(name, name))
        except (ImportError, OSError) as error:
            return Finding(lacking, name, f"{version} does not load: {error}", f"{mend} --force-reinstall")
    return Finding("ok", name, version)


def version_fits(version: str, wanted: str) -> bool:
    """Whether `version` satisfies a list such as ">=2.1.4,<3" (the two comparisons that Atoll's metadata uses)."""
    for clause in filter(None, (clause.strip() for clause in wanted.split(","))):
        bound = release(clause.lstrip("<>="))
        if clause.startswith(">=") and release(version) < bound:
            return False
        if clause.startswith("<") and release(version) >= bound:
            return False
    return True


def release(version: str) -> tuple[int, ...]:
    """The numbers at the front of a version: "7.2.11 (Debian)" -> (7, 2, 11)."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def check_engines() -> Iterator[Finding]:
    """Whether the two big libraries were built with RISC-V in them: not every distribution's are."""
    if _has_llvm_target():
        yield Finding("ok", "LLVM for riscv64", "there")
    else:
        yield Finding("missing", "LLVM for riscv64", "llvmlite has no riscv64 target",
                      f"{sys.executable} -m pip install --force-reinstall --no-cache-dir llvmlite")
    if _has_unicorn_cpu():
        yield Finding("ok", "Unicorn for riscv64", "there")
    else:
        yield Finding("missing", "Unicorn for riscv64", "unicorn has no RISC-V CPU",
                      f"{sys.executable} -m pip install --force-reinstall --no-cache-dir unicorn")


def _has_llvm_target() -> bool:
    try:
        from llvmlite import binding

        binding.initialize_all_targets()
        binding.Target.from_triple("riscv64-unknown-none-elf")
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def _has_unicorn_cpu() -> bool:
    try:
        from unicorn import UC_ARCH_RISCV, UC_MODE_RISCV64, Uc, UcError
    except (ImportError, OSError):
        return False
    try:
        Uc(UC_ARCH_RISCV, UC_MODE_RISCV64)
    except UcError:
        return False
    return True


def check_cache() -> Iterator[Finding]:
    """Whether compiled images can be kept."""
    from atoll.compiler.cache import cache_directory

    directory = cache_directory()
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK):
        yield Finding("ok", "image cache", str(directory))
    else:
        yield Finding("optional", "image cache", f"{directory} cannot be written (everything is compiled each time)",
                      "export ATOLL_CACHE=a folder that you can write")


def check_tools() -> Iterator[Finding]:
    """The optional programs."""
    return (check_tool(tool) for tool in TOOLS)


def check_tool(tool: Tool) -> Finding:
    """One program: there, and new enough."""
    mend = f"apt-get install {tool.package}"
    path = find_tool(tool.command)
    if path is None:
        return Finding("optional", tool.command, f"not installed (for {tool.purpose})", mend)
    version = tool_version(path)
    if tool.minimum and release(version) < release(tool.minimum):
        return Finding("optional", tool.command, f"{version}, tested from {tool.minimum} (for {tool.purpose})", mend)
    return Finding("ok", tool.command, version)


def find_tool(command: str) -> str | None:
    """The path of a program; looks where the administrator's programs are, too."""
    return shutil.which(command) or shutil.which(command, path=SYSTEM_FOLDERS)


def tool_version(path: str) -> str:
    """The first thing that looks like a version in what the program says of itself."""
    for option in ("--version", "-V"):
        try:
            answer = subprocess.run([path, option], capture_output=True, text=True, errors="replace", timeout=20,
                                    check=False, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            continue
        match = re.search(r"\d+\.\d+(?:\.\d+)*", answer.stdout + answer.stderr)
        if match and answer.returncode == 0:
            return match[0]
    return "version unknown"
