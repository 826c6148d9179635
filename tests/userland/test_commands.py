"""Shell and commands on a booted node: what each line prints, and its exit status."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.compiler.driver import compile_file
from atoll.images.userland import program_sources

USELESS = "--no-such-option"
FOLDER = "/tmp"  # of the node


@pytest.fixture(scope="module")
def node() -> Iterator[Cluster]:
    """One node for all tests of this file; each test works in files of its own."""
    with Cluster(seed=4) as cluster:
        assert cluster.run(f"cd {FOLDER}").status == 0
        yield cluster


def run(node: Cluster, line: str) -> tuple[int, str]:
    result = node.run(line)
    return result.status, result.output.replace("\r\n", "\n")


def lines(node: Cluster, line: str) -> list[str]:
    status, output = run(node, line)
    assert status == 0, output
    return output.splitlines()


# ---- each line, its status, what it prints ----

LINES = [
    # the shell
    ("echo hello world", 0, "hello world\n"),
    ("echo -n a; echo b", 0, "ab\n"),
    ("true && echo yes || echo no", 0, "yes\n"),
    ("false && echo yes || echo no", 0, "no\n"),
    ("false; echo $?", 0, "1\n"),
    ("X=5 Y='a  b'; echo $X \"$Y\" '$X' ${X}0", 0, "5 a  b $X 50\n"),
    ("N=1 env | grep '^N='; echo [$N]", 0, "N=1\n[]\n"),
    ("export E=2; env | grep '^E='; unset E; env | grep -c '^E='", 1, "E=2\n0\n"),
    ("nosuch", 127, "shell: nosuch: command not found\n"),
    ("./nosuch", 127, "shell: ./nosuch: no such program\n"),
    ("/etc/motd", 126, None),
    ("echo a |", 2, "shell: syntax error: column 8: a command is missing after |\n"),
    ("echo hi @node2", 126, "shell: @node2: there is no such node, only node1\n"),
    ("cat < /nope", 1, "shell: /nope: no such file or directory\n"),
    ("cd /nope", 1, "shell: cd: /nope: no such directory\n"),
    ("cd /usr/share; pwd; cd ..; pwd; cd /tmp", 0, "/usr/share\n/usr\n"),
    ("echo /etc/* /b?n '*' /nope/*", 0, "/etc/motd /bin * /nope/*\n"),
    ("exit 7", 7, ""),
    ("wait %9", 1, "shell: wait: %9: no such job\n"),
    ("shell -c 'echo in; exit 4'; echo $?", 0, "in\n4\n"),
    # redirections and pipes
    ("echo one > r; echo two >> r; cat < r", 0, "one\ntwo\n"),
    ("cat /nope 2> r; cat r", 0, "cat: /nope: no such file or directory\n"),
    ("ls /nope > r 2>&1; cat r", 0, "ls: /nope: no such file or directory\n"),
    ("seq 1000 | sort -rn | head -n 2 | tail -n 1", 0, "999\n"),
    ("cat /bin/shell | cat | cat | cmp - /bin/shell", 2, None),
    ("yes | head -n 2", 0, "y\ny\n"),
    ("nosuch | wc -l", 0, "shell: nosuch: command not found\n       0\n"),
    ("history | wc -l", 0, "       0\n"),
    ("echo x | tee t1 t2; cat t1 t2", 0, "x\nx\nx\n"),
    # filters
    ("seq 5 | wc", 0, "       5       5      10\n"),
    ("seq -2 2 2", 0, "-2\n0\n2\n"),
    ("seq 3 | head -n 1", 0, "1\n"),
    ("seq 12 | tail -n 2", 0, "11\n12\n"),
    ("seq 12 | sort | head -n 3", 0, "1\n10\n11\n"),
    ("seq 20 | grep -n 1.", 0, "".join(f"{n}:{n}\n" for n in range(10, 20))),
    ("echo Abc | grep -i aBC", 0, "Abc\n"),
    ("echo abc | grep '[x-z]'", 1, ""),
    ("grep '[a' /etc/motd", 2, "grep: [a: this [ has no ]\nusage: grep [-Fivnclq] PATTERN [FILE ...]\n"),
    ("echo b > u; echo b >> u; echo a >> u; uniq -c u", 0, "      2 b\n      1 a\n"),
    ("sort -u u", 0, "a\nb\n"),
    ("echo AB | hexdump", 0, "00000000  41 42 0a" + 13 * "   " + "   |AB.|\n"),
    # files
    ("mkdir d d/e; touch d/f; ls d; rmdir d", 1, "e\nf\nrmdir: d: the directory is not empty\n"),
    ("rm d", 1, "rm: d: is a directory (-r removes it)\n"),
    ("rm -r d; ls d", 1, "ls: d: no such file or directory\n"),
    ("rm -f d; echo $?", 0, "0\n"),
    ("mkdir s; echo a > s/x; ln -s x s/y; cp -r s c; ls c; cat c/y; rm -r s c", 0, "x\ny\na\n"),
    ("echo a > m1; mv m1 m2; cat m2; cat m1", 1, "a\ncat: m1: no such file or directory\n"),
    ("mkdir mm; mv m2 mm; ls mm; rm -r mm", 0, "m2\n"),
    ("echo a > l1; ln l1 l2; ls -l l2 | head -n 1 | grep -c ' 2 '", 0, "1\n"),
    ("cp l1 l1", 1, "cp: l1: source and target are the same file\n"),
    ("cmp l1 l2 && echo same", 0, "same\n"),
    ("echo b > l3; cmp l1 l3", 1, "l1 l3 differ: byte 1, line 1\n"),
    ("cat l1 /nope l1", 1, "a\ncat: /nope: no such file or directory\na\n"),
    ("du -b /etc/motd", 0, "        4096  /etc/motd\n"),
    ("sync", 0, ""),
    # the system
    ("sleep 0.25; echo $?", 0, "0\n"),
    ("kill 99999", 1, "kill: 99999: no such program\n"),
    ("kill nosuch", 1, None),
    ("man nosuch", 1, "man: nosuch: there is no page of that name (`help` lists them)\n"),
    ("man true", 0, "true: do nothing, with success.\n\nusage: true\n"),
    ("swap naming /nope", 1, "swap: /nope: no such file or directory\n"),
    ("example root /etc/motd /nope", 1, "example: /nope: no such file or directory\n0 lines contain root\n"),
    ("hello you", 0, None),
]


@pytest.mark.parametrize(("line", "status", "output"), LINES, ids=[line for line, _, _ in LINES])
def test_a_line(node: Cluster, line: str, status: int, output: str | None) -> None:
    found = run(node, line)
    assert found == (status, found[1] if output is None else output)


@pytest.mark.parametrize("name", [source.stem for source in program_sources()])
def test_every_program_has_a_page_that_says_how_it_is_called(node: Cluster, name: str) -> None:
    page = lines(node, f"man {name}")
    assert page[0].startswith(f"{name}: ")
    assert any(line.startswith(f"usage: {name}") for line in page)


WITHOUT_OPTIONS = {"echo", "true", "false", "hello", "ticks", "seq", "shell"}


@pytest.mark.parametrize("name", [source.stem for source in program_sources() if source.stem not in WITHOUT_OPTIONS])
def test_a_mistake_shows_the_usage_of_the_page(node: Cluster, name: str) -> None:
    status, output = run(node, f"{name} {USELESS}")
    assert status == 2
    complaint, usage = output.splitlines()
    assert complaint == f"{name}: there is no option {USELESS}"
    assert usage in lines(node, f"man {name}")


# ---- what changes from run to run ----


def test_the_list_of_programs(node: Cluster) -> None:
    head, *rows = lines(node, "ps")
    assert head.split()[:6] == ["node", "pid", "from", "gen", "pri", "state"]
    names = [row.split()[-1] for row in rows]
    assert "ps" in names
    assert "shell" in names


def test_top_shows_once(node: Cluster) -> None:
    head, columns, *rows = lines(node, "top -n 1")
    assert head.startswith("up ")
    assert columns.split()[0] == "pid"
    assert any(row.endswith("top") for row in rows)


def test_names_services_and_figures(node: Cluster) -> None:
    names = [line.split()[-1] for line in lines(node, "names")]
    assert {"/", "/services/naming", "/services/shell"} <= set(names)
    states = {line.split()[-1]: line for line in lines(node, "services")[1:]}
    assert "serving" in states["files"]
    assert [line.split()[0] for line in lines(node, "free")[1:4]] == ["machine", "programs", "swap"]
    assert lines(node, "uptime")[0].startswith("up ")
    assert lines(node, "df")[1].endswith("/")
    assert lines(node, "date")[0].endswith(" UTC")
    assert lines(node, "date -s")[0].isdigit()
    assert "ls: the names in directories, sorted (at a terminal in columns), or of files." in lines(node, "help")


def test_details_of_a_file(node: Cluster) -> None:
    lines(node, "echo abc > details; ln -s details link")
    (row,) = lines(node, "ls -l details")
    assert row.startswith("-rw-r--r--   1     0     0         4 20")
    (row,) = lines(node, "ls -l link")
    assert row.startswith("lrwxrwxrwx")
    assert row.endswith(" link -> details")
    shown = dict(line.strip().split(": ", 1) for line in lines(node, "stat details"))
    assert shown["mode"] == "-rw-r--r-- (0644)"
    assert shown["size"] == "4 bytes in 8 sectors of 512"


def test_jobs_in_the_background(node: Cluster) -> None:
    assert lines(node, "sleep 1000 &")[0].startswith("[1] ")
    (row,) = lines(node, "jobs")
    assert row.endswith(" running  sleep 1000")
    pid = row.split()[1]
    assert run(node, f"kill {pid}; wait %1") == (137, "")
    assert lines(node, "jobs") == []
    begin = node.time_ns
    lines(node, "sleep 2 & sleep 1 & wait")
    assert 2 * 10**9 <= node.time_ns - begin < 3 * 10**9


def test_a_script(node: Cluster) -> None:
    lines(node, "echo '# a comment' > script")
    lines(node, "echo 'echo $0 $1 $# \"$@\"' >> script")
    lines(node, "echo 'false || exit 3' >> script")
    lines(node, "echo 'echo never' >> script")
    assert run(node, "sh script 'a b' c") == (3, "script a b 2 a b c\n")
    assert run(node, "echo 'echo piped; exit 5' | sh") == (5, "piped\n")
    assert run(node, "sh /nope") == (127, "shell: /nope: no such file or directory\n")


@pytest.mark.parametrize(
    ("how", "last"),
    [
        ("index", "IndexError: index 8 is out of range for length 8"),
        ("none", "AttributeError"),
        ("overflow", "OverflowError"),
        ("division", "ZeroDivisionError"),
        ("assert", "AssertionError: the table is empty"),
        ("error", "Broken: on purpose"),
    ],
)
def test_a_crash_shows_a_traceback(node: Cluster, how: str, last: str) -> None:
    status, output = run(node, f"crash {how}")
    assert status == 1
    assert output.startswith("Traceback (most recent call last):\n")
    assert 'File "userland/programs/crash.py"' in output
    assert output.splitlines()[-1].startswith(last)


@pytest.mark.parametrize("how", ["stack", "pointer", "privileged"])
def test_a_fault_shows_a_traceback(node: Cluster, how: str) -> None:
    status, output = run(node, f"crash {how}")
    assert status != 0
    assert "Traceback (most recent call last):" in output
    assert "userland/programs/crash.py" in output


def test_the_editor(node: Cluster) -> None:
    commands = [
        "a", "first line", "second line", "third", ".", "2", "s/second/2nd/", "1,2n", "/third/d", "$a",
        "end & more", ".", "%s/e/E/g", "=", "w edited", "q",
    ]  # fmt: skip
    lines(node, "rm -f commands")
    for command in commands:
        lines(node, f"echo '{command}' >> commands")
    status, output = run(node, "edit < commands")
    assert status == 0
    assert "    1  first line\n    2  2nd line\n" in output
    assert "edited: 3 lines written" in output
    assert lines(node, "cat edited") == ["first linE", "2nd linE", "End & morE"]


def test_the_editor_warns(node: Cluster) -> None:
    status, output = run(node, "echo x | edit")
    assert (status, output) == (0, "* ? no such command; h lists them\n* ")
    lines(node, "echo a > c; echo x >> c; echo . >> c; echo q >> c; echo q >> c")
    assert "? not written yet: w writes, q again (or q!) leaves it" in run(node, "edit < c")[1]


def test_a_large_directory_and_a_large_file(node: Cluster) -> None:
    lines(node, "mkdir many; cd many; seq 60 > numbers")
    for number in range(0, 60, 10):
        lines(node, "touch " + " ".join(f"n{number + index}" for index in range(10)))
    assert lines(node, "ls n* | wc -l") == ["      61"]
    lines(node, "cd /tmp; rm -r many")
    lines(node, "cat /bin/shell /bin/shell /bin/shell > large")
    size = int(lines(node, "wc -c large")[0].split()[0])
    assert size == 3 * int(lines(node, "wc -c /bin/shell")[0].split()[0])


def test_nothing_is_left_behind(node: Cluster) -> None:
    """Programs that have ended leave no process; the shell keeps no handle of theirs."""
    before = lines(node, "ps")
    for _ in range(20):
        run(node, "seq 10 | sort | head -n 1 > out; nosuch; cat < out")
    after = lines(node, "ps")
    assert [row.split()[-1] for row in after] == [row.split()[-1] for row in before]


TOUR = """\
2003 lines, 18911 bytes copied, 18911 there
d leads to c, which has 2003 lines; a directory: True
tour: the directory is not empty
a c d gone: True
/usr/share/man man /usr/share / / b
/a
apple pear plum
yes
status 9
status 44
no such program
done
"""


def test_a_tour_of_the_library(node: Cluster) -> None:
    source = Path(__file__).parent / "programs" / "tour.py"
    put_file(node, compile_file(source, "program", cache=Cache()), f"{FOLDER}/library-tour")
    assert run(node, "./library-tour") == (5, TOUR)
