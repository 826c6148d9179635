"""Progress while something is built: a bar on standard error; where that is no terminal, at most a line."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 3.0  # seconds after which who sees no bar is told

Report = Callable[[str, int, int], None]        # what is being done, steps done, steps in all


@contextmanager
def progress_bar(or_line: bool = False) -> Iterator[Report]:
    """A function to call at each step; the bar disappears at the end. `or_line`: without a terminal a line is told."""
    if not sys.stderr.isatty():                 # and rich's bars are not even imported: that takes a while
        yield told_later(time.monotonic() + PATIENCE) if or_line else lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def report(step: str, done: int, total: int) -> None:
            progress.update(task, description=step, completed=done, total=total)

        yield report


def told_later(when: float) -> Report:
    """Says once what is being done, if it is still being done then (by `time.monotonic`)."""
    is_told = False

    def report(step: str, done: int, total: int) -> None:
        nonlocal is_told
        if not is_told and done < total and time.monotonic() >= when:
            is_told = True
            print(f"atoll: {step} ({done + 1} of {total}); this takes a while the first time", file=sys.stderr)

    return report
