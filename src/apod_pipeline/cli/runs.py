"""Commands that bring readings in, and versions out.

Takes what was typed, runs a wired pipeline, prints its outcome. Never decides what a run does.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import (
    DAY,
    archive_option,
    because_option,
    existing,
    reason_for,
    settings_of,
    source_option,
    span_of,
)
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.model import Outcome
    from apod_pipeline.run.pipeline import Pipeline, Wanted
    from apod_pipeline.settings import Settings


@click.command()
@click.option("--from", "first", type=DAY, help="Ask these days again, from this one ...")
@click.option("--to", "last", type=DAY, help="... to this one (default: the newest that is due).")
@click.option("--date", "day", type=DAY, help="Ask one day again.")
@click.option(
    "--stateless", is_flag=True, help="Keep nothing here: from the remotes, into the database, back to the remotes."
)
@source_option
@archive_option
def run(
    first: dt.datetime | None,
    last: dt.datetime | None,
    day: dt.datetime | None,
    sources: str | None,
    archive: Path | None,
    *,
    stateless: bool,
    as_json: bool,
) -> None:
    """Ask for what is new or missing.

    Without dates: whatever is due or missing, and the last ten days again. With dates: those days again.

    With --stateless: the newest version is cloned from APOD_GIT_REMOTE into a temporary folder, what is needed is
    pulled from APOD_DVC_REMOTE, the server of APOD_DATABASE_URL (or POSTGRES_HOST) is loaded, all that is new is
    pushed, and the folder is removed.

    Example: apod run --from 2024-01-01 --to 2024-01-31
    """
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.wiring import today

    if day and (first or last):
        raise SettingsError("--date names one day; leave it out, or leave --from and --to out.")
    if stateless and archive:
        raise SettingsError("a stateless run keeps no archive here; leave --archive out, or --stateless.")
    settings = settings_of(archive=archive, sources=sources)
    span = span_of(day or first, day or last, today(settings))
    wanted = Wanted(f"run --from {span.first} --to {span.last}" if span else "run", span)
    if stateless:
        _run_stateless(settings, wanted, sources, as_json=as_json)
    else:
        _run(settings, wanted, as_json=as_json)


@click.command()
@click.option("--from", "first", type=DAY, help="The first day (default: 1995-06-16).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest that is due).")
@source_option
@archive_option
def backfill(
    first: dt.datetime | None,
    last: dt.datetime | None,
    sources: str | None,
    archive: Path | None,
    *,
    as_json: bool,
) -> None:
    """Ask for all days that are not there yet.

    Interrupted, it goes on where it stopped.

    Example: apod backfill --from 1995-06-16
    """
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.datasets.apod.calendar import FIRST_DAY
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.wiring import today

    settings = settings_of(archive=archive, sources=sources)
    newest = today(settings)
    span = span_of(first, last, newest) or Span(FIRST_DAY, newest)
    wanted = Wanted(f"backfill --from {span.first} --to {span.last}", span, only_missing=True)
    _run(settings, wanted, as_json=as_json)


@contextmanager
def _pipeline(settings: Settings, what: str, total: int) -> Iterator[Pipeline]:
    from apod_pipeline.cli.presentation import progress, tell
    from apod_pipeline.wiring import pipeline

    with progress(what, total) as advance, pipeline(settings, tell, advance) as wired:
        yield wired


def _run(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    if wanted.span:
        _tell_unasked(settings, wanted.span)
    total = len(wanted.span) if wanted.span else 1
    with _pipeline(settings, "asking", total) as pipeline:
        outcome = pipeline.run(wanted)
    _report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


def _run_stateless(settings: Settings, wanted: Wanted, sources: str | None, *, as_json: bool) -> None:
    import signal

    from apod_pipeline.cli.presentation import progress, tell
    from apod_pipeline.jobs.stateless import run_stateless

    # A container is told to end by this signal, and does what Ctrl-C does: the folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if wanted.span:
        _tell_unasked(settings, wanted.span)
    try:
        with progress("asking", len(wanted.span) if wanted.span else 1) as advance:
            outcome = run_stateless(lambda folder: settings_of(archive=folder, sources=sources), wanted, tell, advance)
    except KeyboardInterrupt:
        tell(
            "apod: stopped. What this stateless run had received and not pushed is forgotten; the next one asks again."
        )
        sys.exit(130)
    _report("the remotes", outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


def _tell_unasked(settings: Settings, span: Span) -> None:
    """Why days that were typed are not asked for: nothing was published on them, or they are not due yet."""
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.datasets.apod.calendar import GAPS, publishable
    from apod_pipeline.wiring import today

    if not any(publishable(span)):
        for day in span:
            tell(f"{day} is not asked for: {GAPS[day]}, and never will be")
    if span.last > (newest := today(settings)):
        tell(f"days after {newest} are not asked for: it is the newest day that is due")


def _report(where: str | Path, outcome: Outcome, *, as_json: bool) -> None:
    from apod_pipeline.archive.run_record import as_json as whole
    from apod_pipeline.cli import presentation

    if as_json:
        presentation.as_object(whole(outcome))
    else:
        news = f"{outcome.inserted} new, {outcome.changed} changed, {outcome.unchanged} unchanged"
        refused = f", {outcome.refused} refused" if outcome.refused else ""
        version = f"version {outcome.version[:10]}" if outcome.version else "nothing new, no version"
        click.echo(f"{outcome.span or 'nothing asked'}: {news}{refused}; {version}")
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
    tell(f"All that came is stored in {where}; {count} will be asked for again by: {again}")


@click.command()
@archive_option
def init(archive: Path | None, *, as_json: bool) -> None:
    """Make an archive.

    Its folders, its Git repository, its database. `apod run` does it too, where there is none.

    Example: apod init --archive ~/apod
    """
    from apod_pipeline.cli import presentation

    settings = settings_of(archive=archive)
    with _pipeline(settings, "", 1) as pipeline:
        pipeline.prepare()
    if as_json:
        presentation.as_object({"archive": str(pipeline.archive.root)})
    else:
        click.echo(f"{pipeline.archive.root} is an archive. Next: apod backfill --from 1995-06-16")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@archive_option
def import_file(file: Path, archive: Path | None, *, as_json: bool) -> None:
    """Take over an archive you already have.

    JSON, JSON lines (.gz too) or CSV of records as the old API words them.

    Example: apod import nasa_apod.jsonl.gz
    """
    from apod_pipeline.run.importing import import_into

    settings = settings_of(archive=archive)
    with _pipeline(settings, "importing", 1) as pipeline:
        outcome = import_into(pipeline, file)
    _report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


@click.command()
@click.option("--accept", "day", type=DAY, help="Take what was refused of this day all the same ...")
@because_option
@archive_option
def replay(day: dt.datetime | None, because: str | None, archive: Path | None, *, as_json: bool) -> None:
    """Judge the quarantine once more.

    What passes today's rules is let in, from the bytes that were kept. With --accept one refused day is taken by your
    word; your reason is kept with it.

    Example: apod replay --accept 2022-11-03 --because "a rerun: I compared it with the page"
    """
    from apod_pipeline.run.importing import accept_refused, replay_quarantine

    settings = existing(archive)
    reason = reason_for(day, because, "--accept")
    with _pipeline(settings, "replaying", 1) as pipeline:
        outcome = accept_refused(pipeline, day.date(), reason) if day else replay_quarantine(pipeline)
    _report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


def accept_gap(settings: Settings, day: dt.date, because: str, *, as_json: bool) -> None:
    """Let a day be a gap by a person's word, and print what came of it."""
    from apod_pipeline.run import importing

    with _pipeline(settings, "", 1) as pipeline:
        outcome = importing.accept_gap(pipeline, day, because)
    _report(settings.archive, outcome, as_json=as_json)


