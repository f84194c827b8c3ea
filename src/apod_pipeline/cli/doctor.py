"""`apod doctor`: whether all that a run needs is there.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import archive_option, settings_of

if TYPE_CHECKING:
    from apod_pipeline.model import Finding


@click.command()
@click.option(
    "--probe",
    is_flag=True,
    help="Send each service one request of each kind, and compare the reply with what is known.",
)
@archive_option
def doctor(archive: Path | None, *, probe: bool, as_json: bool) -> None:
    """Check everything that a run needs.

    For everything that is wrong, it says what to do. Exit code 1 if anything is.

    Example: apod doctor --probe
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs.doctor import examine

    findings = list(examine(settings_of(archive=archive), probe=probe))
    if as_json:
        presentation.as_object({"findings": [_as_row(finding) for finding in findings]})
    else:
        presentation.table(["what", "state", "says", "do"], [tuple(_as_row(finding).values()) for finding in findings])
    sys.exit(1 if any(finding.state == "bad" for finding in findings) else 0)


def _as_row(finding: Finding) -> dict[str, str]:
    return {"what": finding.what, "state": finding.state, "says": finding.says, "do": finding.do}
