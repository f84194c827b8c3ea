"""What the commands that run a pipeline share: the run, its progress, its outcome in words.

Takes settings and what is wanted, prints. Never decides what a run does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.model import Outcome
    from apod_pipeline.run.pipeline import Pipeline, Wanted
    from apod_pipeline.settings import Settings


def tell_begun(settings: Settings) -> None:
    """Which data set a new archive is of, where a command that was not told makes one."""
    from apod_pipeline.cli.presentation import tell

    if not (settings.archive / ".apod").is_dir():
        tell(
            f"{settings.archive} becomes a new archive of {settings.dataset!r}; for another data set: apod init "
            "--dataset NAME --archive FOLDER (`apod datasets` lists them)"
        )


@contextmanager
def wired(settings: Settings, what: str, total: int) -> Iterator[Pipeline]:
    """An archive's pipeline, with a progress bar over so many days."""
    from apod_pipeline.cli.presentation import progress, tell
    from apod_pipeline.wiring import pipeline

    with progress(what, total) as advance, pipeline(settings, tell, advance) as wired:
        yield wired


def ask(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    """Ask for days, print what came of it, and end with its exit code."""
    tell_begun(settings)
    if wanted.span:
        tell_unasked(settings, wanted.span)
    total = len(wanted.span) if wanted.span else 1
    with wired(settings, "asking", total) as pipeline:
        outcome = pipeline.run(wanted)
    report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


def tell_unasked(settings: Settings, span: Span) -> None:
    """Why days that were typed are not asked for: nothing was published on them, or they are not due yet."""
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.wiring import data_set_of, today

    days = data_set_of(settings).calendar
    if not any(days.publishable(span)):
        for day in span:
            tell(f"{day} is not requested: {days.gaps[day]}, and never will be")
    if span.last > (newest := days.newest(today(settings))):
        what = "the newest day that there may be" if days.ahead else "the newest day that is due"
        tell(f"days after {newest} are not requested: it is {what}")


def report(where: str | Path, outcome: Outcome, *, as_json: bool) -> None:
    """Print what a run did, and which days are still missing; `where` is what holds the rest."""
    from apod_pipeline.archive.run_record import as_json as whole
    from apod_pipeline.cli import presentation

    if as_json:
        presentation.as_object(whole(outcome))
    else:
        gone = f"{outcome.gone} gone, " if outcome.gone else ""
        news = f"{outcome.inserted} new, {outcome.changed} changed, {gone}{outcome.unchanged} unchanged"
        refused = f", {outcome.refused} refused" if outcome.refused else ""
        version = f"version {outcome.version[:10]}" if outcome.version else "nothing new, no version"
        click.echo(f"{outcome.span or 'nothing requested'}: {news}{refused}; {version}")
        click.echo(f"seconds: {presentation.seconds(outcome.seconds)}")
    _tell_missing(where, outcome)


def _tell_missing(where: str | Path, outcome: Outcome) -> None:
    from apod_pipeline.cli.presentation import tell

    if not outcome.missing:
        return
    days = sorted(outcome.missing)
    for day in days[:5]:
        tell(f"missing {day}: {outcome.missing[day]}")
    if days[5:]:
        tell(f"... and {len(days) - 5} more, to {days[-1]}")
    again = "apod replay (after a fix), or apod run" if outcome.exit_code == 3 else "apod run"
    count = f"{len(days)} days" if days[1:] else str(days[0])
    tell(f"Everything received is stored in {where}; {count} will be requested again by: {again}")
