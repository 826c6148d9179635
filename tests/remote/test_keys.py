"""Ctrl-C at the console of one node, while what is in front runs on another."""

from tests.userland.test_terminal import PROMPT, Typist


def test_ctrl_c_ends_what_runs_on_another_node() -> None:
    typist = Typist(2)
    assert typist.type("", 3).endswith(PROMPT)
    typist.type("sleep 100 @node2 &\n")
    assert typist.type("sleep 200 @node2 | cat; echo never\n").endswith("never\n")
    assert typist.type("\x03").endswith(PROMPT)
    assert typist.type("echo $?\n").endswith(f"\n130\n{PROMPT}")
    rows = [row.split() for row in typist.type("ps\n").splitlines()]
    assert [row[1][:2] for row in rows if "sleep" in row] == ["2."]        # the one in the background lives
