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
    """Make one archive of this one and of another that began apart.

    The other one is what APOD_GIT_REMOTE names: an archive of the same data set whose history has nothing in common
    with this one's. Its versions stay below, this archive's are derived again on top of them, one by one, and the last
    commit has both histories before it: every reply, reading, refusal, state and commit of either stays. The objects of
    both must be on the DVC remote.

    Example: apod join
    """
    settings = existing(archive)
    if not settings.git_remote:
        raise SettingsError("say what to join: set APOD_GIT_REMOTE to the other archive. Nothing was changed.")
    with wired(settings, "joining", 1) as pipeline:
        outcome = pipeline.join()
    report(settings.archive, outcome, as_json=as_json)
