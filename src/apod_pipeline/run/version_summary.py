"""What a version changed, in words: the body of its commit.

Takes the ledger and the Parquet file at that version, gives lines. Never writes.
"""

from __future__ import annotations

from typing import Any

from apod_pipeline.archive.known import Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.model import LEFT_OUT


def _plural(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def summary(ledger: Ledger, table: Table, version: Version) -> list[str]:
    """What a version changed, a line each: the body of its commit."""
    versions = ledger.versions()
    before = next((v.lines for v in reversed(versions) if v.at < version.at), 0)
    known = ledger.known(version.lines)
    states = [s for s in ledger.superseded(versions) if s["to"] == timestamp(version.at)]
    added = sum(line >= before for line in known.first_line.values())
    refused = sum(q.line >= before for q in known.quarantine)
    lines = [f"+{added} {_plural(added, 'entry', 'entries')}"] if added else []
    for cause, word in (
        ("source", "edited"),
        ("preference", "taken from another source"),
        ("rules", "reworded"),
        (LEFT_OUT, "left out"),
        *((word, word) for word in ledger.archive.dataset.causes),
    ):
        if days := [s for s in states if s["cause"] == cause]:
            lines.append(f"{len(days)} {word}{_fields_changed(table, days) if cause == 'source' else ''}")
    if refused:
        lines.append(f"{refused} {_plural(refused, 'refusal', 'refusals')}")
    return lines or ["no entry changed"]


def _fields_changed(table: Table, states: list[dict[str, Any]]) -> str:
    now = {row[table.columns.key]: row for row in table.rows([s["key"] for s in states])}
    changed = {n for s in states for n, value in s["entry"].items() if now[s["key"]].get(n) != value}
    return f" ({', '.join(name for name in table.columns.every if name in changed)})"
