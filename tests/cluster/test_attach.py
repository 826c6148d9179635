"""`atoll attach`, `ps`, `swap` and `monitor` beside a booted cluster of two nodes, at pseudo-terminals."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atoll.compiler.cache import Cache
from tests.cluster.terminal import Terminal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def environment(cache: Cache, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where these tests' clusters are found, by these tests only."""
    return {"ATOLL_CACHE": str(cache.directory.parent), "XDG_RUNTIME_DIR": str(tmp_path_factory.mktemp("run"))}


@pytest.fixture(scope="module")
def atoll(environment: dict[str, str], repository: Path) -> Run:
    """A function that runs a command to its end: status, output, messages."""

    def run(*words: object) -> tuple[int, str, str]:
        process = subprocess.run(
            [sys.executable, "-m", "atoll", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, cwd=repository, env=os.environ | environment,
        )  # fmt: skip
        return process.returncode, process.stdout, process.stderr

    return run


@pytest.fixture(scope="module")
def open_terminal(environment: dict[str, str], repository: Path) -> Callable[..., Terminal]:
    """A function that runs a command at a terminal of its own."""
    return lambda *words: Terminal(*words, folder=repository, environment=environment)


@pytest.fixture
def boot(open_terminal: Callable[..., Terminal]) -> Iterator[Terminal]:
    """Two nodes, booted."""
    with open_terminal("boot", "--nodes", "2", "--name", "pair") as terminal:
        terminal.expect(b"this is node1's console; in another terminal, `atoll attach node2`")
        terminal.expect(b"node1 / $ ")
        yield terminal


def quit_boot(boot: Terminal) -> None:
    """By the monitor."""
    boot.press(b"\x1d")
    boot.expect(b"monitor> ")
    boot.press(b"quit\n")
    assert boot.finish() == 0


def test_a_console_in_another_terminal(boot: Terminal, open_terminal: Callable[..., Terminal], atoll: Run) -> None:
    """Both ways, for two who watch; also while the first terminal has the monitor open; and after one has left."""
    with open_terminal("attach", "node2") as attached, open_terminal("attach", "node2") as watcher:
        for terminal in (attached, watcher):
            terminal.expect(b"the console of node2, cluster pair; Ctrl-] leaves it as it is")
            terminal.expect(b"node2 / $ ")
        attached.press(b"WORD=ki''ngfisher\r")
        attached.press(b"echo a$WORD\r")
        for terminal in (attached, watcher):
            terminal.expect(b"\nakingfisher")
        boot.press(b"\x1d")
        boot.expect(b"monitor> ")
        watcher.press(b"echo b$WORD\r")
        for terminal in (attached, watcher):
            terminal.expect(b"\nbkingfisher")
        boot.press(b"\n")
        attached.press(b"\x1d")
        attached.expect(b"node2 goes on without you")
        assert attached.finish() == 0
        watcher.press(b"echo c$WORD\r")
        watcher.expect(b"\nckingfisher")
        assert atoll("monitor", "crash", "node2")[0] == 0
        watcher.expect(b"node2 is off")
        assert atoll("monitor", "start node2")[0] == 0
        watcher.expect(b"node2 is on")
        watcher.expect(b"node2 / $ ")           # it boots, and we are still there
        boot.press(b"echo d''one\r")
        boot.expect(b"\ndone")                  # node1 has not noticed anything
        quit_boot(boot)
        watcher.expect(b"cluster pair has ended")
        assert watcher.finish() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_the_terminal_as_it_was(
    boot: Terminal, open_terminal: Callable[..., Terminal], number: signal.Signals
) -> None:
    with open_terminal("attach", "node1") as attached:
        attached.expect(b"node1 / $ ")
        attached.press(b"\x03")                 # Ctrl-C is a key for the node
        attached.press(b"echo s''till\r")
        attached.expect(b"\nstill")
        attached.process.send_signal(number)
        assert attached.finish() == 128 + number
    with open_terminal("attach", "node1") as attached:
        attached.expect(b"still")               # what stands on the console is shown
        boot.process.kill()
        attached.expect(b"has ended, without a word")
        assert attached.finish() == 2


def test_ps(boot: Terminal, atoll: Run) -> None:
    status, output, _ = atoll("ps")
    lines = output.splitlines()
    assert status == 0 and lines[0].startswith("cluster pair: ")
    assert [line.split(":")[0] for line in lines if line.startswith("  node")] == ["  node1", "  node2"]
    assert sum(line.endswith(" shell") for line in lines) >= 2
    assert atoll("monitor", "crash node2")[0] == 0
    [told] = json.loads(atoll("ps", "--json")[1])
    assert [(node["name"], node["state"], "programs" in node) for node in told["nodes"]] == [
        ("node1", "on", True), ("node2", "off", False)
    ]  # fmt: skip
    assert "shell" in {program["name"] for program in told["nodes"][0]["programs"]}
    quit_boot(boot)
    assert atoll("ps") == (0, "no cluster is running: `atoll boot` at a terminal starts one\n", "")


def test_a_swap(boot: Terminal, atoll: Run, tmp_path: Path) -> None:
    """It waits for the outcome, and its exit status tells it; a node is named, or it is the terminal's."""
    status, output, messages = atoll("swap", "files", "servers/files/main.py", "--node", "node2")
    assert (status, messages) == (0, "") and "files: version 1, pause" in output
    status, output, _ = atoll("swap", "files", "servers/files/main.py")
    assert status == 0 and "files: version 1, pause" in output      # node1's first
    status, output, messages = atoll("swap", "nonesuch", "servers/files/main.py")
    assert status != 0 and "nonesuch" in output
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def main() -> None:\n    nothing()\n")
    status, output, messages = atoll("swap", "files", wrong)
    assert (status, output) == (1, "") and "wrong.py:2" in messages
    assert atoll("monitor", "--", "run", "userland/programs/hello.py")[0] == 0


def test_what_is_refused(boot: Terminal, atoll: Run) -> None:
    for words, message in (
        (("attach", "node3"), "there is no node node3; there are node1, node2"),
        (("attach", "node1", "--cluster", "other"), "there is no running cluster other; there are pair"),
        (("swap", "files", "nofile.py"), "nofile.py"),
        (("ps", "--cluster", "other"), "there is no running cluster other"),
        (("boot", "--name", "batch", "-c", "true"), "a run of lines is repeatable"),
    ):
        status, output, messages = atoll(*words)
        assert (status, output) == (2, "") and message in messages


@pytest.mark.parametrize(
    "words", [("attach", "node1"), ("swap", "files", "servers/files/main.py"), ("monitor", "help")]
)
def test_no_cluster(atoll: Run, words: tuple[str, ...]) -> None:
    status, output, messages = atoll(*words)
    assert (status, output) == (2, "") and "no cluster is running" in messages