@click.command()
@archive_option
def join(archive: Path | None, *, as_json: bool) -> None:
    """Make one archive of this one and of another that began apart.

    The other one is what APOD_GIT_REMOTE names: an archive of the same data set whose history has nothing in common
    with this one's. Its versions stay below, this archive's are derived again on top of them, one by one, and the last
    commit has both histories before it: every reply, reading, refusal, state and commit of either stays. The objects of
    both must be on the DVC remote.

    Example: apod join
    """
    settings = existing(archive)
    if not settings.git_remote:
        raise SettingsError("say what to join: APOD_GIT_REMOTE names the other archive. Nothing was changed.")
    with _pipeline(settings, "joining", 1) as pipeline:
        outcome = pipeline.join()
    _report(settings.archive, outcome, as_json=as_json)


@click.command()
@click.option("--accept-loss", is_flag=True, help="Take the archive as it is, also if it holds less than before.")
@archive_option
def rebuild(archive: Path | None, *, accept_loss: bool, as_json: bool) -> None:
    """Make every file and table again, offline.

    From the raw replies and the ledger; the bytes are what they were. An archive that holds fewer entries than before,
    or most of which new rules refuse, stops here as everywhere; --accept-loss is your word that it is right so.

    Example: apod rebuild
    """
    settings = existing(archive)
    with _pipeline(settings, "rebuilding", 1) as pipeline:
        outcome = pipeline.rebuild(accept_loss=accept_loss)
    _report(settings.archive, outcome, as_json=as_json)
