"""How results look: tables, a progress bar on a terminal, plain lines elsewhere, one JSON object with `--json`.

Takes values, prints them. Messages go to standard error, results to standard output. Never decides anything.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.versions.wording import abridged, as_text, changed_words

if TYPE_CHECKING:
    from apod_pipeline.versions.comparing import Change
    from apod_pipeline.versions.wording import Piece


def tell(message: str, level: str = "info") -> None:
    """A line for the user, beside the result."""
    if os.environ.get("APOD_LOG_FORMAT") == "json":
        from apod_pipeline.logs.lines import json_line

        message = json_line(message, level, "apod")
    click.echo(message, err=True)


def as_object(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None, width: int = 120
) -> None:
    """Rows under headings, as wide as they are; numbers to the right.

    Args:
        headings: of the columns.
        rows: cells; None is shown as nothing.
        title: a line above.
        width: letters of a line where there is no terminal; longer cells are folded.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title, box=None, pad_edge=False, title_justify="left", header_style="bold")
    content = [[("" if cell is None else cell) for cell in row] for row in rows]
    for index, heading in enumerate(headings):
        number = bool(content) and all(isinstance(row[index], int | float) for row in content)
        drawn.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in content:
        drawn.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else width, highlight=False).print(drawn)


MARKS = {"kept": ("{}", None), "removed": ("[-{}-]", "red"), "added": ("{{+{}+}}", "green")}
LINES = 500  # that are printed at one time
KIND_SIGNS = {"added": "+", "edited": "~", "removed": "-"}


def changes(found: Iterable[Change]) -> None:
    """Differences as they are read: a line an entry, a line a field, the changed words marked as Git marks them.

    Of an entry that came or went as a whole only the first field is shown.
    """
    lines = (line for change in found for line in _lines_of(change))
    while some := [*islice(lines, LINES)]:
        click.echo("\n".join(some))  # one line at a time takes as long as finding it


def _lines_of(change: Change) -> Iterator[str]:
    whole = "" if change.kind == "edited" else as_text(max(next(iter(change.fields.values())), key=bool))
    yield click.style(f"{KIND_SIGNS[change.kind]} {change.key}  {change.kind}  {whole}".rstrip(), bold=True)
    for name, (old, new) in () if whole else change.fields.items():
        pieces = abridged(list(changed_words(as_text(old), as_text(new))))
        yield f"    {name}: {''.join(_styled(piece) for piece in pieces)}"


def _styled(piece: Piece) -> str:
    form, colour = MARKS[piece.change]
    return click.style(form.format(piece.text), fg=colour) if colour else piece.text


def seconds(stages: Mapping[str, float]) -> str:
    """Stage times in one line."""
    return "  ".join(f"{name} {value:.2f}" for name, value in stages.items() if value >= 0.005)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line every few seconds elsewhere; gives what is to be called with days done."""
    if sys.stderr and sys.stderr.isatty() and total > 1:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda days: bar.advance(task, days)
        return
    yield _plain(what, total)


def counted(what: str) -> Callable[[int, int], None]:
    """A line every few seconds; what is given is to be called with how many are done, and of how many."""
    told = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > 5:
            told = time.monotonic()
            tell(f"{what}: {done} of {total}")

    return progress


def _plain(what: str, total: int) -> Callable[[int], None]:
    done, told = 0, time.monotonic()

    def advance(days: int) -> None:
        nonlocal done, told
        done += days
        if time.monotonic() - told > 5:
            told = time.monotonic()
            tell(f"{what}: {done} of {total} days")

    return advance


STATUS_SIGNS = {
    "present": ("█", "green"),
    "gap": ("·", "blue"),
    "pending": ("?", "yellow"),
    "failed": ("✗", "red"),
    "quarantined": ("!", "magenta"),
    "unasked": (" ", "default"),
}


def calendar(years: Mapping[int, Sequence[str]]) -> None:
    """A line a year, a sign for every third day: the worst of the three shows.

    Args:
        years: for every year the statuses of its days, in order.
    """
    from rich.console import Console
    from rich.text import Text

    worst = ("failed", "quarantined", "pending", "unasked", "gap", "present")
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    for year, statuses in years.items():
        line = Text(f"{year} ")
        for start in range(0, len(statuses), 3):
            status = min(statuses[start : start + 3], key=worst.index)
            sign, colour = STATUS_SIGNS[status]
            line.append(sign, style=colour)
        line.append(f" {sum(s == 'present' for s in statuses)}/{len(statuses)}")
        console.print(line, soft_wrap=True)
    console.print("  ".join(f"{sign or ' '} {name}" for name, (sign, _) in STATUS_SIGNS.items() if sign.strip()))


def done(said: str, counts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a chore did: a word, and its counts."""
    if as_json:
        as_object(counts)
        return
    click.echo(said)
    told = {name: ", ".join(value) if isinstance(value, list) else value for name, value in counts.items()}
    hidden = {"archive", "version", "at", "kept", "file"}
    click.echo("  ".join(f"{name} {value}" for name, value in told.items() if name not in hidden and value != ""))
