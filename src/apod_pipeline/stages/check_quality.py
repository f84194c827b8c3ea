"""Entries in, verdicts out: which of them can be none, and what is wrong with the archive as it stands.

Takes rows, gives the reasons of those that break a rule of severity `error`: such a day is refused before a version
is sealed. Takes the whole table (polars, one row an entry), gives a `Report` of all rules; a warning is only told.
Pure: no I/O, never raises for what it finds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apod_pipeline.datasets.apod.calendar import FIRST_DAY, GAPS
from apod_pipeline.datasets.apod.entry import MEDIA_TYPES
from apod_pipeline.datasets.apod.rules.addresses import WHOLE_ADDRESS
from apod_pipeline.model import Finding, Report

if TYPE_CHECKING:
    import polars

MOST_DATES = 20
ADDRESSES = ("url", "hdurl", "thumbnail_url", "permalink")
# Letters; the longest of 8,597 real ones: title 68, address 96, copyright 1,320, explanation 1,846.
LONGEST = {
    "title": 1_000,
    **dict.fromkeys(ADDRESSES, 4_000),
    **dict.fromkeys(("copyright", "credit", "alt", "rights_evidence"), 20_000),
    **dict.fromkeys(("explanation", "explanation_html"), 100_000),
}


class Rule(NamedTuple):
    """One check: its name, what it means, how bad it is, and the rows that it finds."""

    name: str
    meaning: str
    severity: str
    finds: Callable[[dt.date], polars.Expr]


def _rules() -> Iterator[Rule]:
    yield from _errors()
    yield from _warnings()


def _errors() -> Iterator[Rule]:
    """What must never be: it stops the run before loading."""
    from polars import col

    yield Rule(
        "title-empty",
        "every entry has a title that can be seen",
        "error",
        lambda _: ~col("title").fill_null("").str.contains(r"[\p{L}\p{N}\p{P}\p{S}]"),
    )
    yield Rule("date-twice", "a day has one entry", "error", lambda _: col("date").is_duplicated())
    yield Rule(
        "date-impossible",
        "an entry's day exists, is due, and is one on which NASA published",
        "error",
        lambda today: (
            col("date").str.to_date("%Y-%m-%d", strict=False).is_null()
            | (col("date") < str(FIRST_DAY))
            | (col("date") > str(today))
            | col("date").is_in([str(day) for day in GAPS])
        ),
    )
    yield Rule(
        "media-type-unknown",
        f"media_type is one of {', '.join(MEDIA_TYPES)}",
        "error",
        lambda _: ~col("media_type").is_in(MEDIA_TYPES),
    )
    yield Rule(
        "address-relative",
        f"{', '.join(ADDRESSES[:-1])} and {ADDRESSES[-1]} are whole web addresses",
        "error",
        lambda _: _any(~col(name).str.contains(WHOLE_ADDRESS) for name in ADDRESSES),
    )
    yield Rule(
        "line-break-in-text",
        "title and explanation are one line each",
        "error",
        lambda _: _any(col(name).str.contains(r"[\r\n]") for name in ("title", "explanation")),
    )
    yield Rule(
        "field-too-long",
        f"no field is longer than any real one many times over: {', '.join(f'{n} {m:,}' for n, m in LONGEST.items())}",
        "error",
        lambda _: _any(col(name).str.len_chars() > most for name, most in LONGEST.items()),
    )


def _warnings() -> Iterator[Rule]:
    """What a reader should know of: damages that were kept, oddities."""
    from polars import col, lit

    text = col("explanation")
    yield Rule("explanation-missing", "an entry has an explanation", "warning", lambda _: text.is_null())
    yield Rule(
        "explanation-short",
        "an explanation has 80 characters or more",
        "warning",
        lambda _: text.str.len_chars() < 80,
    )
    yield Rule(
        "explanation-repeated",
        "no two days share an explanation",
        "warning",
        lambda _: text.is_not_null() & text.hash().is_duplicated(),  # a hash, so that the texts need not be held
    )
    yield Rule(
        "letters-lost",
        "no letter was replaced by U+FFFD on its way",
        "warning",
        lambda _: _any(
            col(name).str.contains("\ufffd", literal=True) for name in ("title", "explanation", "copyright")
        ),
    )
    yield Rule(
        "markup-left",
        "no HTML is left in a text",
        "warning",
        lambda _: text.str.contains(r"</?(a|b|i|p|br|em)\b[^>]*>"),
    )
    yield Rule(
        "title-long",
        "a title has 200 characters at most",
        "warning",
        lambda _: col("title").str.len_chars() > 200,
    )
    yield Rule(
        "address-missing",
        "an image or a video has an address",
        "warning",
        lambda _: col("url").is_null() & (col("media_type") != lit("other")),
    )
    yield Rule(
        "damaged",
        "an entry carries no damage that could not be repaired",
        "warning",
        lambda _: col("flags").list.len() > 0,
    )


def _any(expressions: Iterator[polars.Expr]) -> polars.Expr:
    import polars

    return polars.any_horizontal([expression.fill_null(value=False) for expression in expressions])


_LETTER = re.compile("[A-Za-z0-9]")
_WHOLE = re.compile(WHOLE_ADDRESS.rstrip("$") + r"\Z")
_FIRST = str(FIRST_DAY)
_DAYS_WITHOUT = {str(day) for day in GAPS}


def _surely_fine(row: Mapping[str, Any], today: str) -> bool:
    """True for a row that is so plain that no rule of severity `error` can find it; most are."""
    title, text = row["title"], row["explanation"] or ""
    if not title or not _LETTER.search(title) or row["media_type"] not in MEDIA_TYPES:
        return False
    if "\n" in title or "\r" in title or "\n" in text or "\r" in text:
        return False
    for name in ADDRESSES:
        if row[name] is not None and not _WHOLE.match(row[name]):
            return False
    for name, most in LONGEST.items():
        if row[name] is not None and len(row[name]) > most:
            return False
    return _FIRST <= row["date"] <= today and row["date"] not in _DAYS_WITHOUT


def refused(rows: Sequence[Mapping[str, Any]], today: dt.date) -> dict[str, str]:
    """Which rows can be no entries: by date, the name and meaning of the first rule of severity `error` they break.

    Args:
        rows: one an entry, with every field; their dates are told apart.
        today: the newest day that is due.
    """
    rows = [row for row in rows if not _surely_fine(row, str(today))]  # the rules cost a millisecond, this a hundredth
    return _refused(rows, today) if rows else {}


def _refused(rows: Sequence[Mapping[str, Any]], today: dt.date) -> dict[str, str]:
    import polars

    rules = list(_errors())
    found = [rule.finds(today).fill_null(value=False).alias(rule.name) for rule in rules]
    names = sorted({name for expression in found for name in expression.meta.root_names()})
    columns = {name: [row[name] for row in rows] for name in names}
    frame = polars.DataFrame(columns, schema=dict.fromkeys(names, polars.String))
    broken = frame.select("date", *found).filter(polars.any_horizontal(rule.name for rule in rules))
    return {
        str(row["date"]): next(f"{rule.name}: {rule.meaning}" for rule in rules if row[rule.name])
        for row in broken.iter_rows(named=True)
    }


def check_quality(table: polars.LazyFrame, today: dt.date, entries_before: int = 0) -> Report:
    """Every rule's answer over the whole archive.

    Args:
        table: the Parquet file's content, one row an entry.
        today: the newest day that is due.
        entries_before: how many entries the last version held; an archive never shrinks.
    """
    rules = list(_rules())
    found = [rule.finds(today).fill_null(value=False).alias(rule.name) for rule in rules]
    frame = table.select("date", *found).collect(engine="streaming")
    findings = []
    for rule in rules:
        dates = frame.filter(frame[rule.name])["date"]
        findings.append(Finding(rule.name, rule.meaning, rule.severity, len(dates), tuple(dates.head(MOST_DATES))))
    lost = max(0, entries_before - frame.height)
    findings.append(Finding("archive-shrunk", "an archive never loses an entry", "error", lost))
    return Report(frame.height, tuple(findings))
