"""Where each process of a node waits, for whoever asks why nothing happens: told by the node's program manager."""

from atoll.abi.objects import ThreadState
from atoll.cluster.cluster import Cluster, ClusterError
from atoll.cluster.programs import Program, programs
from atoll.net.station import CallError


def where_processes_wait(cluster: Cluster) -> str:
    """A table as text; if the node cannot even say that, that."""
    from atoll.userland.runtime.interface import ServiceError

    try:
        found = programs(cluster)
    except (CallError, ClusterError, ServiceError) as error:
        return f"where its processes wait, the node does not say: {error}"
    return "\n".join(["process                          state      waits for process", *map(describe, found)])


def describe(program: Program) -> str:
    """One process."""
    return f"{program.name:<32} {state_name(program.thread_state):<10} {program.waits_for or ''}".rstrip()


def state_name(thread_state: int) -> str:
    """What the first thread of a process does."""
    try:
        return ThreadState(thread_state).name.lower()
    except ValueError:
        return f"state {thread_state}"
