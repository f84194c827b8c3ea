"""The command that writes entries for others: export.

Takes what was typed, asks the library, prints. Never changes an archive.
"""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from apod_pipeline.cli.options import DAY, archive_option, existing, span_of

# Named here as well: help must not wait for the library. The tests compare.
FORMATS = ("csv", "jsonl", "parquet", "sqlite", "package")
RIGHTS = ("all", "redistributable")


@click.command()
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="The format to write.")
@click.option("--output", "-o", type=Path, required=True, help="The file; for a package, the folder.")
@click.option("--from", "first", type=DAY, help="The first day (default: the first one there is).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest day of the version).")
@click.option("--as-of", "name", help="An earlier version: a commit, tag, day (its last state, UTC) or instant.")
@click.option(
    "--rights",
    type=click.Choice(RIGHTS),
    default="all",
    show_default=True,
    help="redistributable: only entries whose picture or film is in the public domain or under Creative Commons.",
)
@click.option("--force", is_flag=True, help="Replace an existing file or package.")
@archive_option
def export(  # noqa: PLR0913 - an argument an option, as click hands them in
    form: str,
    output: Path,
    first: dt.datetime | None,
    last: dt.datetime | None,
    rights: str,
    name: str | None,
    archive: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write the entries of a version to a file, with every field.

    csv and jsonl are plain text, parquet is for analysis, sqlite can be searched (and opens in Datasette), a package is
    a folder with data, descriptors (Data Package, Croissant), dictionary, provenance, rights and checksums.

    Example: apod export --format sqlite --output apod.db --rights redistributable
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.exporting.choice import choose
    from apod_pipeline.exporting.export import export as write
    from apod_pipeline.exporting.snapshot import snapshot, snapshot_as_of
    from apod_pipeline.wiring import archive_of, data_set_of, states, today

    settings = existing(archive)
    dataset = data_set_of(settings)
    span = span_of(first, last, today(settings), dataset.calendar)
    with ExitStack() as held:
        if name is None:
            entries, provenance = held.enter_context(snapshot(archive_of(settings)))
        else:
            entries, provenance = snapshot_as_of(states(settings), name)
        if span and not last:  # not the day on which it is typed: the same version gives the same file
            span = replace(span, last=max(span.first, provenance.today))
        done = write(choose(dataset, entries, provenance, span, rights), form, output, force=force)
    if rights == "redistributable" and dataset.about.rights and dataset.about.rights.reminder:
        presentation.tell(f"apod: {dataset.about.rights.reminder}")
    if as_json:
        presentation.as_object(done._asdict())
        return
    click.echo(f"{done.path}: {done.entries} entries, {done.bytes:,} bytes, sha256 {done.sha256[:16]}")
    if done.left_out:
        why = ", ".join(f"{name} {count}" for name, count in done.left_out_by_rights.items())
        click.echo(f"left out: {done.left_out} entries that may not be redistributed, as far as is known ({why})")
