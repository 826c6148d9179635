"""The table of docs/remote-execution.md: which calls of a remote program go home, and which stay where it runs."""

from tests.remote.system import System

CALLS = """\
runs: node 2, home 1
arguments: 1 two words
environment: node1 set
files: node1
directory: /home
child: node 1, status 0
child @node3: node 3, status 0
thread: 42
machine: True 1
slept: True
year: 2030
"""
THE_YEAR_2030 = 1_900_000_000 * 10**9


def test_each_kind_of_call(system: System) -> None:
    from atoll.servers.time.interface import Time

    system.cluster.client(Time, "/services/time", "node1").set(THE_YEAR_2030)
    status, output = system.run("cd /home; X=set calls 'two words' @node2")
    head, _, refusal = output.partition("memory: ")
    assert head == CALLS
    assert refusal == "a handle of that kind cannot cross the wire\n"
    assert status == 7
    assert system.lines("cat /home/made") == ["made by calls"]
    assert system.run("cat /home/made", "node2")[0] == 1
    assert any("/services/calls" in line for line in system.lines("names"))
    assert not any("/services/calls" in line for line in system.lines("names", "node2"))


def test_the_same_program_at_home(system: System) -> None:
    status, output = system.run("calls x")
    assert output.splitlines()[0] == "runs: node 1, home 0"
    assert "machine: False 1" in output.splitlines()
    assert status == 7


def test_remote_service_is_of_the_other_node(system: System) -> None:
    assert system.lines("cat node") == ["node1"]
    assert system.lines("cat node @node2") == ["node1"]
    assert system.lines("at node2 cat /tmp/node") == ["node2"]
    assert "NODE=node2" in system.lines("X=1 at node2 env")
    assert "X=1" in system.lines("X=1 at node2 env")
    assert system.run("at node2 where") == (127, "shell: where: command not found on node2\n")
    assert system.run("at node2 cat node")[0] == 1      # its working directory is /
    assert system.lines("echo through | at node2 cat | wc -l") == ["       1"]
