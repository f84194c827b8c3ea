"""`apod status`: the archive in a dozen numbers, and what waits.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import archive_option, existing


@click.command()
@archive_option
def status(archive: Path | None, *, as_json: bool) -> None:
    """Show the archive in a dozen numbers, and what is waiting.

    Each thing that is waiting has a line, with what to type.

    Example: apod status --json
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.jobs.waiting import waiting_in
    from apod_pipeline.wiring import archive_of, today

    settings = existing(archive)
    answer, stuck = questions.status(archive_of(settings), today(settings)), waiting_in(settings)
    if as_json:
        presentation.as_object({**answer, "waiting": [one._asdict() for one in stuck]})
        return
    presentation.table(["what", "value"], answer.items())
    for one in stuck:
        click.echo(f"{one.what}; do: {one.do}")
