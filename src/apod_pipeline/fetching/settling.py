"""A reply's items as records, each by itself; and what of a verdict speaks of the days that were asked for.

Takes bodies and verdicts, gives records and verdicts. Never judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.readings import Record
from apod_pipeline.dataset.sources import Source
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import Unreadable
from apod_pipeline.fetching.canary import UNREADABLE
from apod_pipeline.model import Verdict, in_plain_words


def settled_items(source: Source, body: Path, form: str) -> Iterator[tuple[str | None, Record]]:
    """Every item of a body with its day; one that cannot be read is refused by itself.

    Raises:
        Unreadable: the body as a whole is not what the service sends.
    """
    for told, item in _items(source, body, form):
        try:
            yield told, source.settle(item)
        except Unreadable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one item does to a parser, its neighbours go on
            yield told, {UNREADABLE: f"it cannot be read ({type(error).__name__})"}


def _items(source: Source, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:
    """A body's items; whatever it does to the source's reader, it is only this body that cannot be read."""
    items = source.items(body, form)
    while True:
        try:
            item = next(items, None)
        except (Unreadable, OSError):
            raise
        except Exception as error:
            raise Unreadable(
                f"it cannot be read ({type(error).__name__}: {in_plain_words(str(error), 100)})"
            ) from error
        if item is None:
            return
        yield item


def of_the_asked(verdict: Verdict, asked: Span) -> Verdict:
    """What a feed, which tells whatever is newest, says of the days that it was asked for."""
    readings = tuple(reading for reading in verdict.readings if reading.day in asked)
    refusals = tuple(refusal for refusal in verdict.refusals if refusal.day is None or refusal.day in asked)
    return Verdict(readings, refusals, verdict.absent)
