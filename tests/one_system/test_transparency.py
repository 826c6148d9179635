"""One program, the same output byte for byte: its services local, some or all remote, or remote over bad links."""

import pytest

from tests.one_system.nodes import Nodes, spoil

INPUT = "seq 3 | "
HERE = "transcript /tmp /name '' -"
# Where the program runs, and which services are another node's.
REMOTE = {
    "all at home, the program elsewhere": "transcript /tmp /name '' - @node2",
    "all of another node": "transcript /nodes/node2/tmp /nodes/node2/name /nodes/node2 node2",
    "each of another": "transcript /nodes/node3/tmp /cluster/name /nodes/node2 node3 @node2",
    "its own node's, by the long way": "transcript /nodes/node2/tmp /nodes/node2/name /nodes/node2 node2 @node2",
}
ONE = {
    "files": "transcript /nodes/node2/tmp /name '' -",
    "names": "transcript /tmp /nodes/node2/name '' -",
    "names of the cluster": "transcript /tmp /cluster/name '' -",
    "pipes and time": "transcript /tmp /name /nodes/node2 -",
    "programs": "transcript /tmp /name '' node2",
}
EXPECTED = """\
large: 100000 bytes, offset 100000
large: the same True, at the end 0
part: 9 bytes, fifty, then 52
shorter: 60
renamed while open: 60, 60, 1
no such file: no such file or directory
exclusive: there is one already
a directory: is a directory
not a directory: not a directory
appended: 68
"""
NEEDED = ("taken\n", "removed\n", "not there\n", "input: 3\n", "status: 9, again 9", "ended: 44\n", "IndexError",
          "piped: 4000 lines, 14893 bytes, status 0\n", "nobody reads\n", "no such program\n")


@pytest.fixture(scope="module")
def local(booted: Nodes) -> str:
    """What it prints where everything is local."""
    booted.restore()
    status, output = booted.run(f"{INPUT}{HERE}")
    assert status == 6 and output.startswith(EXPECTED), output
    for text in NEEDED:
        assert text in output, output
    return output


@pytest.mark.parametrize("where", [*ONE, *REMOTE])
def test_remote(booted: Nodes, local: str, where: str) -> None:
    """One after another in the same state: the program leaves nothing behind."""
    assert booted.run(INPUT + (ONE | REMOTE)[where]) == (6, local)


def over_bad_links(nodes: Nodes, local: str, seed: int, where: str) -> None:
    """The same, although frames are lost, come twice, late or damaged."""
    print(f"seed {seed}")
    network = nodes.cluster.engine.network
    spoil(nodes.cluster, seed)
    assert nodes.run(INPUT + REMOTE[where]) == (6, local)
    links = network.stats()["links"]
    assert all(links["node2-switch1"][what] > 0 for what in ("lost", "doubled")), links
    network.heal()


@pytest.mark.parametrize(
    ("seed", "where"), [(1, "all at home, the program elsewhere"), (2, "each of another"), (3, "all of another node")]
)
def test_remote_over_bad_links(nodes: Nodes, local: str, seed: int, where: str) -> None:
    over_bad_links(nodes, local, seed, where)


@pytest.mark.long
@pytest.mark.parametrize("where", REMOTE)
@pytest.mark.parametrize("seed", range(10, 30))
def test_remote_over_bad_links_with_many_seeds(nodes: Nodes, local: str, seed: int, where: str) -> None:
    over_bad_links(nodes, local, seed, where)
