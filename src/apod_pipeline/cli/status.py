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

    How it stands: whether it is fresh, what is refused, what is missing, when it was verified, what it takes on disk.
    Each thing that is waiting has a line, with what to type.

    Example: apod status --json
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.jobs.standing import standing
    from apod_pipeline.jobs.waiting import waiting_in
    from apod_pipeline.wiring import archive_of, extras, today

    settings = existing(archive)
    found, day = archive_of(settings), today(settings)
    answer, stuck = questions.status(found, day), waiting_in(settings)
    stands = standing(found, day, extras(settings, found))
    if as_json:
        presentation.as_object({**answer, "standing": stands, "waiting": [one._asdict() for one in stuck]})
        return
    presentation.table(["what", "value"], [*answer.items(), *stands.items()])
    for one in stuck:
        click.echo(f"{one.what}; do: {one.do}")
