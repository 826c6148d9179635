"""What `atoll ps` prints: clusters, nodes and programs as text."""

from typing import Any

from atoll.cluster.blocked import state_name

SERIAL = 0xFFFF_FFFF                            # a pid's serial number; above it: node and incarnation
COLUMNS = f"    {'pid':>6} {'state':<10} {'cpu ms':>8} {'pages':>6} {'waits for':>9}  name"


def table(clusters: list[dict[str, Any]]) -> str:
    """All of them."""
    lines = []
    for cluster in clusters:
        lines.append(f"cluster {cluster['cluster']}: {seconds(cluster['time_ns'])} of virtual time")
        for node in cluster["nodes"]:
            lines += node_lines(node)
    return "\n".join(lines)


def node_lines(node: dict[str, Any]) -> list[str]:
    """A node and its programs."""
    lines = [f"  {node['name']}: {node['state']}, {seconds(node['time_ns'])}"]
    if "silent" in node:
        lines.append(f"    does not answer: {node['silent']}")
    if "programs" in node:
        lines += [COLUMNS, *map(program_line, node["programs"])]
    return lines


def program_line(program: dict[str, Any]) -> str:
    """One program."""
    state = state_name(program["thread_state"])
    return (
        f"    {program['pid'] & SERIAL:>6} {state:<10} {program['cpu_time'] / 1e6:>8.2f} {program['pages']:>6} "
        f"{program['waits_for'] or '':>9}  {program['name']}"
    )


def seconds(time_ns: int) -> str:
    """A time."""
    return f"{time_ns / 1e9:.3f} s"
