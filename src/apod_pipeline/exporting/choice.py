"""Which entries go into a file: those of some days, those whose rights allow it; and where they came from.

Takes a frame of entries with every field, in the order of their days, and its provenance; gives both with the entries
that were chosen, and counts of those that were left out. Never writes, never looks into an archive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apod_pipeline.archive.processed import ROW_GROUP
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.entry import ENTRY_FIELDS
from apod_pipeline.datasets.apod.rules.rights import REDISTRIBUTABLE
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    import polars

RIGHTS = ("all", "redistributable")


class Provenance(NamedTuple):
    """What the entries were taken from.

    Attributes:
        at: the version's instant: whatever is dated in an export has this date, so that it can be repeated.
        commit: the version's commit; None while it is not committed.
        csv_md5: MD5 of the archive's CSV at that version, as DVC knows it; None where it is not known.
        rules: version of the rules that made the entries.
        code: version of this project.
        today: the newest day that was due then: where no last day is asked for, this is it.
    """

    at: dt.datetime
    commit: str | None
    csv_md5: str | None
    rules: int
    code: str
    today: dt.date


class Choice(NamedTuple):
    """The entries that go into a file.

    Attributes:
        frame: every field of the chosen entries, in the order of their days.
        provenance: what they were taken from.
        span: the days that were asked for; None for all.
        rights: `all` or `redistributable`.
        entries: how many there are.
        left_out: by rights, how many entries of those days were left out.
        sources: by source, how many of the entries are its readings.
    """

    frame: polars.LazyFrame
    provenance: Provenance
    span: Span | None
    rights: str
    entries: int
    left_out: dict[str, int]
    sources: dict[str, int]

    def pieces(self) -> Iterator[polars.DataFrame]:
        """The entries piece by piece, so that no more than one piece is in memory."""
        offset = 0
        while (piece := self.frame.slice(offset, ROW_GROUP).collect()).height:
            yield piece
            offset += ROW_GROUP

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every entry by field name, in the order of the days."""
        for piece in self.pieces():
            yield from piece.iter_rows(named=True)


def choose(entries: polars.LazyFrame, provenance: Provenance, span: Span | None = None, rights: str = "all") -> Choice:
    """Pick the entries of some days, and of those the ones whose rights allow what is asked for.

    Args:
        entries: every field, in the order of the days.
        provenance: what they were taken from.
        span: only these days.
        rights: `all`, or `redistributable`: only what may be passed on as it is.

    Raises:
        SettingsError: nothing is left, or there is no such choice of rights.
    """
    import polars

    if rights not in RIGHTS:
        raise SettingsError(
            f"there is no choice of rights {rights!r}. Nothing was written; there are {', '.join(RIGHTS)}."
        )
    frame = entries.select(ENTRY_FIELDS)
    if span:
        frame = frame.filter(polars.col("date").is_between(polars.lit(str(span.first)), polars.lit(str(span.last))))
    free = polars.col("rights").is_in(list(REDISTRIBUTABLE)) if rights == "redistributable" else polars.lit(value=True)
    left_out, chosen = frame.filter(~free), frame.filter(free)
    sources = _counted(chosen, "source")
    choice = Choice(chosen, provenance, span, rights, sum(sources.values()), _counted(left_out, "rights"), sources)
    if not choice.entries:
        raise SettingsError(_nothing(choice))
    return choice


def _counted(frame: polars.LazyFrame, name: str) -> dict[str, int]:
    return dict(sorted(frame.group_by(name).len().collect().iter_rows()))


def _nothing(choice: Choice) -> str:
    days = f"from {choice.span.first} to {choice.span.last} " if choice.span else ""
    missing = sum(choice.left_out.values())
    why = f": {missing} may not be passed on, as far as is known" if missing else ""
    return (
        f"the archive has no entry {days}that could be exported{why}. Nothing was written; `apod coverage` shows which "
        "days there are, --rights all takes all of them."
    )
