"""`apod join`: two archives that began apart, made one.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import (
    archive_option,
    existing,
)
from apod_pipeline.cli.outcomes import report, wired
from apod_pipeline.errors import SettingsError


@click.command()
@archive_option
def join(archive: Path | None, *, as_json: bool) -> None:
    """Merge this archive with another that was started separately.

    The other archive is the one APOD_GIT_REMOTE names: of the same data set, with no history in common with this one.
    Its versions stay below; this archive's versions are derived again on top of them, one by one, and the last commit
    has both histories as its parents. Every reply, reading, refusal, state and commit of either is kept. The objects of
    both must be on the DVC remote.

    Example: apod join
    """
    settings = existing(archive)
    if not settings.git_remote:
        raise SettingsError("say what to join: set APOD_GIT_REMOTE to the other archive. Nothing was changed.")
    with wired(settings, "joining", 1) as pipeline:
        outcome = pipeline.join()
    report(settings.archive, outcome, as_json=as_json)
