"""A failing scenario made small: faults, then workers, then operations are left out as long as it still fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from atoll.cluster.simulation.scenario import Scenario

Fails = Callable[[Scenario], bool]


def shrink(scenario: Scenario, fails: Fails, most: int) -> Scenario:
    """The smallest that was found in so many tries."""
    tries = 0
    progress = True
    while progress:
        progress = False
        for smaller in candidates(scenario):
            if tries >= most:
                return scenario
            tries += 1
            if fails(smaller):
                scenario, progress = smaller, True
                break
    return scenario


def candidates(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with a part less, large parts first."""
    faults, workers = scenario.faults, scenario.workers
    for size in halves(len(faults)):
        for start in range(0, len(faults), size):
            yield replace(scenario, faults=faults[:start] + faults[start + size :])
    for size in halves(len(workers)):
        for start in range(0, len(workers), size):
            yield replace(scenario, workers=workers[:start] + workers[start + size :])
    for place, worker in enumerate(workers):
        for size in halves(len(worker.operations)):
            for start in range(0, len(worker.operations), size):
                rest = worker.operations[:start] + worker.operations[start + size :]
                if rest:
                    less = replace(worker, operations=rest)
                    yield replace(scenario, workers=(*workers[:place], less, *workers[place + 1 :]))


def halves(size: int) -> Iterator[int]:
    """Half of a size, half of that and so on, down to 1."""
    while size > 0:
        size = max(size // 2, 1)
        yield size
        if size == 1:
            return
