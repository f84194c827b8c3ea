"""`apod verify`: whether everything is what it was.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli import presentation
from apod_pipeline.cli.options import archive_option, existing, remote_bytes_option

if TYPE_CHECKING:
    from apod_pipeline.model import Finding


@click.command()
@remote_bytes_option(
    "Read this share of a DVC remote that is not a local folder (5%), a new share every week; by default, objects are "
    "only listed."
)
@archive_option
def verify(remote_bytes: float, archive: Path | None, *, as_json: bool) -> None:
    """Check that everything is unchanged.

    Raw replies are hashed again; every file is derived again and compared byte for byte; tables are compared row by
    row; DVC's objects here are hashed; Git must be clean and pushed; no day may be missing. On a DVC remote that is a
    folder on this machine, every object is hashed too. On any other, objects are listed, and --remote-bytes reads a
    share of them: with 5% a week, all of them in twenty weeks. Exit code 1 if anything differs; nothing is changed.

    Example: apod verify --remote-bytes 5%
    """
    from apod_pipeline.jobs.verify import verify

    checks = verify(existing(archive), remote_bytes)
    if as_json:
        presentation.as_object({"well": all(c.well for c in checks), "checks": [_as_row(c) for c in checks]})
    else:
        rows = [(c.what, "ok" if c.well else "WRONG", c.says, c.do) for c in checks]
        presentation.table(["what", "", "says", "do"], rows, width=240)  # a line a check, to be searched
    sys.exit(0 if all(check.well for check in checks) else 1)


def _as_row(finding: Finding) -> dict[str, str | bool]:
    return {"what": finding.what, "well": finding.well, "says": finding.says, "do": finding.do}
