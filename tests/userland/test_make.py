"""make on one node: what is run, in which order, and when nothing is."""

from collections.abc import Iterator

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file

RULES = """
# a program of two parts
all: prog
prog: a.o b.o
  cat a.o b.o > prog
a.o: a.c common.h
  cat common.h a.c > a.o
b.o: b.c common.h
\tcat common.h b.c > b.o
broken: a.c
  false
  echo never
loop: pool
  echo loop
pool: loop
  echo pool
orphan: nothing.c
  echo orphan
clean:
  rm prog a.o b.o
"""
A, B, PROG = "cat common.h a.c > a.o", "cat common.h b.c > b.o", "cat a.o b.o > prog"


@pytest.fixture
def node() -> Iterator[Cluster]:
    with Cluster(seed=4) as cluster:
        put_file(cluster, RULES.encode(), "/tmp/Makefile")
        assert cluster.run("cd /tmp; echo a > a.c; echo b > b.c; echo h > common.h").status == 0
        yield cluster


def make(node: Cluster, line: str = "", status: int = 0) -> list[str]:
    result = node.run(f"make {line}")
    assert result.status == status, result.output
    return result.output.splitlines()


def test_what_is_older_than_its_sources_is_made(node: Cluster) -> None:
    assert make(node, "-n") == [A, B, PROG]
    assert make(node) == [A, B, PROG]
    assert node.run("cat prog").output.split() == ["h", "a", "h", "b"]
    assert make(node) == ["all is up to date"]
    node.run("echo B > b.c")                                # within a second of the last run: nanoseconds count
    assert make(node, "prog") == [B, PROG]
    assert make(node, "prog a.o") == ["prog is up to date", "a.o is up to date"]
    node.run("touch common.h")
    assert make(node) == [A, B, PROG]
    node.run("rm a.o")
    assert make(node) == [A, PROG]
    assert make(node, "clean") == ["rm prog a.o b.o"]
    assert node.run("cat prog").status == 1


def test_what_cannot_be_made_is_told(node: Cluster) -> None:
    assert make(node, "broken", 1) == ["false", "make: broken: status 1"]
    assert make(node, "orphan", 1) == ["make: nothing.c: there is no such file, and no rule to make it"]
    assert make(node, "loop", 1) == ["make: loop: it is made from itself"]
    assert make(node, "-f none", 1) == ["make: none: no such file or directory"]
    for text, message in (("x", "line 1: `target: sources` is wanted, or a blank before a command"),
                          (" echo", "line 1: a command before the first rule"),
                          ("a:b\na:c", "line 2: there is a rule for this target already"),
                          ("# nothing", "there is no rule"),
                          ("a:\n" + " true\n" * 9, "line 10: a rule has at most 8 commands")):  # fmt: skip
        put_file(node, text.encode(), "/tmp/bad")
        assert make(node, "-f bad", 1) == [f"make: bad: {message}"]
