"""`apod show`: a day as a version had it.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import ENTRY, archive_option, existing, key_of

if TYPE_CHECKING:
    from apod_pipeline.dataset.description import DataSet


@click.command()
@click.argument("day", type=ENTRY)
@click.option("--as-of", "name", default="HEAD", help="A commit, tag, day (its last state, UTC) or instant.")
@archive_option
def show(day: str, name: str, archive: Path | None, *, as_json: bool) -> None:
    """Show a day's entry, with every field.

    As it is now, or with --as-of as it was known at an earlier time.

    Example: apod show 2024-01-15 --as-of 2026-10-01
    """
    from apod_pipeline.archive.lines import timestamp
    from apod_pipeline.cli import presentation
    from apod_pipeline.errors import SettingsError
    from apod_pipeline.jobs import questions
    from apod_pipeline.versions.wording import as_text
    from apod_pipeline.wiring import states

    settings = existing(archive)
    known, key = states(settings), key_of(settings, day)
    version = known.version(name)
    entry = known.entry(version, key)
    if entry is None:
        raise SettingsError(
            questions.never(known.archive, key)
            or f"{key}: version {version.commit[:10]} of {timestamp(version.at)} has no entry for it. "
            f"`{_of_now(known.archive.dataset, key)}` shows what is known about it now."
        )
    if as_json:
        presentation.as_object({"version": version.commit, "at": timestamp(version.at), "entry": entry})
        return
    presentation.table(
        ["field", "value"],
        [(n, as_text(value)) for n, value in entry.items() if value or n == known.archive.dataset.columns.key],
    )
    click.echo(f"as of version {version.commit[:10]} of {timestamp(version.at)}")


def _of_now(dataset: DataSet, key: str) -> str:
    return f"apod coverage --from {key} --to {key}" if dataset.identity is None else f"apod history {quote(key)}"
