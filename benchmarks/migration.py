"""`atoll bench migration`: how long a program stands still, how long all takes, how much is sent, by strategy and size.

All of it is in the nodes' own time and counted exactly, the same in every round: measured once.
"""

from atoll.benchmarks.migrations import Bed
from atoll.benchmarks.report import Report, Result, Samples
from atoll.servers.mover.interface import MemoryStrategy

SIZES = {"1mb": 1_000_000, "4mb": 4_000_000, "10mb": 10_000_000}
WORK = {
    MemoryStrategy.COPY: "still",
    MemoryStrategy.PRECOPY: "write 64000",
    MemoryStrategy.REFERENCE: "touch 4",
}
ROUNDS = 60  # that the program goes on for
MILLI = 1e-6  # of nanoseconds


def measure(_rounds: int, report: Report) -> list[Result]:
    """All figures."""
    samples = Samples()
    steps = [(strategy, name, size) for strategy in MemoryStrategy for name, size in SIZES.items()]
    report("booting", 0, len(steps) + 1)
    bed = Bed()
    try:
        cost = bed.move(0, ROUNDS, "still", MemoryStrategy.COPY)
        samples.add("null_process_migration_ms", cost.total * MILLI)
        samples.add("null_process_migration_freeze_ms", cost.freeze * MILLI)
        samples.add("null_process_migration_kernel_instructions", cost.kernel)
        for place, (strategy, name, size) in enumerate(steps, 1):
            report(f"{strategy.name.lower()}, {name}", place, len(steps) + 1)
            cost = bed.move(size, ROUNDS, WORK[strategy], strategy)
            start = f"migration_{strategy.name.lower()}_{name}"
            samples.add(f"{start}_freeze_ms", cost.freeze * MILLI)
            samples.add(f"{start}_total_ms", cost.total * MILLI)
            samples.add(f"{start}_bytes", cost.bytes)
            samples.add(f"{start}_kernel_instructions", cost.kernel)
    finally:
        bed.close()
    return results(samples)


def results(samples: Samples) -> list[Result]:
    """The figures with their units and meanings."""
    found = [
        samples.result(
            "null_process_migration_ms", "ms",
            "a program that does nothing, from order to answer, 1 Gb/s links. Sprite: 76 to 110 on its hardware",
            at_most=76,
        ),
        samples.result("null_process_migration_freeze_ms", "ms", "how long it stands still for that"),
        samples.result(
            "null_process_migration_kernel_instructions", "instructions", "of both nodes' kernels meanwhile"
        ),
    ]  # fmt: skip
    for strategy in MemoryStrategy:
        for name in SIZES:
            start = f"migration_{strategy.name.lower()}_{name}"
            what = f"{strategy.name.lower()}, {name}, a program that does `{WORK[strategy]}`"
            found += [
                samples.result(f"{start}_freeze_ms", "ms", f"{what}: it stands still"),
                samples.result(f"{start}_total_ms", "ms", "from the order to the answer"),
                samples.result(f"{start}_bytes", "bytes", "of memory and state that are sent until then"),
                samples.result(f"{start}_kernel_instructions", "instructions", "of both nodes' kernels until then"),
            ]
    return found
