"""The whole system through the command line's own pieces: lines, files over the wire, swaps, power cuts, a terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.cluster.batch import STUCK_STATUS, Output, run_lines, split_commands
from atoll.cluster.cluster import Cluster
from atoll.cluster.monitor import COMMANDS, MonitorError, duration
from atoll.compiler.cache import Cache
from atoll.images.system import build_system
from atoll.images.system_disk import system_disk
from tests.cluster.terminal import Terminal


@pytest.fixture(scope="session")
def booted(cache: Cache) -> tuple[Cluster, bytes]:
    """The system at its prompt, and that as a saved state."""
    cluster = Cluster(seed=7, image=build_system(command_line="quiet", cache=cache), disk=system_disk(cache=cache))
    cluster.start()
    cluster.run("true")
    return cluster, cluster.save()


@pytest.fixture
def system(booted: tuple[Cluster, bytes]) -> Iterator[Cluster]:
    """The system as it was then."""
    cluster, state = booted
    cluster.restore(state)
    yield cluster
    cluster.engine.watch = lambda: None


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A program that is not on the disk."""
    file = tmp_path / "answer.py"
    file.write_text(
        '"""answer: for a test."""\n\nfrom atoll.abi.types import i64\n'
        "from atoll.userland.runtime.startup import argument\n\n\n"
        'def main() -> i64:\n    print(f"you said {argument(0)}")\n    return 42\n'
    )
    return file


# ---- lines ----
def test_lines_have_output_and_status(system: Cluster) -> None:
    assert system.run("echo one two").output == "one two\n"
    assert system.run("false").status == 1
    assert system.run("echo three | wc").output.split() == ["1", "1", "6"]


def test_the_same_seed_gives_the_same_run(booted: tuple[Cluster, bytes]) -> None:
    cluster, state = booted
    figures = []
    for _ in range(2):
        cluster.restore(state)
        cluster.run("ls /bin > /usr/list; sort /usr/list | wc")
        figures.append((cluster.stats(), cluster.console))
    assert figures[0] == figures[1]


def test_the_status_of_lines_is_the_last_ones(system: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    lines = ["# a comment", "", "false", "!advance 5ms", "!no-such-thing", "echo end"]
    assert run_lines(system, lines, Output(system)) == 0
    output, messages = capfd.readouterr()
    assert re.fullmatch(r"\d\.\d+ s of virtual time\nend\n", output)
    assert messages == "atoll: !no-such-thing: there is no monitor command no-such-thing; `help` lists them\n"
    assert run_lines(system, ["echo x", "!advance never"], Output(system)) == 1


def test_a_line_that_never_ends_tells_where_processes_wait(
    system: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_lines(system, ["sleep 1000", "echo not reached"], Output(system), limit=3.0) == STUCK_STATUS
    output, messages = capfd.readouterr()
    assert output == ""
    assert "sleep 1000: /services/shell: no answer by 3." in messages
    assert re.search(r"^sleep +sleeping", messages, re.MULTILINE)


def test_commands_are_separated_outside_quotes() -> None:
    assert split_commands("a; b 'c;d' \"e;f\" g\\;h;;") == ["a", " b 'c;d' \"e;f\" g\\;h", "", ""]


# ---- the monitor ----
def test_files_go_both_ways(system: Cluster, tmp_path: Path) -> None:
    data = bytes(range(256)) * 300
    (tmp_path / "there").write_bytes(data)
    assert system.monitor(f"!put {tmp_path}/there /usr/x") == "76,800 bytes to /usr/x\n"
    assert system.run("cp /usr/x /usr/y").status == 0
    system.monitor(f"get /usr/y {tmp_path}/back")
    assert (tmp_path / "back").read_bytes() == data


def test_a_program_from_its_source(system: Cluster, source: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_lines(system, [f"!run {source} 'two words'"], Output(system)) == 42
    assert capfd.readouterr().out == "you said two words\n"


@pytest.mark.parametrize("name", ["naming", "network"])
def test_a_server_is_swapped_from_its_source(system: Cluster, repository: Path, name: str) -> None:
    """The shell's variables and the host's sessions outlive it."""
    system.run("X=kept")
    for version in (1, 2):
        begin = len(system.console)
        system.monitor(f"swap {name} {repository}/servers/{name}/main.py")
        assert f"{name}: version {version}, ".encode() in system.console[begin:]
        assert system.run("echo $X").output == "kept\n"


def test_what_the_monitor_refuses(system: Cluster, tmp_path: Path) -> None:
    for line, message in (
        ("nonsense", "there is no monitor command nonsense"), ("put one", "usage: put HOST GUEST"),
        ("put /nowhere/x /usr/x", "No such file"), (f"run {tmp_path}/none.py", "there is no such file"),
        ("advance 'unclosed", "No closing quotation"),
    ):  # fmt: skip
        with pytest.raises(MonitorError, match=message):
            system.monitor(line)
    assert system.monitor("") == ""


def test_help_names_every_command(system: Cluster) -> None:
    text = system.monitor("help")
    assert [line.split()[0] for line in text.splitlines()] == list(COMMANDS)


def test_times() -> None:
    assert [duration(text) for text in ("2s", "150ms", "1.5", "3m")] == [2.0, 0.15, 1.5, 180.0]
    for text in ("", "s", "-1s", "2 weeks"):
        with pytest.raises(MonitorError):
            duration(text)


def test_what_was_put_survives_a_power_cut(system: Cluster, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("written before the cut\n")
    system.monitor(f"put {tmp_path}/note /home/note")
    system.run("X=lost")
    system.monitor("crash")
    system.monitor("start")
    assert system.run("cat /home/note; echo [$X]").output.endswith("written before the cut\n[]\n")


# ---- a terminal ----
def test_a_terminal(booted: tuple[Cluster, bytes], cache: Cache, repository: Path) -> None:
    """The prompt, a command, the monitor, and the terminal as it was. (`booted`: everything is compiled already.)"""
    with Terminal("boot", folder=repository, environment={"ATOLL_CACHE": str(cache.directory.parent)}) as terminal:
        terminal.expect(b"Ctrl-] opens the monitor")
        terminal.expect(b"$ ")
        terminal.press(b"echo he''llo\n")
        terminal.expect(b"\nhello")
        terminal.press(b"\x1d")
        terminal.expect(b"monitor> ")
        terminal.press(b"stats\n")
        terminal.expect(b'"instructions"')
        terminal.press(b"\x1d")
        terminal.expect(b"monitor> ")
        terminal.press(b"quit\n")
        assert terminal.finish() == 0
