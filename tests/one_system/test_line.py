"""The line that a newcomer tries first, by the command itself, in this process."""

import re

from typer.testing import CliRunner

from atoll.cluster.cli import app

LINE = "nodes; hello @node2; hello @*; ps"
GREETING = """\
Hello, world!
  square    3 x 3 =   9
  rectangle 4 x 6 =  24
  triangle  5 x 4 =  10
  together           43
  figure 1 covers 24 squares
  no figure covers 25 squares
The squares of 1 to 10 add up to 385, in hexadecimal 0x181.
A third of that is 128.333.
"""
NODES = r"""number state     since starts     clock  memory    free  name
     1 up            0      1  1000 MHz    123M +\d+M  node1
     2 up            0      1  1000 MHz    123M +\d+M  node2
     3 up            0      1  1000 MHz    123M +\d+M  node3
"""
PROGRAMS = r"""node          pid     from gen pri state      cpu time memory waits for    name
node1         1\.1        -   0  16 receiving +\d+ us +\d+K -            shell
node1         1\.\d      1\.1   0  16 calling +\d+ us +\d+K -            ps
node2         2\.1        -   0  16 receiving +\d+ us +\d+K -            shell
node3         3\.1        -   0  16 receiving +\d+ us +\d+K -            shell
"""


def test_three_nodes() -> None:
    result = CliRunner().invoke(app, ["boot", "--nodes", "3", "--seed", "1", "-c", LINE])
    assert result.exit_code == 0, result.output
    nodes, *greetings = result.stdout.replace("\r\n", "\n").partition(GREETING + GREETING)
    assert re.fullmatch(NODES, nodes), nodes
    assert re.fullmatch(PROGRAMS, greetings[1]), result.stdout
    assert "node3: 128 MiB, 1000 MHz, a fresh disk, which is not kept" in result.stderr


def test_what_there_is_not() -> None:
    result = CliRunner().invoke(app, ["boot", "--nodes", "2", "--seed", "1", "-c", "hello @node3"])
    assert result.exit_code == 126
    assert "shell: @node3: there is no such node, only node1, node2" in result.stdout
