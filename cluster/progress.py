"""Progress on the terminal while something is built: a bar on standard error, nothing when that is not a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, int, int], None]        # what is being done, steps done, steps in all


@contextmanager
def progress_bar() -> Iterator[Report]:
    """A function to call at each step; the bar disappears at the end."""
    if not sys.stderr.isatty():                 # and rich's bars are not even imported: that takes a while
        yield lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def report(step: str, done: int, total: int) -> None:
            progress.update(task, description=step, completed=done, total=total)

        yield report
