"""`program @node` at the shell, and the one space of processes: pipelines, redirections, jobs, ps, kill, wait."""

import re

import pytest

from tests.remote.system import System

LINES = [
    ("where @node2", 0, "2\n"),
    ("where @node1", 0, "1\n"),
    ("N=node3; where @$N", 0, "3\n"),
    ("cat node @node2 | wc -c @node3", 0, "       6\n"),
    ("echo to a file > made @node2; cat made", 0, "to a file\n"),
    ("echo to a file @node2 > made; cat < made @node3", 0, "to a file\n"),
    ("cat nope @node2 2>&1 | grep -c nope", 0, "1\n"),
    ("false @node2 || echo failed", 0, "failed\n"),
    ("cd /bin; ls true @node2", 0, "true\n"),
    ("cat /nodes/node2/tmp/node /nodes/node1/tmp/node /nodes/node3/tmp/node @node2", 0, "node2\nnode1\nnode3\n"),
    ("echo a@b @node2 c '@node2'", 0, "a@b @node2 c @node2\n"),
    ("echo @", 0, "@\n"),
    ("sh script @node2", 0, "node1 1 2\n"),
    ("nosuch @node2", 127, "shell: nosuch: command not found\n"),
    ("./nosuch @node2", 127, "shell: ./nosuch: no such program\n"),
    ("/etc/motd @node2", 126, "shell: /etc/motd: not an ELF file\n"),
    ("where @node9", 126, "shell: @node9: there is no such node, only node1, node2, node3\n"),
    ("cd / @node2", 2, "shell: cd: the shell does this itself, on its own node\n"),
    ("at node2", 2, "shell: usage: at NODE PROGRAM [ARGUMENT ...]\n"),
    ("where @*:speed=5000", 126, "shell: @*:speed=5000: no node has 5000 MHz: the fastest has 1000, node2\n"),
    ("where @*:disk=1", 126, "shell: @*:disk=1: disk: only memory=MIB and speed=MHZ can be required\n"),
    ("where @*:memory=much", 126, "shell: @*:memory=much: memory=much: not a number\n"),
]  # fmt: skip


@pytest.fixture(scope="module")
def node(booted: System) -> System:
    """One state for all lines; each works in files of its own."""
    booted.restore()
    assert booted.run("echo 'where; where @node2' > script; echo 'echo $NODE $1 $2' > script")[0] == 0
    return booted


@pytest.mark.parametrize(("line", "status", "output"), LINES, ids=[line for line, _, _ in LINES])
def test_line(node: System, line: str, status: int, output: str) -> None:
    node.run("cd /tmp")
    assert node.run(line.replace("script", "script 1 2")) == (status, output)


def test_what_is_missing(node: System) -> None:
    status, output = node.run("where @*:memory=4096")
    assert status == 126
    found = re.fullmatch(r"shell: @\*:memory=4096: no node has 4096 MiB: the most is (\d+) on node2\n", output)
    assert found and 240 < int(found[1]) <= 256     # the kernel's own is not counted


@pytest.mark.parametrize("way", ["index", "pointer"])
def test_a_traceback_comes_home(system: System, way: str) -> None:
    status, output = system.run(f"crash {way} @node2")
    assert status == 1
    assert output.startswith("Traceback") and "userland/programs/crash.py" in output
    assert "Traceback" not in system.console("node2")


def test_one_space_of_processes(system: System) -> None:
    assert system.run("sleep 1000 @node2 &")[1].startswith("[1] 2.")
    pid = system.programs()["sleep"]
    assert pid.startswith("2.")
    for node in ("node1", "node2", "node3"):
        assert system.programs(node)["sleep"] == pid
    assert "sleep" not in system.programs("node1", "-l")
    assert system.programs("node1", "node2")["sleep"] == pid
    assert "running  sleep 1000" in system.lines("jobs")[0]
    assert system.run(f"kill {pid}", "node3") == (0, "")
    assert system.run("wait %1") == (137, "")
    assert "sleep" not in system.programs()


def test_waiting_for_a_program_of_another_node(system: System) -> None:
    system.run("sleep 3 &", "node2")
    pid = system.programs()["sleep"]
    assert system.run(f"wait {pid}") == (0, "")
    assert system.run("wait %1", "node2") == (0, "")        # its starter is told as well; then nobody knows it any more
    assert "sleep" not in system.programs()
    assert system.run(f"wait {pid}") == (1, f"shell: wait: {pid}: no such job\n")
    assert system.run(f"kill {pid}") == (1, f"kill: {pid}: no such program\n")


def test_several_wait_for_one_program(system: System) -> None:
    """Its starter, a shell of another node, and another shell of its starter's node: each is told of its end."""
    system.run("echo 'wait $1; echo waited $?' > /tmp/waiting; cp /tmp/waiting /nodes/node3/tmp")
    system.run("sleep 1000 @node2 &")
    pid = system.programs()["sleep"]
    system.run(f"sh /tmp/waiting {pid} > /tmp/here & at node3 sh /tmp/waiting {pid} > /tmp/there & sleep 3")
    assert system.run(f"kill -s 7 {pid}", "node3") == (0, "")
    assert system.run("wait %1") == (7, "")
    assert system.run("wait; cat /tmp/here /tmp/there") == (0, "waited 7\nwaited 7\n")
    assert "sleep" not in system.programs()


def test_what_at_runs_belongs_to_its_node(system: System) -> None:
    """Its own node, and those that it sees, are that node's."""
    here, there = system.lines("ps node2 node3"), system.lines("at node3 ps node2 node3")
    assert [line.split()[:2] for line in here] == [line.split()[:2] for line in there if " ps" not in line]
    system.run("sleep 1000 &", "node2")
    pid = system.programs()["sleep"]
    assert system.run(f"at node2 kill {pid.split('.')[1]}") == (0, "")
    assert system.run("wait %1", "node2") == (137, "")


def test_ps_and_kill_of_nodes_that_are_not_there(system: System) -> None:
    assert system.run("ps node9")[1].endswith("ps: node9: there is no such node\n")
    assert system.run("kill 9.1") == (1, "kill: 9.1: there is no node 9\n")
    system.cluster.monitor("crash node3")
    started = system.cluster.time_ns
    assert system.run("ps")[1].splitlines()[-1] == "ps: node3: this node has fallen silent"
    assert system.cluster.time_ns - started < 5 * 10**9     # no longer than its failure takes to be noticed
    system.cluster.advance(2)
    assert system.run("ps")[0] == 0
    assert system.run("ps node3") == (1, system.run("ps node3")[1])
    assert system.run("kill 3.1") == (1, "kill: 3.1: node3 is down\n")
    assert system.run("where @node3") == (126, "shell: @node3: this node is down\n")


def test_nothing_is_left_behind(system: System) -> None:
    """Neither programs nor memory, on either node."""
    def left() -> list[list[str]]:
        return [system.lines("free", node)[:-1] for node in ("node1", "node2")]

    for _ in range(3):      # what is kept for the next time is there then
        system.run("where @node2; echo x @node2 | cat @node3; nosuch @node2; /etc/motd @node2")
    before = left()
    for _ in range(5):
        system.run("where @node2; echo x @node2 | cat @node3; nosuch @node2; /etc/motd @node2")
    assert left() == before
