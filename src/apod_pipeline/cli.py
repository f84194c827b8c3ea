"""The command `apod`: words in, one call, words out.

Takes what was typed, calls the library, prints. Messages go to standard error, results to standard output; `--json`
prints one JSON object. Never holds a rule, a statement or an address of its own. Heavy rooms are imported by the
command that enters them.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline import __version__
from apod_pipeline.errors import ApodError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apod_pipeline.calendar import Span
    from apod_pipeline.model import Outcome
    from apod_pipeline.pipeline import Pipeline, Wanted
    from apod_pipeline.settings import Settings

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="apod")
@click.option("--log", is_flag=True, help="Show what Git, DVC and the network are asked to do.")
def apod(*, log: bool) -> None:
    """Your own complete, current, versioned archive of NASA's Astronomy Picture of the Day.

    \b
    Begin with:
      apod demo                                  the whole thing on a simulated NASA
      apod backfill --from 1995-06-16            everything there is
      apod run                                   what is new; every day, from cron or Airflow
    """  # noqa: D301 - \b is click's
    if log:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)


def _archive_option(command: Callable[..., None]) -> Callable[..., None]:
    where = click.option(
        "--archive", type=Path, help="The archive's folder (default: $APOD_ARCHIVE or ./apod-archive)."
    )
    form = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    return where(form(command))


def _source_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--source", "sources", help="Whom to ask, in this order: science,planetary.")(command)


def _settings(**flags: Any) -> Settings:  # noqa: ANN401 - values of any setting
    from apod_pipeline.settings import resolve

    return resolve(flags, os.environ)


def _existing(archive: Path | None) -> Settings:
    from apod_pipeline.archive import Archive

    settings = _settings(archive=archive)
    if not Archive(settings.archive).exists:
        raise SettingsError(
            f"{settings.archive} is no archive. Make one with `apod run`, or name it with --archive or $APOD_ARCHIVE."
        )
    return settings


def _span(first: dt.datetime | None, last: dt.datetime | None, default_last: dt.date) -> Span | None:
    from apod_pipeline.calendar import FIRST_DAY, Span

    if first is None and last is None:
        return None
    span_first = first.date() if first else FIRST_DAY
    span_last = last.date() if last else default_last
    if span_last < span_first or span_first < FIRST_DAY:
        raise SettingsError(f"from {span_first} to {span_last}: days run from {FIRST_DAY} on, and forward.")
    return Span(span_first, span_last)


# ---- runs ----------------------------------------------------------------------------------
@apod.command()
@click.option("--from", "first", type=DAY, help="Ask these days again, from this one ...")
@click.option("--to", "last", type=DAY, help="... to this one (default: the newest that is due).")
@click.option("--date", "day", type=DAY, help="Ask one day again.")
@_source_option
@_archive_option
def run(
    first: dt.datetime | None,
    last: dt.datetime | None,
    day: dt.datetime | None,
    sources: str | None,
    archive: Path | None,
    *,
    as_json: bool,
) -> None:
    """Ask for what is missing or due (and the last days again), or for the days that are named.

    Example: apod run --from 2024-01-01 --to 2024-01-31
    """
    from apod_pipeline.pipeline import Wanted
    from apod_pipeline.wiring import today

    if day and (first or last):
        raise SettingsError("--date names one day; leave it out, or leave --from and --to out.")
    settings = _settings(archive=archive, sources=sources)
    span = _span(day or first, day or last, today(settings))
    _run(
        settings,
        Wanted(f"run --from {span.first} --to {span.last}" if span else "run", span),
        as_json=as_json,
    )


@apod.command()
@click.option("--from", "first", type=DAY, help="The first day (default: 1995-06-16).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest that is due).")
@_source_option
@_archive_option
def backfill(
    first: dt.datetime | None,
    last: dt.datetime | None,
    sources: str | None,
    archive: Path | None,
    *,
    as_json: bool,
) -> None:
    """Ask for the days of a span that are not there yet; interrupted, it goes on where it stopped.

    Example: apod backfill --from 1995-06-16
    """
    from apod_pipeline.calendar import FIRST_DAY, Span
    from apod_pipeline.pipeline import Wanted
    from apod_pipeline.wiring import today

    settings = _settings(archive=archive, sources=sources)
    newest = today(settings)
    span = _span(first, last, newest) or Span(FIRST_DAY, newest)
    wanted = Wanted(f"backfill --from {span.first} --to {span.last}", span, only_missing=True)
    _run(settings, wanted, as_json=as_json)


@contextmanager
def _pipeline(settings: Settings, what: str, total: int) -> Iterator[Pipeline]:
    from apod_pipeline.presentation import progress, tell
    from apod_pipeline.wiring import pipeline

    with progress(what, total) as advance, pipeline(settings, tell, advance) as wired:
        yield wired


def _run(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    total = len(wanted.span) if wanted.span else 1
    with _pipeline(settings, "asking", total) as pipeline:
        outcome = pipeline.run(wanted)
    _report(settings, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


def _report(settings: Settings, outcome: Outcome, *, as_json: bool) -> None:
    from apod_pipeline import presentation
    from apod_pipeline.pipeline import as_json as whole

    if as_json:
        presentation.as_object(whole(outcome))
    else:
        news = f"{outcome.inserted} new, {outcome.changed} changed, {outcome.unchanged} unchanged"
        refused = f", {outcome.refused} refused" if outcome.refused else ""
        version = f"version {outcome.version[:10]}" if outcome.version else "nothing new, no version"
        click.echo(f"{outcome.span or 'nothing asked'}: {news}{refused}; {version}")
        click.echo(f"seconds: {presentation.seconds(outcome.seconds)}")
    _tell_missing(settings, outcome)


def _tell_missing(settings: Settings, outcome: Outcome) -> None:
    from apod_pipeline.presentation import tell

    if not outcome.missing:
        return
    days = sorted(outcome.missing)
    for day in days[:5]:
        tell(f"missing {day}: {outcome.missing[day]}")
    if days[5:]:
        tell(f"... and {len(days) - 5} more, to {days[-1]}")
    again = "apod replay (after a fix), or apod run" if outcome.exit_code == 3 else "apod run"
    tell(f"All that came is stored in {settings.archive}; {len(days)} days will be asked again by: {again}")


@apod.command()
@_archive_option
def init(archive: Path | None, *, as_json: bool) -> None:
    """Make an archive: its folders, its Git repository, its database.

    Example: apod init --archive ~/apod
    """
    from apod_pipeline import presentation
    from apod_pipeline.pipeline import Wanted  # noqa: F401 - the same wiring as a run

    settings = _settings(archive=archive)
    with _pipeline(settings, "", 1) as pipeline:
        pipeline.prepare()
    if as_json:
        presentation.as_object({"archive": str(pipeline.archive.root)})
    else:
        click.echo(f"{pipeline.archive.root} is an archive. Next: apod backfill --from 1995-06-16")


@apod.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_archive_option
def import_file(file: Path, archive: Path | None, *, as_json: bool) -> None:
    """Take over an archive that somebody already has: JSON, JSON lines (.gz too) or CSV of old-API records.

    Example: apod import nasa_apod.jsonl.gz
    """
    from apod_pipeline.importing import import_into

    settings = _settings(archive=archive)
    with _pipeline(settings, "importing", 1) as pipeline:
        outcome = import_into(pipeline, file)
    _report(settings, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)


@apod.command()
@_archive_option
def replay(archive: Path | None, *, as_json: bool) -> None:
    """Judge the quarantined replies once more, with today's rules; those that pass are let in.

    Example: apod replay
    """
    from apod_pipeline.importing import replay_quarantine

    settings = _existing(archive)
    with _pipeline(settings, "replaying", 1) as pipeline:
        outcome = replay_quarantine(pipeline)
    _report(settings, outcome, as_json=as_json)


@apod.command()
@_archive_option
def rebuild(archive: Path | None, *, as_json: bool) -> None:
    """Make every file and table again from the raw replies and the ledger, offline.

    Example: apod rebuild
    """
    settings = _existing(archive)
    with _pipeline(settings, "rebuilding", 1) as pipeline:
        outcome = pipeline.rebuild()
    _report(settings, outcome, as_json=as_json)


# ---- questions -----------------------------------------------------------------------------
@apod.command()
@_archive_option
def status(archive: Path | None, *, as_json: bool) -> None:
    """The archive in a dozen numbers.

    Example: apod status --json
    """
    from apod_pipeline import presentation, questions
    from apod_pipeline.archive import Archive
    from apod_pipeline.wiring import today

    settings = _existing(archive)
    answer = questions.status(Archive(settings.archive), today(settings))
    if as_json:
        presentation.as_object(answer)
    else:
        presentation.table(["what", "value"], answer.items())


@apod.command()
@click.option("--from", "first", type=DAY, help="The first day (default: 1995-06-16).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest that is due).")
@_archive_option
def coverage(first: dt.datetime | None, last: dt.datetime | None, archive: Path | None, *, as_json: bool) -> None:
    """Every calendar day, a line a year: present, gap, pending, failed, quarantined or unasked.

    Example: apod coverage --from 2020-01-01
    """
    from apod_pipeline import presentation, questions
    from apod_pipeline.archive import Archive
    from apod_pipeline.wiring import today

    settings = _existing(archive)
    newest = today(settings)
    years = questions.by_year(Archive(settings.archive), newest, _span(first, last, newest))
    days = [day for year in years.values() for day in year]
    odd = [day for day in days if day.status not in {"present", "unasked"}]
    if as_json:
        counts = {name: sum(d.status == name for d in days) for name in presentation.STATUS_SIGNS}
        presentation.as_object({"counts": counts, "days": {str(d.day): [d.status, d.detail] for d in odd}})
        return
    presentation.calendar({year: [day.status for day in days] for year, days in years.items()})
    if odd:
        presentation.table(["day", "status", "why"], [(str(d.day), d.status, d.detail or "") for d in odd[:40]])
        if odd[40:]:
            click.echo(f"... and {len(odd) - 40} more; all of them with --json")


@apod.command()
@click.argument("day", type=DAY)
@_archive_option
def history(day: dt.datetime, archive: Path | None, *, as_json: bool) -> None:
    """Every state that a day's entry was ever in, from when to when, and why it changed.

    Example: apod history 2024-01-15
    """
    from apod_pipeline import presentation, questions
    from apod_pipeline.archive import Archive
    from apod_pipeline.wiring import COLUMNS

    settings = _existing(archive)
    revisions = questions.history(Archive(settings.archive), COLUMNS, day.date())
    if as_json:
        presentation.as_object({"date": str(day.date()), "revisions": revisions})
        return
    if not revisions:
        click.echo(f"{day.date()}: this archive has no entry; `apod run --date {day.date()}` asks for it.")
        return
    for number, revision in enumerate(revisions, 1):
        click.echo(f"{number}. from {revision['from']} to {revision['to'] or 'now'}  ({revision['cause']})")
        entry = revision["entry"]
        for name in revision["changed"] or ("title", "url", "media_type", "source"):
            click.echo(f"   {name}: {entry[name]}")


@apod.command()
@_archive_option
def config(archive: Path | None, *, as_json: bool) -> None:
    """Every setting, its value (secrets masked) and where it came from.

    Example: apod config
    """
    from apod_pipeline import presentation
    from apod_pipeline.settings import described

    rows = described(_settings(archive=archive))
    if as_json:
        presentation.as_object({row["name"]: {k: row[k] for k in ("value", "origin")} for row in rows})
    else:
        presentation.table(["setting", "value", "from", "meaning"], [tuple(row.values()) for row in rows])


@apod.command()
@click.option("--probe", is_flag=True, help="Ask each service one of each question, and compare with what is known.")
@_archive_option
def doctor(archive: Path | None, *, probe: bool, as_json: bool) -> None:
    """Look at everything that a run needs, and say what to do about what is wrong.

    Example: apod doctor --probe
    """
    from apod_pipeline import presentation
    from apod_pipeline.doctor import examine

    findings = list(examine(_settings(archive=archive), probe=probe))
    if as_json:
        presentation.as_object({"findings": [finding.as_row() for finding in findings]})
    else:
        presentation.table(["what", "state", "says", "do"], [tuple(f.as_row().values()) for f in findings])
    sys.exit(1 if any(finding.state == "bad" for finding in findings) else 0)


# ---- a NASA of one's own -------------------------------------------------------------------
@apod.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8099, show_default=True)
@click.option("--today", type=DAY, help="The newest published day (default: today in US Eastern).")
@click.option("--seed", default=0, show_default=True, help="Other entries for another number.")
def simulate(host: str, port: int, today: dt.datetime | None, seed: int) -> None:
    """Both of NASA's services over generated entries, with faults that can be switched on.

    Example: apod simulate --port 8099
    """
    from apod_pipeline.simulator import serve

    serve(host, port, today=today.date() if today else None, seed=seed)


@apod.command()
@click.option("--archive", type=Path, default=Path("apod-demo"), show_default=True, help="The folder it leaves behind.")
def demo(archive: Path) -> None:
    """The main job on the bundled simulator: no network, no key, no server to start.

    Example: apod demo
    """
    from apod_pipeline.demo import show

    show(archive)


def main() -> None:
    """Entry point: errors of the family become one line and their exit code."""
    try:
        apod.main(standalone_mode=False)
    except ApodError as error:
        click.echo(f"apod: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("apod: stopped. What was received is kept; the same command goes on from there.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
