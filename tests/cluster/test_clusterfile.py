"""Cluster files: the ready ones work, what is not said has a default, and what is wrong is told with its key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.cluster.cluster import Cluster
from atoll.cluster.clusterfile import ClusterFileError, load, parse
from atoll.cluster.plan import NodePlan, star
from atoll.images.recipe import Image
from atoll.net.wire import Medium

READY = ("one", "three", "eight", "slow-and-fast", "two-switches", "drifting", "with-qemu")
HERE = Path()


def node(name: str, more: str = "") -> str:
    return f'[[nodes]]\nname = "{name}"\n{more}\n'


@pytest.mark.parametrize("name", READY)
def test_the_ready_ones(repository: Path, name: str) -> None:
    plan = load(repository / "images" / "clusters" / f"{name}.toml")
    assert plan.nodes[0] == NodePlan("node1", 64 if name == "eight" else 128, drift=200 if name == "drifting" else 0)
    assert {file.stem for file in (repository / "images" / "clusters").iterdir()} == set(READY)


def test_three_nodes_are_what_nodes_3_makes(repository: Path) -> None:
    nodes = tuple(NodePlan(f"node{number}") for number in (1, 2, 3))
    assert load(repository / "images/clusters/three.toml") == star(nodes)


def test_what_is_not_said_is_taken_over() -> None:
    text = "[node]\nspeed = 500\ndrift = -3\n[link]\nlatency = 7.5\n"
    text += node("a", "drift = 4") + node("b", 'memory = 64\ndisk = "b.img"')
    text += '[[links]]\nbetween = ["a", "switch1"]\nbandwidth = 10\n'
    plan = parse(text, Path("folder"))
    assert plan.nodes == (NodePlan("a", 128, 500, drift=4), NodePlan("b", 64, 500, Path("folder") / "b.img", -3))
    assert [(link.ends, link.medium) for link in plan.topology.links] == [
        (("a", "switch1"), Medium(10_000_000, 7_500)), (("b", "switch1"), Medium(1_000_000_000, 7_500)),
    ]  # fmt: skip


def test_two_switches_boot(repository: Path, node_image: Image) -> None:
    """The far nodes answer later by the line between the rooms, there and back."""
    plan = load(repository / "images/clusters/two-switches.toml")
    with Cluster(plan=plan, image=node_image) as cluster:
        times = []
        for name in ("node1", "node4"):
            cluster.call("/services/echo", (1, 2, 3, 4), node=name)
            before = cluster.time_ns
            cluster.call("/services/echo", (1, 2, 3, 4), node=name)
            times.append(cluster.time_ns - before)
        assert 1_000_000 < times[1] - times[0] < 1_050_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ]\n", "this is not TOML: .*line 1"),
        ("", "nodes: this key is missing"),
        ("nodes = []", "nodes: list should have at least 1 item"),
        (node("a", "speed = 5"), r"nodes\[1\]\.speed: input should be greater than or equal to 10, not 5"),
        (node("a") + node("b", 'memory = "big"'), r"nodes\[2\]\.memory: input should be a valid integer, not 'big'"),
        (node("a", "drift = 1001"), r"nodes\[1\]\.drift: input should be less than or equal to 1000, not 1001"),
        (node("a", "drift = 0.5"), r"nodes\[1\]\.drift: input should be a valid integer, not 0.5"),
        (node("a", "cpu = 1"), r"nodes\[1\]\.cpu: there is no such key here; there are disk, drift, machine"),
        ("color = 1\n" + node("a"), r"color: there is no such key here; there are link, links, node, nodes, patience"),
        (node("a", 'disk = "d"') + node("b", 'disk = "./d"'), r"nodes\[2\]\.disk: ./d is a's already: each .* its own"),
        (node("A b"), r"nodes\[1\]\.name: a name is a small letter, .*, not 'A b'"),
        ("[link]\nlatency = 0\n" + node("a"), r"link\.latency: input should be greater than 0, not 0"),
        (node("host"), "host is the name of the host's station"),
        (node("a") + node("a"), "a is there twice"),
        (node("a") + '[[links]]\nbetween = ["a", "b"]', r"links\[1\]\.between: link a-b: there is no .* switch b"),
        (node("a") + 'switches = ["s"]', r"nodes\[1\]\.switches: there is no such key here"),
        ('switches = ["s"]\n' + node("a"), r"switches\[1\]: this must be a table, not 's'"),
        ("nodes = 3", "nodes: this must be a list of tables, not 3"),
        (node("a") + "[[links]]\nqueue = 3", r"links\[1\]\.between: this key is missing"),
        (node("a") + '[[switches]]\nname = "s"\n[[switches]]\nname = "t"', "links: a has 0 links"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(text: str, message: str) -> None:
    with pytest.raises(ClusterFileError, match=message):
        parse(text, HERE)


def test_all_mistakes_are_told_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(node("a", "speed = 5\nmemory = 1"))
    with pytest.raises(ClusterFileError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [str(file), "nodes[1].memory"], [str(file), "nodes[1].speed"],
    ]  # fmt: skip
    with pytest.raises(ClusterFileError, match="No such file"):
        load(tmp_path / "none.toml")


VALUES = st.recursive(
    st.integers(-5, 300) | st.sampled_from(["a", "b", "switch1"]) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "speed"]), inner, max_size=2),
    max_leaves=5,
)
KEYS = st.sampled_from(["name", "memory", "speed", "disk", "between", "latency", "queue", "zzz"])


@given(st.dictionaries(st.sampled_from(["node", "link", "nodes", "links", "switches"]),
                       st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3) | VALUES))  # fmt: skip
def test_anything_is_a_plan_or_an_honest_error(tables: dict[str, object]) -> None:
    try:
        parse(as_toml(tables), HERE)
    except ClusterFileError as error:
        assert str(error) and "pydantic" not in str(error)


def as_toml(value: object) -> str:
    """Tables as a text, all inline."""
    return "".join(f"{key} = {inline(entry)}\n" for key, entry in value.items()) if isinstance(value, dict) else ""


def inline(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(entry)}" for key, entry in value.items()) + "}"
    return str(value)
