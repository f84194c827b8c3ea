"""What several commands share: options, and settings from what was typed.

Takes click's values, gives settings and spans. Never prints, but for what settings are not followed.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.dataset.calendar import Calendar
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.settings import Settings


class Day(click.DateTime):
    """A calendar day, YYYY-MM-DD."""

    name = "date"

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """How help shows it."""
        return "DATE"


DAY = Day()


class Days(click.ParamType):  # type: ignore[type-arg] # newer versions of click are generic
    """A calendar day, or the first and the last of some: YYYY-MM-DD..YYYY-MM-DD."""

    name = "date"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """How help shows it."""
        return "DATE[..DATE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span:  # noqa: ANN401 - click's
        """The days that were typed."""
        from apod_pipeline.dataset.spans import Span

        first, dots, last = str(value).partition("..")
        begin, end = (DAY.convert(text, param, ctx).date() for text in (first, last if dots else first))
        if end < begin:
            self.fail(f"{value!r}: the first day must not be after the last.", param, ctx)
        return Span(begin, end)


DAYS = Days()


class Entry(click.ParamType):  # type: ignore[type-arg] # newer versions of click are generic
    """What an entry is known by: its day, or the key or a name that a data set gives it."""

    name = "date"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """How help shows it."""
        return "DATE|NAME"


ENTRY = Entry()


def key_of(settings: Settings, typed: str) -> str:
    """The key of the entry that somebody typed, or called by its name.

    Raises:
        BadParameter: days are the keys, and it is none; or several entries are called so.
    """
    first, *more = keys_of(settings, typed)
    if more:
        raise click.BadParameter(f"{len(more) + 1} entries are called {typed!r}; name one: {', '.join((first, *more))}")
    return first


def keys_of(settings: Settings, typed: str) -> list[str]:
    """The keys of the entries that somebody called by a name; what is none is taken for a key.

    Raises:
        BadParameter: days are the keys, and it is none.
    """
    from apod_pipeline.archive.ledger import Ledger
    from apod_pipeline.jobs.questions import named
    from apod_pipeline.wiring import archive_of, data_set_of

    if data_set_of(settings).identity is not None:
        archive = archive_of(settings)
        known = Ledger(archive).known()
        on_day = sorted(known.entries.by_day.get(typed, ()))
        return [typed] if known.ever_had(typed) else named(archive, typed) or on_day or [typed]
    context = click.get_current_context()
    day: dt.datetime = DAY.convert(typed, next(p for p in context.command.params if p.type is ENTRY), context)
    return [str(day.date())]


def share(text: str | float) -> float:
    """A part of a whole, from 0 to 1, as it is typed: `5%`.

    Raises:
        BadParameter: it is no percentage.
    """
    if isinstance(text, float):
        return text
    try:
        part = float(text.strip().removesuffix("%")) / 100
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a percentage such as 5%.") from error
    if not 0 <= part <= 1:
        raise click.BadParameter(f"{text!r} is not between 0% and 100%.")
    return part


def remote_bytes_option(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--remote-bytes`: how much of a DVC remote that is no folder of this machine is read."""
    return click.option("--remote-bytes", type=share, default=0.0, metavar="SHARE", help=meaning)


def archive_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--archive` and `--json`, which every command of an archive has."""
    where = click.option("--archive", type=Path, help="The archive folder (default: $APOD_ARCHIVE or ./apod-archive).")
    form = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    return where(form(command))


def dataset_option(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--dataset`: what an archive is of."""
    return click.option("--dataset", callback=_installed, metavar="NAME", help=meaning)


def _installed(context: click.Context, option: click.Parameter, typed: str | None) -> str | None:  # noqa: ARG001 - click's
    from apod_pipeline.dataset.installed import data_set

    return data_set(typed.replace("-", "_")).name if typed else None


def source_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--source`: whom to ask this time."""
    return click.option("--source", "sources", help="Sources to ask, in this order, with commas between.")(command)


def because_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--because`: a person's reason, which is kept."""
    return click.option("--because", metavar="TEXT", help="... and why; the reason is kept in the ledger.")(command)


def reason_for(day: object | None, because: str | None, option: str) -> str:
    """What was typed behind `--because`, in one line; empty where nothing is to be accepted.

    Raises:
        SettingsError: one of the two is missing.
    """
    reason = " ".join((because or "").split())
    if bool(day) != bool(reason):
        raise SettingsError(f'{option} DAY and --because TEXT go together, as in {option} 2024-01-15 --because "seen".')
    return reason


def settings_of(**flags: Any) -> Settings:  # noqa: ANN401 - values of any setting
    """Settings, with what was typed on top; what is found and not followed is told once a command."""
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.settings import resolve

    settings = resolve(flags, os.environ)
    context = click.get_current_context(silent=True)
    told: set[str] = context.find_root().meta.setdefault(__name__, set()) if context else set()
    for notice in settings.notices:
        if notice not in told:
            told.add(notice)
            tell(f"apod: {notice}", "warning")
    return settings


def existing(archive: Path | None) -> Settings:
    """Settings of an archive that is there.

    Raises:
        SettingsError: when there is none.
    """
    settings = settings_of(archive=archive)
    if not (settings.archive / ".apod").is_dir():
        raise SettingsError(
            f"{settings.archive} is not an archive. Make one with `apod run`, or name one with --archive or "
            "$APOD_ARCHIVE."
        )
    return settings


def span_of(first: dt.datetime | None, last: dt.datetime | None, newest: dt.date, calendar: Calendar) -> Span | None:
    """The days between two typed ones, the last one by default the newest that is due; None when neither was typed.

    Raises:
        SettingsError: when they run backwards, before the first day, or begin when nothing is due yet.
    """
    from apod_pipeline.dataset.spans import Span

    if first is None and last is None:
        return None
    span_first = first.date() if first else calendar.first_day
    span_last = last.date() if last else newest
    if span_first > newest:
        raise SettingsError(
            f"{span_first} is not due yet: the newest day that is due is {newest} (days begin at "
            f"midnight {calendar.zone_in_words})."
        )
    if span_last < span_first or span_first < calendar.first_day:
        raise SettingsError(
            f"from {span_first} to {span_last}: days start at {calendar.first_day}, and the first must not be "
            "after the last."
        )
    return Span(span_first, span_last)
