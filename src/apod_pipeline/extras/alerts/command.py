"""`apod alerts`: try the channels, see what is wrong and who was told, be silent for a time, look now.

Takes what was typed, asks the room, prints.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import archive_option, existing
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.alerts.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apod_pipeline.extras.alerts.incidents import Silence
    from apod_pipeline.extras.alerts.listener import Alerts
    from apod_pipeline.extras.alerts.notebook import Notebook
    from apod_pipeline.settings import Settings

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType):  # type: ignore[type-arg] # newer versions of click are generic
    """A time as `30m`, `2h` or `3d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:  # noqa: ANN401 - click's
        """The time."""
        if isinstance(value, dt.timedelta):
            return value
        found = re.fullmatch(r"([1-9]\d{0,3})([mhd])", value)
        if not found:
            self.fail(f"{value!r} is no time; write 30m, 2h or 3d", param, ctx)
        return dt.timedelta(**{UNITS[found[2]]: int(found[1])})


@click.group()
def alerts() -> None:
    """Alerts by email, Slack and others, and what was told of.

    They are on where APOD_EXTRAS names `alerts` and a channel is set: see docs/alerts.md.
    """


@alerts.command()
@archive_option
def test(archive: Path | None, *, as_json: bool) -> None:
    """Send a test message through every channel.

    Exit code 1 if one of them does not take it.

    Example: apod alerts test
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.alerts.channels import ChannelDown

    wired = _wired(existing(archive))
    message = wired.wording.filled("test", "test", {})
    answers = {}
    for channel in wired.channels:
        try:
            remark = channel.send(message)
            answers[channel.name] = f"sent, but: {remark}" if remark else "sent"
        except ChannelDown as error:
            answers[channel.name] = f"not sent: {error}"
    if as_json:
        presentation.as_object(answers)
    else:
        presentation.table(["channel", ""], answers.items())
    sys.exit(0 if set(answers.values()) == {"sent"} else 1)


@alerts.command()
@archive_option
def status(archive: Path | None, *, as_json: bool) -> None:
    """Show what is wrong, what is silenced, what waits to be delivered, and who was told last.

    Example: apod alerts status
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.alerts.notebook import read
    from apod_pipeline.wiring import archive_of

    settings = existing(archive)
    notebook = read(archive_of(settings))
    said = notebook.as_json()
    if as_json:
        presentation.as_object({"channels": _channels(settings), **said})
        return
    rows = [
        ("channels", ", ".join(_channels(settings)) or "none: docs/alerts.md says how to set one"),
        *_rows(notebook),
    ]
    presentation.table(["what", ""], rows, width=160)


def _rows(notebook: Notebook) -> Iterator[tuple[str, str]]:
    for one in notebook.incidents:
        state = "well again" if one.ended else "told" if one.told else "not told"
        back = f", came back {one.returned} times" if one.returned else ""
        yield one.condition.kind, f"{KINDS[one.condition.kind]}, since {_clock(one.since)}: {state}{back}"
    for silence in notebook.silences:
        yield "silent", _silence(silence)
    for waiting in notebook.waiting:
        yield "waiting", f"{waiting.channel}: {waiting.message.subject} ({waiting.failed or 'not tried yet'})"
    for at, channel, subject in notebook.delivered[-5:]:
        yield "told", f"{_clock(at)}, {channel}: {subject}"


def _clock(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _silence(one: Silence) -> str:
    return f"{one.kind} until {_clock(one.until)}: {one.because}"


def _channels(settings: Settings) -> list[str]:
    from apod_pipeline.extras.alerts.channels import channels_of
    from apod_pipeline.extras.alerts.settings import wishes
    from apod_pipeline.settings.masking import secrets_of

    wished = wishes(settings)
    switch = ["dead-man's switch"] if wished.ping_url else []
    return [channel.name for channel in channels_of(wished, secrets_of(settings))] + switch


@alerts.command()
@click.argument("kind", type=click.Choice([*KINDS, "all"]))
@click.option("--for", "length", type=Duration(), help="How long: 30m, 2h, 3d.")
@click.option("--because", "reason", metavar="TEXT", help="Why; shown by `apod alerts status`.")
@click.option("--end", is_flag=True, help="End the silence now.")
@archive_option
def silence(
    kind: str, length: dt.timedelta | None, reason: str | None, archive: Path | None, *, end: bool, as_json: bool
) -> None:
    """Tell nothing of a kind of alert for a time; it ends by itself.

    What is still wrong then is told.

    Example: apod alerts silence late --for 2h --because "NASA said so"
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.alerts.incidents import Silence
    from apod_pipeline.extras.alerts.notebook import opened
    from apod_pipeline.wiring import archive_of

    if end == bool(length or reason) or (not end and not (length and reason)):
        raise SettingsError("say for how long and why (--for 2h --because TEXT), or --end.")
    now = dt.datetime.now(dt.UTC)
    with opened(archive_of(existing(archive))) as notebook:
        others = [one for one in notebook.silences if one.kind != kind and now < one.until]
        notebook.silences = others if length is None else [*others, Silence(kind, now + length, reason or "")]
        left = [_silence(one) for one in notebook.silences]
    if as_json:
        presentation.as_object({"silences": left})
    else:
        click.echo("\n".join(left) or "nothing is silenced")


@alerts.command()
@archive_option
def check(archive: Path | None, *, as_json: bool) -> None:
    """Look at the archive now, without a run, and deliver what waits.

    For cron, every hour: a day that is late is noticed also where runs are rare.

    Example: apod alerts check
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.alerts.notebook import read

    wired = _wired(existing(archive))
    wired.check()
    lasting = [one.condition.kind for one in read(wired.archive).incidents if one.ended is None]
    if as_json:
        presentation.as_object({"wrong": lasting})
    else:
        click.echo("\n".join(f"{kind}: {KINDS[kind]}" for kind in lasting) or "all is well")


def _wired(settings: Settings) -> Alerts:
    from apod_pipeline.extras.alerts.listener import alerts_of
    from apod_pipeline.wiring import archive_of

    if "alerts" not in settings.extras:
        raise SettingsError("the alerts are off. Nothing was sent; type: export APOD_EXTRAS=alerts")
    wired = alerts_of(settings, archive_of(settings))
    if not wired.channels:
        raise SettingsError(
            "no channel is set. Nothing was sent; for email, set APOD_ALERTS_SMTP_HOST and APOD_ALERTS_EMAIL_TO, for "
            "Slack APOD_ALERTS_SLACK_WEBHOOK; docs/alerts.md has the others."
        )
    return wired
