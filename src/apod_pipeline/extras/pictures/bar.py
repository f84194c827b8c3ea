"""How far a sync is, on a terminal: pictures, rate, and how long it will take; a line every few seconds elsewhere.

Takes tallies, draws. Never decides anything.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apod_pipeline.cli.presentation import tell

if TYPE_CHECKING:
    from apod_pipeline.extras.pictures.tally import Tally

EVERY = 5.0  # seconds


@contextmanager
def bar(total: int) -> Iterator[Callable[[Tally], None]]:
    """What is to be called with the tally after every task.

    Args:
        total: tasks.
    """
    if sys.stderr and sys.stderr.isatty() and total > 1:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        rate = TextColumn("{task.fields[rate]}")
        columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        begin = time.monotonic()
        with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
            task = drawn.add_task("pictures", total=total, rate="")
            yield lambda tally: drawn.update(task, completed=tally.done, rate=_rate(tally, begin))
        return
    yield _plain(total)


def _plain(total: int) -> Callable[[Tally], None]:
    begin = told = time.monotonic()

    def advance(tally: Tally) -> None:
        nonlocal told
        if time.monotonic() - told > EVERY:
            told = time.monotonic()
            left = (told - begin) / max(1, tally.done) * (total - tally.done)
            tell(f"{tally.done} of {total} pictures, {_rate(tally, begin)}, {left / 60:.0f} minutes left")

    return advance


def _rate(tally: Tally, begin: float) -> str:
    seconds = max(0.001, time.monotonic() - begin)
    return f"{tally.done / seconds:.1f}/s, {tally.bytes / seconds / 1e6:.1f} MB/s"
