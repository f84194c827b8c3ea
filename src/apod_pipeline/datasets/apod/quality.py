"""What must be true of an entry of APOD, and what of it a reader should know.

Takes rows, gives expressions that find those that break a rule. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from apod_pipeline.dataset.quality import Quality, Rule
from apod_pipeline.datasets.apod.calendar import FIRST_DAY, GAPS
from apod_pipeline.datasets.apod.fields import MEDIA_TYPES
from apod_pipeline.datasets.apod.rules.addresses import WHOLE_ADDRESS

if TYPE_CHECKING:
    import polars

ADDRESSES = ("url", "hdurl", "thumbnail_url", "permalink")
# Letters; the longest of 8,597 real ones: title 68, address 96, copyright 1,320, explanation 1,846.
LONGEST = {
    "title": 1_000,
    **dict.fromkeys(ADDRESSES, 4_000),
    **dict.fromkeys(("copyright", "credit", "alt", "rights_evidence"), 20_000),
    **dict.fromkeys(("explanation", "explanation_html"), 100_000),
}


def errors() -> Iterator[Rule]:
    """What must never be."""
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


def warnings() -> Iterator[Rule]:
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


def surely_fine(row: Mapping[str, Any], today: str) -> bool:
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


QUALITY = Quality(errors, warnings, surely_fine)
