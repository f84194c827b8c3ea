"""`apod log`: the versions.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import archive_option, existing

if TYPE_CHECKING:
    from apod_pipeline.versions.commits import Changed


@click.command()
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many versions to list.")
@click.option("--all", "everything", is_flag=True, help="List all versions.")
@archive_option
def log(limit: int, archive: Path | None, *, everything: bool, as_json: bool) -> None:
    """List the versions, newest first.

    When each was made and by whom, and how many entries it added (+), edited (~) and removed (-).

    Example: apod log -n 5
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.versions import commits
    from apod_pipeline.wiring import archive_of

    known = list(commits.log(archive_of(existing(archive))))[::-1]
    shown = known if everything else known[:limit]
    if as_json:
        presentation.as_object({"versions": [_as_row(one) for one in shown]})
        return
    headings = ["version", "date (UTC)", "+", "~", "-", "entries", "CSV's MD5", "by", "release"]
    presentation.table(headings, [_as_cells(one) for one in shown])
    if len(shown) < len(known):
        click.echo(f"... and {len(known) - len(shown)} earlier ones; --all shows them all")


def _as_row(one: Changed) -> dict[str, Any]:
    from apod_pipeline.archive.lines import timestamp

    version, counts = one.version, {name: getattr(one, name) for name in ("added", "edited", "removed", "entries")}
    told = {"version": version.commit, "at": timestamp(version.at), "by": version.who, "subject": version.subject}
    return {**told, **counts, "csv_md5": one.csv_md5, "releases": version.tags, "code_version": version.code or None}


def _as_cells(one: Changed) -> tuple[Any, ...]:
    version = one.version
    counts = (one.added, one.edited, one.removed, "" if one.entries is None else one.entries)
    by = version.who.partition(" <")[0]
    return version.commit[:10], f"{version.at:%Y-%m-%d %H:%M:%S}", *counts, one.csv_md5, by, " ".join(version.tags)
