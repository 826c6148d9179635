"""`atoll bench cluster`: calls between nodes against what the wire itself takes, and what nodes cost the host.

Calls are timed by the nodes' own clocks, the same in every round: measured once. Booting, running and memory are the
host's.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from atoll.abi import wire
from atoll.benchmarks.node import MICRO, Measurement, run_program
from atoll.benchmarks.report import Report, Result, Samples
from atoll.cluster.cluster import Cluster
from atoll.cluster.engine import AnyNode
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.images.recipe import compile_file
from atoll.images.strip import stripped
from atoll.net.wire import Medium

PROGRAMS = Path(__file__).parent / "programs"
SERVICE = "/services/target"  # benchmarks/programs/target.py
LINKS = {"10_mbit": Medium(10_000_000), "1_gbit": Medium(1_000_000_000)}
HOPS = 2  # links between two nodes
WIRE_FACTOR = 1.5  # that a call may take of the wire's least time, besides the CPU's
CALLS = 200
BULK = {"10_mbit": 2, "1_gbit": 25}  # calls of 64 KiB by each of four threads
BOOTS = {1: 1.0, 3: 2.0, 8: 4.0}  # nodes: seconds wanted
SIZES = (1, 3, 8, 32)  # nodes
SETTLE_SECONDS = 5.0  # virtual; after so long all clocks are in step, and nobody looks for anybody
IDLE_SECONDS = 5.0
BUSY_NODE_SECONDS = 0.4  # of all nodes together
WARM_SECONDS = 0.002  # of the loops, before they are timed
START_SECONDS = 0.1  # virtual, for each program that is started before all begin
SECOND, MILLISECOND = 1_000_000_000, 1_000_000  # nanoseconds
MEMORY = """
import os, sys
from atoll.cluster.cluster import Cluster
with Cluster(nodes=int(sys.argv[1])) as cluster:
    for node in cluster.nodes:
        cluster.run("true", node=node.name)
    with open("/proc/self/statm") as file:
        print(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
"""


def measure(rounds: int, report: Report) -> list[Result]:
    """All figures; what is counted exactly is measured once."""
    samples = Samples()
    with Cluster() as cluster:
        cluster.run("true")  # what must be compiled is compiled here
    steps: list[tuple[str, Callable[[], None]]] = [
        (f"calls over {name}", lambda name=name: measure_calls(samples, name)) for name in LINKS  # type: ignore[misc]
    ]
    steps += [("calls in a node", lambda: measure_local(samples)), ("memory", lambda: measure_memory(samples))]
    steps += [("booting", lambda: measure_boots(samples))] * rounds
    steps += [(f"{size} nodes", lambda size=size: measure_running(samples, size)) for size in SIZES]  # type: ignore[misc]
    for place, (name, step) in enumerate(steps):
        report(name, place, len(steps))
        step()
    return results(samples)


# ---- calls ----


def measure_calls(samples: Samples, name: str) -> None:
    """Of a program of one node to a service of another, over links of a kind."""
    medium = LINKS[name]
    with Cluster(nodes=2, medium=medium) as cluster:
        start_program(cluster, cluster.nodes[1], "cluster_target")
        wait_for_names(cluster)
        found = run_program(cluster, "cluster_calls", f"/nodes/node2{SERVICE} {CALLS} {BULK[name]}")
    cpu = found["null_cpu_here"] + found["null_cpu_there"]
    samples.add(f"remote_call_{name}_microseconds", found["null_nanoseconds"] * MICRO)
    samples.add(f"remote_call_{name}_wire_microseconds", least(medium) * MICRO)
    samples.add(f"remote_call_{name}_cpu_microseconds", cpu * MICRO)
    bound = WIRE_FACTOR * least(medium) + cpu
    samples.add(f"remote_call_{name}_by_bound", found["null_nanoseconds"] / bound)
    bits = 8e9 * found["bulk_bytes"] / found["bulk_nanoseconds"]
    samples.add(f"bulk_{name}_fraction_of_link", bits / medium.bits_per_second)


def least(medium: Medium) -> int:
    """Nanoseconds that the frames of a null call are on their way, there and back: they have an envelope only."""
    size = wire.DATA + wire.ENVELOPE_SIZE + wire.SEAL_SIZE
    return 2 * HOPS * (medium.frame_time(size) + medium.latency_ns)


def measure_local(samples: Samples) -> None:
    """The same call in one node."""
    with Cluster() as cluster:
        start_program(cluster, cluster.node, "cluster_target")
        found = run_program(cluster, "cluster_calls", f"{SERVICE} {CALLS} 0")
    local = found["null_nanoseconds"] * MICRO
    samples.add("local_call_microseconds", local)
    samples.add("remote_to_local_ratio", samples.of["remote_call_1_gbit_microseconds"][-1] / local)


def start_program(cluster: Cluster, node: AnyNode, name: str, arguments: str = "") -> None:
    """Let a program run in a node's background."""
    before, cluster.node = cluster.node, node
    cluster.wait_for("/services/shell")
    put_file(cluster, stripped(compile_file(PROGRAMS / f"{name}.py", "program", Cache())), f"/tmp/{name}")
    status = cluster.run(f"/tmp/{name} {arguments} &").status
    cluster.advance(0.05)
    cluster.node = before
    if status != 0:
        raise Measurement(f"{name}: status {status}")


def wait_for_names(cluster: Cluster) -> None:
    """Until the first node knows the second's names."""
    for _ in range(100):
        if cluster.run("ls /nodes/node2/services").status == 0:
            return
        cluster.advance(0.1)
    raise Measurement("node1 does not find node2")


# ---- the host ----


def measure_boots(samples: Samples) -> None:
    """From making a cluster to the end of the first command on each of its nodes."""
    for size in BOOTS:
        begin, cpu = time.perf_counter(), time.process_time()
        with Cluster(nodes=size) as cluster:
            for node in cluster.nodes:
                cluster.run("true", node=node.name)
            samples.add(f"boot_{size}_nodes_seconds", time.perf_counter() - begin)
            samples.add(f"boot_{size}_nodes_cpu_seconds", time.process_time() - cpu)


def measure_memory(samples: Samples) -> None:
    """What seven more nodes add to the process."""
    one, eight = (resident(size) for size in (1, 8))
    samples.add("megabytes_per_node", (eight - one) / 7)


def resident(size: int) -> float:
    """Megabytes of a process with so many booted nodes. (`getrusage` would count the parent's, from before `exec`.)"""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(size)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Measurement(done.stdout + done.stderr)
    return int(done.stdout) / 1e6


def measure_running(samples: Samples, size: int) -> None:
    """Processor seconds of the host for one of virtual time: first nobody has anything to do, then all compute."""
    with Cluster(nodes=size) as cluster:
        for node in cluster.nodes:
            cluster.run("true", node=node.name)
        cluster.advance(SETTLE_SECONDS)
        samples.add(f"idle_{size}_nodes_host_seconds", timed(cluster, IDLE_SECONDS))
        begin = cluster.time_ns + round((size + 1) * START_SECONDS * SECOND)
        for node in cluster.nodes:
            start_program(cluster, node, "cluster_spin", str(begin // MILLISECOND))
        if cluster.time_ns > begin:
            raise Measurement(f"{size} programs took longer to start than {START_SECONDS} s each")
        cluster.advance((begin - cluster.time_ns) / SECOND + WARM_SECONDS)
        samples.add(f"busy_{size}_nodes_host_seconds", timed(cluster, BUSY_NODE_SECONDS / size))
    idle, busy = (samples.of[f"{state}_{size}_nodes_host_seconds"][-1] for state in ("idle", "busy"))
    samples.add(f"idle_share_{size}_nodes", idle / busy)


def timed(cluster: Cluster, seconds: float) -> float:
    """Host seconds of one virtual second, over some."""
    begin = time.process_time()
    cluster.advance(seconds)
    return (time.process_time() - begin) / seconds


# ---- what it comes to ----


def results(samples: Samples) -> list[Result]:
    """The figures with their units, meanings and goals, in the order of the table."""
    return [*call_results(samples), *host_results(samples)]


def call_results(samples: Samples) -> list[Result]:
    """Calls."""
    found = []
    for name in LINKS:
        link = name.replace("_mbit", " Mb/s").replace("_gbit", " Gb/s")
        call = f"remote_call_{name}"
        found += [
            samples.result(f"{call}_microseconds", "us", f"a null call through a proxy gate, {link} links"),
            samples.result(f"{call}_wire_microseconds", "us", "what its two frames take on the wire, at least"),
            samples.result(f"{call}_cpu_microseconds", "us", "CPU time of both nodes for it"),
            samples.result(f"{call}_by_bound", "", "the call, by 1.5 times that and the CPU time", at_most=1),
            samples.result(
                f"bulk_{name}_fraction_of_link", "", "data of calls of 64 KiB, by what the link could carry",
                at_least=0.9,
            ),
        ]  # fmt: skip
    return [
        *found,
        samples.result("local_call_microseconds", "us", "the same null call in one node"),
        samples.result("remote_to_local_ratio", "", "a null call over 1 Gb/s by one in the node"),
    ]


def host_results(samples: Samples) -> list[Result]:
    """Booting, running, memory."""
    found = []
    for size, wanted in BOOTS.items():
        boot, meaning = f"boot_{size}_nodes", "making such a Cluster, until each node has run its first command"
        found += [
            samples.result(f"{boot}_seconds", "s", meaning, at_most=wanted),
            samples.result(f"{boot}_cpu_seconds", "s", "processor time of the host for that"),
        ]
    for size in SIZES:
        per = "CPU seconds of the host for a virtual second"
        found += [
            samples.result(f"idle_{size}_nodes_host_seconds", "s", f"{per}, nobody at work, clocks in step"),
            samples.result(f"busy_{size}_nodes_host_seconds", "s", f"{per}, a loop in each node, 1000 MHz"),
            samples.result(f"idle_share_{size}_nodes", "", "idle nodes, by busy ones", at_most=0.01),
        ]
    return [*found, samples.result("megabytes_per_node", "MB", "resident memory that each further node takes")]
