"""The judge: what clients were told, against what is there. Each check returns complaints; none is how it should be.

Acknowledged means done once. Unknown, failed or silent means done once or not at all. Nothing else may be there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from atoll.cluster.simulation.history import Found, Result, Step

NUMBER_BITS = 60  # worker.py: which bit a bounced gate is notified with


def judge(steps: dict[int, list[Step]], found: Found) -> list[str]:
    """Everything that is wrong with a history, by worker, and with what is found in the end."""
    complaints = []
    for worker, theirs in steps.items():
        complaints += check_log(theirs, found.logs.get(worker, []))
        complaints += check_files(theirs, found.files.get(worker, set()))
        complaints += check_names(theirs)
        complaints += check_answers(theirs)
    every = [step for theirs in steps.values() for step in theirs]
    return complaints + check_counters(every, found.tallies)


# ---- logs ----


def check_log(steps: list[Step], records: list[int]) -> list[str]:
    """All acknowledged records are there, in their order, each once; and nothing that nobody wrote."""
    doubled = [(record, count) for record, count in Counter(records).items() if count > 1]
    complaints = [f"the log has record {record} {count} times" for record, count in doubled]
    written = [step for step in steps if step.letter == "w"]
    order = [step.argument for step in written]
    strange = [record for record in records if record not in order]
    complaints += [f"the log has record {record}, which nobody wrote" for record in strange]
    places = [order.index(record) for record in records if record in order]
    if places != sorted(places):
        complaints.append(f"the log's records are out of order: {records}")
    complaints += [f"{step}, but the record is lost" for step in written if step.ok and step.argument not in records]
    least = most = 0
    for step in steps:
        if step.letter == "w":
            least, most = least + step.ok, most + 1
            if step.ok and not least <= step.value <= most:
                complaints.append(f"{step}: the log had {step.value} records, not {least} to {most}")
        elif step.letter == "r" and step.ok and not least <= step.value <= most:
            complaints.append(f"{step}: the log had {step.value} records, not {least} to {most}")
    return complaints


# ---- what is there or not: files and names ----


def check_presence(
    steps: Iterable[Step], make: str, take: str, look: str
) -> tuple[list[str], dict[int, set[int]]]:
    """Complaints about what `look` and `take` saw; and for each number what can be the case in the end (0, 1)."""
    complaints = []
    possible: dict[int, set[int]] = defaultdict(lambda: {0})
    for step in steps:
        states = possible[step.argument]
        if step.letter == look and step.ok:
            # What it sees settles nothing for later: what was not acknowledged may be lost in a crash although seen.
            if step.value not in states:
                complaints.append(f"{step}, but it should be {' or '.join(map(str, sorted(states)))}")
        elif step.letter == make:
            states = {1} if step.ok else states | {1}
        elif step.letter == take:
            # What it says is not looked at: a repeated removal says that nothing was there.
            states = {0} if step.ok else states | {0}
        possible[step.argument] = states
    return complaints, possible


def check_files(steps: list[Step], files: set[int]) -> list[str]:
    """A file whose making was acknowledged is there until it is removed."""
    complaints, possible = check_presence(steps, "c", "d", "e")
    for number in sorted(files | set(possible)):
        if int(number in files) not in possible[number]:
            complaints.append(f"file {number} of worker {steps[0].worker if steps else 0} is "
                              f"{'there' if number in files else 'lost'}, and should not be")
    return complaints


def check_names(steps: list[Step]) -> list[str]:
    """A name that was registered is found until it is removed."""
    return check_presence(steps, "n", "x", "l")[0]


# ---- what must be exactly so ----


def check_answers(steps: list[Step]) -> list[str]:
    """Exit statuses, forged handles, gates that came back."""
    right: dict[str, Callable[[int], int]] = {
        "p": lambda status: status, "h": lambda _: 0, "b": lambda bit: 1 << bit % NUMBER_BITS
    }  # fmt: skip
    complaints = []
    for step in steps:
        if step.letter == "h" and step.result is Result.FAILED:
            complaints.append(f"{step}")
        if step.ok and step.letter in right and step.value != right[step.letter](step.argument):
            complaints.append(f"{step}, not {right[step.letter](step.argument)}")
    return complaints


# ---- counters ----


def check_counters(steps: list[Step], tallies: dict[int, list[int]]) -> list[str]:
    """Counted once for each acknowledgement, at most once otherwise; no value is given twice, none backwards."""
    complaints = []
    counts = [step for step in steps if step.letter == "i"]
    acknowledged: dict[tuple[int, int], list[Step]] = defaultdict(list)
    for step in counts:
        if step.ok:
            acknowledged[step.epoch, step.argument].append(step)
    for (epoch, counter), theirs in acknowledged.items():
        for value, times in Counter(step.value for step in theirs).items():
            if times > 1:
                complaints.append(f"counter {counter} of tally {epoch} had the value {value} for {times} calls")
        for worker in {step.worker for step in theirs}:
            values = [step.value for step in theirs if step.worker == worker]
            if values != sorted(values):
                complaints.append(f"counter {counter} of tally {epoch} went backwards for worker {worker}: {values}")
    for epoch, values in tallies.items():
        for counter, value in enumerate(values):
            sure = acknowledged[epoch, counter]
            unsure = sum(step.argument == counter and not step.ok for step in counts)
            if not len(sure) <= value <= len(sure) + unsure:
                complaints.append(f"counter {counter} of tally {epoch} is {value}: {len(sure)} counts were "
                                  f"acknowledged, and {unsure} are unknown")
            if any(step.value > value for step in sure):
                complaints.append(f"counter {counter} of tally {epoch} is {value}, and was told to be more")
    return complaints
