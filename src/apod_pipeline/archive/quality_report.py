"""The quality report, written where every version holds it; and an archive that has shrunk is told.

Takes a report and how many entries there were, gives nothing. Never judges an entry.
"""

from __future__ import annotations

import json
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.model import Finding, Report


def keep_report(archive: Archive, report: Report, before: int) -> None:
    """Write the report down.

    Args:
        archive: where.
        report: what the rules found.
        before: how many entries the archive held at the last version.

    Raises:
        ArchiveDamaged: it holds fewer now; nothing is loaded or versioned then.
    """
    said = {"entries": report.entries, "findings": [_as_row(finding) for finding in report.findings]}
    with replacing(archive.quality_report) as file:
        file.write(json.dumps(said, indent=1).encode() + b"\n")
    if report.entries < before:
        raise ArchiveDamaged(
            f"the archive holds {report.entries} entries but held {before} before: its ledger is an older one. Nothing "
            "was loaded. `apod recover ledger` brings the newer one back; to accept the archive as it is now, type "
            "`apod rebuild --accept-loss`."
        )


def _as_row(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.what,
        "meaning": finding.says,
        "severity": finding.severity,
        "count": finding.count,
        "dates": finding.entries,
    }
