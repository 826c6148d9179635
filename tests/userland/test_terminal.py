"""The shell at a console: prompt, Ctrl-C, news of background jobs, a shell that ends, and servers that die under it."""

import pytest

from atoll.cluster.cluster import Cluster

PROMPT = "node1 / $ "


class Typist:
    """Somebody at the console of a node, the first of so many."""

    def __init__(self, nodes: int = 1) -> None:
        self.node = Cluster(nodes, seed=2, interactive=True)
        self.node.start()
        self.seen = 0

    def type(self, keys: str, seconds: float = 1.0) -> str:
        """Press keys, and see what has been printed some (virtual) time later, echo included."""
        self.node.feed(keys.encode())
        self.node.advance(seconds)
        new = self.node.console[self.seen :].decode().replace("\r\n", "\n")
        self.seen = len(self.node.console)
        return new


@pytest.fixture(scope="module")
def typist() -> Typist:
    """A node that has come to its prompt."""
    found = Typist()
    assert found.type("", 3).endswith(PROMPT)
    return found


def test_a_line_and_the_next_prompt(typist: Typist) -> None:
    assert typist.type("echo hello\n") == f"echo hello\nhello\n{PROMPT}"
    assert typist.type("\n") == f"\n{PROMPT}"


def test_the_prompt_says_where_we_are(typist: Typist) -> None:
    assert typist.type("cd /usr/../tmp/.\n") == "cd /usr/../tmp/.\nnode1 /tmp $ "
    assert typist.type("cd\n") == "cd\nnode1 /home $ "
    assert typist.type("cd /\n") == f"cd /\n{PROMPT}"


def test_ctrl_c_ends_the_programs_in_front_and_the_line(typist: Typist) -> None:
    assert typist.type("sleep 100 | cat; echo never\n").endswith("never\n")
    assert typist.type("\x03").endswith(PROMPT)
    assert typist.type("echo $?\n").endswith(f"\n130\n{PROMPT}")
    assert "sleep" not in typist.type("ps\n")


def test_ctrl_c_leaves_the_background_alone(typist: Typist) -> None:
    assert typist.type("sleep 3 &\n").startswith("sleep 3 &\n[1] ")
    typist.type("sleep 100\n", 0.5)
    assert typist.type("\x03", 0.5).endswith(PROMPT)
    typist.type("", 2)
    assert typist.type("\n") == f"\n[1] done  sleep 3\n{PROMPT}"


def test_the_input_is_the_programs_while_it_runs(typist: Typist) -> None:
    typist.type("cat > typed\n")
    typist.type("one\ntwo\n\x04")
    assert typist.type("cat typed; rm typed\n").endswith(f"\none\ntwo\n{PROMPT}")


def test_a_shell_in_the_shell_gives_ctrl_c_back(typist: Typist) -> None:
    assert typist.type("sh\n").endswith(PROMPT)
    assert typist.type("exit 3\n").endswith(PROMPT)
    assert typist.type("echo $?\n").endswith(f"\n3\n{PROMPT}")
    typist.type("sleep 100\n")
    assert typist.type("\x03").endswith(PROMPT)


def test_history(typist: Typist) -> None:
    typist.type("echo marked\n")
    rows = typist.type("history\n").splitlines()
    assert rows[-3].endswith("  echo marked")
    assert rows[-2].endswith("  history")


def test_a_shell_that_ends_is_started_again(typist: Typist) -> None:
    typist.type("X=1\n")
    typist.type("exit\n", 2)
    assert typist.type("echo [$X]\n").endswith(f"\n[]\n{PROMPT}")


@pytest.mark.parametrize("service", ["files", "pipe", "naming", "console"])
def test_a_service_that_dies_is_back_for_the_next_line(typist: Typist, service: str) -> None:
    typist.type(f"kill {service}\n", 3)
    assert typist.type("echo back | cat; ls /etc\n", 3).endswith(f"back\nmotd\n{PROMPT}")
    typist.type("sleep 100\n")
    assert typist.type("\x03").endswith(PROMPT)


def test_a_job_outlives_the_program_manager(typist: Typist) -> None:
    typist.type("sleep 4 &\n")
    typist.type("kill programs\n", 2)
    assert typist.type("wait; echo over\n", 5).endswith(f"\nover\n{PROMPT}")
