"""Cluster files: TOML that says which nodes, switches and links there are. Format: docs/clusters.md.

What is wrong is told with the key it stands at, and what to write instead; all of it, not the first only.
"""

import os.path
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from atoll.cluster.plan import HOST, MOST_NODES, Machine, NodePlan, Plan
from atoll.machine.config import MOST_DRIFT
from atoll.net.network import Link, Topology, TopologyError
from atoll.net.wire import Medium

ONLY_SWITCH = "switch1"  # of a file that names none
QEMU_PATIENCE = 5
MEGABIT = 1_000_000
MICROSECOND = 1_000

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
INSTEAD = {
    "extra_forbidden": "there is no such key here",
    "missing": "this key is missing",
    "model_type": "this must be a table",
    "list_type": "this must be a list of tables",
    "string_pattern_mismatch": "a name is a small letter, then at most 30 small letters, digits or -",
}


class ClusterFileError(Exception):
    """A cluster file that cannot be used; the text says where and what to write."""


class Section(BaseModel):
    """What all tables of the file have in common: no unknown keys, no guessing between kinds of values."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LinkKind(Section):
    """What a link is made of."""

    bandwidth: float = Field(default=1000, gt=0, le=1e6, description="Mb/s")
    latency: float = Field(default=10, gt=0, le=1e7, description="microseconds")
    queue: int = Field(default=1024, ge=1, le=1_000_000, description="frames that may wait for it")

    @property
    def medium(self) -> Medium:
        """As the network wants it."""
        return Medium(round(self.bandwidth * MEGABIT), round(self.latency * MICROSECOND), self.queue)


class LinkTable(LinkKind):
    """`[[links]]`: two ends and what is between them; what is not said is as in `[link]`."""

    between: tuple[Name, Name]


class NodeKind(Section):
    """What a node is made of."""

    memory: int = Field(default=128, ge=32, le=65536, description="MiB")
    speed: int = Field(default=1000, ge=10, le=100_000, description="MHz")
    drift: int = Field(default=0, ge=-MOST_DRIFT, le=MOST_DRIFT, description="by how many millionths its clock is fast")
    machine: Machine = Field(default="atoll", description="what runs it: our own machine, or QEMU, in real time")


class NodeTable(NodeKind):
    """`[[nodes]]`: a node; what is not said is as in `[node]`. `disk`: a file that is kept, beside the cluster file."""

    name: Name
    disk: str | None = None


class SwitchTable(Section):
    """`[[switches]]`."""

    name: Name


class File(Section):
    """The whole file."""

    patience: int | None = Field(default=None, ge=1, le=1000, description="times the network's time-outs")
    node: NodeKind = NodeKind()
    link: LinkKind = LinkKind()
    nodes: list[NodeTable] = Field(min_length=1, max_length=MOST_NODES)
    switches: list[SwitchTable] = Field(default=[SwitchTable(name=ONLY_SWITCH)], min_length=1)
    links: list[LinkTable] = []


def load(path: Path) -> Plan:
    """The cluster that a file describes. Raises ClusterFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterFileError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return parse(text, path.parent)
    except ClusterFileError as error:
        raise ClusterFileError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None


def parse(text: str, folder: Path) -> Plan:
    """The cluster of a file's text; disks are beside the file, in `folder`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ClusterFileError(f"this is not TOML: {error}") from None
    try:
        file = File.model_validate(inherited(tables))
    except ValidationError as error:
        raise ClusterFileError("\n".join(dict.fromkeys(map(told, error.errors())))) from None
    check_disks(file.nodes)
    plan = Plan(tuple(node_of(node, folder) for node in file.nodes), topology_of(file), patience_of(file))
    if HOST in (*plan.topology.stations, *plan.topology.switches):
        raise ClusterFileError(f"nodes or switches: {HOST} is the name of the host's station; choose another")
    try:
        plan.with_host().check()
    except TopologyError as error:
        place = "" if error.link is None else f"[{error.link + 1}].between"
        raise ClusterFileError(f"links{place}: {error}") from None
    return plan


def check_disks(nodes: list[NodeTable]) -> None:
    """No two nodes write to one disk."""
    owners: dict[str, str] = {}
    for place, node in enumerate(nodes, 1):
        if node.disk is not None and owners.setdefault(os.path.normpath(node.disk), node.name) != node.name:
            owner = owners[os.path.normpath(node.disk)]
            raise ClusterFileError(f"nodes[{place}].disk: {node.disk} is {owner}'s already: each node has its own")


def inherited(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables, with what each node and link takes over from `[node]` and `[link]`; pydantic checks what came out."""
    filled = dict(tables)
    for kind, plural in (("node", "nodes"), ("link", "links")):
        common, entries = tables.get(kind), tables.get(plural)
        if isinstance(common, dict) and isinstance(entries, list):
            filled[plural] = [{**common, **entry} if isinstance(entry, dict) else entry for entry in entries]
    for entry in filled.get("links", []) if isinstance(filled.get("links"), list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("between"), list):
            entry["between"] = tuple(entry["between"])  # TOML has no tuples
    return filled


def node_of(table: NodeTable, folder: Path) -> NodePlan:
    """A node as the cluster wants it."""
    disk = None if table.disk is None else folder / table.disk
    return NodePlan(table.name, table.memory, table.speed, disk, table.drift, table.machine)


def patience_of(file: File) -> int:
    """What the file says; QEMU's time is not ours, and a host that has much to do makes it jump."""
    if file.patience is not None:
        return file.patience
    return QEMU_PATIENCE if any(node.machine == "qemu" for node in file.nodes) else 1


def topology_of(file: File) -> Topology:
    """The network. Nodes that no link names are at the only switch, if there is only one."""
    links = [Link(link.between, link.medium) for link in file.links]
    named = {end for link in links for end in link.ends}
    if len(file.switches) == 1:
        medium, switch = file.link.medium, file.switches[0].name
        links += [Link((node.name, switch), medium) for node in file.nodes if node.name not in named]
    nodes, switches = ((entry.name for entry in entries) for entries in (file.nodes, file.switches))
    return Topology(tuple(nodes), tuple(switches), tuple(links))


def told(error: Any) -> str:
    """One of pydantic's errors as a line: the key as in the file, what is wrong, what is possible."""
    key = ""
    for part in error["loc"]:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if key else str(part)
    text = INSTEAD.get(error["type"], error["msg"][:1].lower() + error["msg"][1:])
    line = f"{key}: {text}"
    if error["type"] not in ("missing", "extra_forbidden"):
        line += f", not {error['input']!r}" if not isinstance(error["input"], dict | list) else ""
    elif error["type"] == "extra_forbidden":
        line += f"; there are {', '.join(keys_at(error['loc']))}"
    return line


def keys_at(place: tuple[Any, ...]) -> list[str]:
    """The keys of the table in which one was wrong."""
    tables: dict[str, type[Section]] = {
        "node": NodeKind, "link": LinkKind, "nodes": NodeTable, "switches": SwitchTable, "links": LinkTable,
    }  # fmt: skip
    table = tables.get(str(place[0]), File) if len(place) > 1 else File
    return sorted(table.model_fields)
