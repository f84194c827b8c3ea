"""Entries in, verdicts out: which of them can be none, and what is wrong with the archive as it stands.

Takes rows, gives the reasons of those that break a rule of severity `error`: such a day is refused before a version
is sealed. Takes the whole table (polars, one row an entry), gives a `Report` of all rules; a warning is only told.
Pure: no I/O, never raises for what it finds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.quality import Rule
from apod_pipeline.model import Finding, Report

if TYPE_CHECKING:
    import polars

MOST_DATES = 20


def refused(rows: Sequence[Mapping[str, Any]], dataset: DataSet, today: dt.date) -> dict[str, str]:
    """Which rows can be no entries: by key, the name and meaning of the first rule of severity `error` they break.

    Args:
        rows: one an entry, with every field; their keys are told apart.
        dataset: its fields and its rules.
        today: the newest day that is due.
    """
    # The rules cost a millisecond, this a hundredth.
    rows = [row for row in rows if not dataset.quality.surely_fine(row, str(today))]
    return _refused(rows, dataset.columns, list(dataset.quality.errors()), today) if rows else {}


def _refused(
    rows: Sequence[Mapping[str, Any]], columns: Columns, rules: Sequence[Rule], today: dt.date
) -> dict[str, str]:
    import polars

    found = [rule.finds(today).fill_null(value=False).alias(rule.name) for rule in rules]
    names = sorted({columns.key, *(name for expression in found for name in expression.meta.root_names())})
    kinds = columns.schema()
    values = {name: [row.get(name) for row in rows] for name in names}
    frame = polars.DataFrame(values, schema={name: kinds[name] for name in names})
    broken = frame.select(columns.key, *found).filter(polars.any_horizontal(rule.name for rule in rules))
    return {
        str(row[columns.key]): next(f"{rule.name}: {rule.meaning}" for rule in rules if row[rule.name])
        for row in broken.iter_rows(named=True)
    }


def check_quality(table: polars.LazyFrame, dataset: DataSet, today: dt.date, entries_before: int = 0) -> Report:
    """Every rule's answer over the whole archive.

    Args:
        table: the Parquet file's content, one row an entry.
        dataset: its fields and its rules.
        today: the newest day that is due.
        entries_before: how many entries the last version held; an archive never shrinks, but where sources tell that
            an entry is not there any more.
    """
    rules, key = [*dataset.quality.errors(), *dataset.quality.warnings()], dataset.columns.key
    found = [rule.finds(today).fill_null(value=False).alias(rule.name) for rule in rules]
    frame = table.select(key, *found).collect(engine="streaming")
    findings = []
    for rule in rules:
        keys = frame.filter(frame[rule.name])[key]
        findings.append(_finding(rule.name, rule.meaning, rule.severity, len(keys), tuple(keys.head(MOST_DATES))))
    if dataset.identity is None or not dataset.identity.complete:
        lost = max(0, entries_before - frame.height)
        findings.append(_finding("archive-shrunk", "an archive never loses an entry", "error", lost))
    return Report(frame.height, tuple(findings))


def _finding(rule: str, meaning: str, severity: str, count: int, keys: tuple[str, ...] = ()) -> Finding:
    state = "ok" if not count else "bad" if severity == "error" else "odd"
    return Finding(rule, state, meaning, severity=severity, count=count, entries=keys)
