"""The judges: mke2fs makes images, debugfs fills and reads them, e2fsck says whether they are sound."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = ("mke2fs", "debugfs", "e2fsck", "dumpe2fs")
PLACES = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def tool(name: str) -> str:
    """The path of one of e2fsprogs' tools, or the test is skipped."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        if os.environ.get("ATOLL_REQUIRE_JUDGES"):
            pytest.fail(f"{name} is missing: install e2fsprogs")
        pytest.skip(f"{name} is missing: install e2fsprogs")
    return found


def run(name: str, *arguments: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of the tools."""
    environment = {**os.environ, "MKE2FS_CONFIG": "/dev/null", "DEBUGFS_PAGER": "cat"}
    command = [tool(name), *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environment, check=False)


def make(path: Path, size: int, block_size: int = 1024, *options: str) -> bytes:
    """An image as `mke2fs -t ext3` makes it; size in KiB."""
    default = ("-O", "has_journal,ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file")
    path.unlink(missing_ok=True)
    done = run("mke2fs", "-q", "-F", "-t", "ext3", *default, "-b", str(block_size), *options, path, f"{size}k")
    assert done.returncode == 0, done.stderr
    return path.read_bytes()


def debugfs(path: Path, *commands: str, write: bool = False) -> str:
    """Let debugfs run commands on an image; what it printed."""
    done = run("debugfs", *(["-w"] if write else []), "-f", "-", path, text="\n".join(commands) + "\n")
    assert done.returncode == 0, done.stderr
    return done.stdout


def complaints(path: Path, image: bytes | None = None) -> str:
    """What `e2fsck -fn` finds wrong; empty if nothing."""
    if image is not None:
        path.write_bytes(image)
    done = run("e2fsck", "-fn", path)
    return "" if done.returncode == 0 else f"e2fsck -fn: {done.returncode}\n{done.stdout}{done.stderr}"


def repair(path: Path, image: bytes) -> None:
    """Let `e2fsck -fy` replay the journal."""
    path.write_bytes(image)
    done = run("e2fsck", "-fy", path)
    assert done.returncode in (0, 1), f"e2fsck -fy: {done.returncode}\n{done.stdout}{done.stderr}"
