"""`atoll bench node`: one node with the whole system on it: how soon it serves, and what its services cost.

Programs of programs/node_*.py run in the booted system and print what they found; that is in instructions or in the
node's own time, so it is the same in every round. Only booting takes the host's time.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from atoll.benchmarks.experiments.overhead import overhead_of
from atoll.benchmarks.report import Report, Result, Samples
from atoll.cluster.cluster import Cluster
from atoll.cluster.transfer import put_file
from atoll.compiler.cache import Cache
from atoll.images.recipe import compile_file
from atoll.images.strip import stripped
from atoll.images.system import read_recipe

PROGRAMS = Path(__file__).parent / "programs"
MEGABYTE = 1e6
MICRO = 1e-3  # of nanoseconds
SWAP_SECONDS = 0.1  # virtual; one takes about a millisecond
INSTRUCTIONS = "instructions"
BUSY = 1_000_000  # microseconds of CPU time


class Measurement(Exception):
    """A program did not do what it was to do; the text is what it printed."""


def measure(rounds: int, report: Report) -> list[Result]:
    """All figures; what is counted exactly is measured once."""
    samples = Samples()
    boot_command(samples, keep=False)  # what must be compiled is compiled here
    steps: list[tuple[str, Callable[[], None]]] = [("booting", lambda: measure_boot(samples))] * rounds
    steps += [
        ("services", lambda: measure_services(samples)),
        ("statistics", lambda: measure_statistics(samples)),
        ("swaps", lambda: measure_swaps(samples)),
    ]
    for place, (name, step) in enumerate(steps):
        report(name, place, len(steps))
        step()
    return results(samples)


# ---- booting ----


def measure_boot(samples: Samples) -> None:
    """Two ways: the whole command, and a cluster in a process that runs already."""
    boot_command(samples, keep=True)
    begin = time.perf_counter()
    with Cluster() as cluster:
        cluster.run("true")
        samples.add("cluster_boot_seconds", time.perf_counter() - begin)
        samples.add("boot_instructions", cluster.node.board.instructions)


def boot_command(samples: Samples, keep: bool) -> None:
    """`atoll boot -c true`, from its start to its end."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "atoll", "boot", "-c", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Measurement(done.stdout + done.stderr)
    if keep:
        samples.add("boot_seconds", time.perf_counter() - begin)


# ---- services ----


def measure_services(samples: Samples) -> None:
    """Calls and files, on a node of their own."""
    with Cluster() as cluster:
        for name, value in run_program(cluster, "node_calls").items():
            samples.add(name, value)
        for name, value in run_program(cluster, "node_files").items():
            samples.add(f"file_{name}_mb_per_s", value / MEGABYTE)


def measure_statistics(samples: Samples) -> None:
    """What it costs that the load server looks at a busy node each 50 ms."""
    with Cluster() as cluster:
        cluster.run(f"spin {BUSY}")  # the first sample after a pause is not like the others
        before = overhead_of(cluster)
        cluster.run(f"spin {BUSY}")
        spent = {name: value - before[name] for name, value in overhead_of(cluster).items()}
    samples.add("load_sampling_percent", round(100 * spent["sampling_time"] / spent["since"], 4))
    samples.add("load_server_percent", round(100 * spent["own_time"] / spent["since"], 4))


def measure_swaps(samples: Samples) -> None:
    """Each service of the recipe gives way to another process with the same program."""
    names = [service.name for service in read_recipe()]
    pauses: dict[str, int] = {}
    with Cluster() as cluster:
        for name in names:
            # In the background: the network server's swap waits until no call from outside is in its hands.
            pauses |= run_program(cluster, "node_swap", f"{name} &", SWAP_SECONDS)
    for name in names:
        samples.add(f"swap_pause_{name}_microseconds", round(pauses[name] * MICRO, 1))
    samples.add("swap_pause_microseconds", round(max(pauses.values()) * MICRO, 1))


def run_program(cluster: Cluster, name: str, arguments: str = "", wait: float = 0.0) -> dict[str, int]:
    """The figures that a program prints, by name. `wait`: virtual seconds that it is given in the background."""
    target = f"/tmp/{name}"
    cluster.wait_for("/services/shell")
    put_file(cluster, stripped(compile_file(PROGRAMS / f"{name}.py", "program", Cache())), target)
    begin = len(cluster.console)
    status = cluster.run(f"{target} {arguments}").status
    cluster.advance(wait)
    output = cluster.console[begin:].decode()
    pairs = [line.split() for line in output.splitlines()]
    found = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
    if status != 0 or not found:
        raise Measurement(f"{name}: status {status}: {output}")
    return found


# ---- what it comes to ----


def results(samples: Samples) -> list[Result]:
    """The figures with their units, meanings and goals, in the order of the table."""
    return [*boot_results(samples), *service_results(samples), *load_results(samples), *swap_results(samples)]


def boot_results(samples: Samples) -> list[Result]:
    """How soon it serves."""
    return [
        samples.result(
            "boot_seconds", "s", "`atoll boot -c true` with cached images, from its start to its end", at_most=1
        ),
        samples.result(
            "cluster_boot_seconds", "s", "from making a Cluster to the end of its first command, with cached images"
        ),
        samples.result("boot_instructions", INSTRUCTIONS, "executed until then"),
    ]


def service_results(samples: Samples) -> list[Result]:
    """Calls and files."""
    files = [
        ("file_read_4k_mb_per_s", "a file of 1 MiB, just written, read with calls of 4 KiB. xv6 on QEMU: 1.85", 1.85),
        ("file_read_64k_mb_per_s", "the same with calls of 64 KiB", 1.85),
        ("file_write_4k_mb_per_s", "such a file written with calls of 4 KiB, until it is on the disk. xv6: 0.25", 0.25),
        ("file_write_64k_mb_per_s", "the same with calls of 64 KiB", 0.25),
    ]
    return [
        samples.result(
            "spawn_wait_instructions", INSTRUCTIONS,
            "/bin/true started and waited for by a program, its own instructions and all services' included. "
            "xv6, fork, exec and wait: 1.7 million", at_most=1_700_000,
        ),
        samples.result("name_lookup_instructions", INSTRUCTIONS, "a name looked up: the call, its answer, a new gate"),
        *(
            samples.result(name, "MB/s", f"{meaning}; an instruction takes 1 ns", at_least=least)
            for name, meaning, least in files
        ),
    ]  # fmt: skip


def load_results(samples: Samples) -> list[Result]:
    """Statistics of the load server."""
    return [
        samples.result(
            "load_sampling_percent", "%",
            "of the time of a busy node that samples each 50 ms take, whoever spends it: load server, program manager, "
            "memory manager", at_most=1,
        ),
        samples.result(
            "load_server_percent", "%", "of the CPU's time that is the load server's, with all it does", at_most=1
        ),
    ]  # fmt: skip


def swap_results(samples: Samples) -> list[Result]:
    """The pauses: the longest, then all."""
    names = [name for name in samples.of if name.startswith("swap_pause_") and name != "swap_pause_microseconds"]
    return [
        samples.result(
            "swap_pause_microseconds", "us",
            "the longest pause of any service that is swapped, by the node's clock: from the old server's last answer "
            "to the new one's readiness",
        ),
        *(samples.result(name, "us", "the same of this service") for name in names),
    ]  # fmt: skip
