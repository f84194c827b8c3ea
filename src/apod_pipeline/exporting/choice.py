"""Which entries go into a file: those of some days, those whose rights allow it; and where they came from.

Takes a data set, a frame of its entries with every field, in the order of their days, and the frame's provenance; gives
them with the entries that were chosen, and counts of those that were left out. Never writes, never looks into an
archive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apod_pipeline.archive.processed import ROW_GROUP
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.exporting import kinds

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
        dataset: what they are entries of.
        frame: every field of the chosen entries, as JSON holds them, in the order of their days.
        provenance: what they were taken from.
        span: the days that were asked for; None for all.
        rights: `all` or `redistributable`.
        entries: how many there are.
        left_out: by rights, how many entries of those days were left out.
        sources: by source, how many of the entries are its readings; empty where an entry does not say that.
    """

    dataset: DataSet
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


def choose(
    dataset: DataSet, entries: polars.LazyFrame, provenance: Provenance, span: Span | None = None, rights: str = "all"
) -> Choice:
    """Pick the entries of some days, and of those the ones whose rights allow what is asked for.

    Args:
        dataset: what they are entries of.
        entries: every field, in the order of the days.
        provenance: what they were taken from.
        span: only these days.
        rights: `all`, or `redistributable`: only what may be passed on as it is.

    Raises:
        SettingsError: nothing is left, there is no such choice of rights, or the data set says nothing of rights.
    """
    import polars

    free = _free(dataset, rights)
    columns = dataset.columns
    frame = kinds.told(entries, columns.fields)
    if span:
        days = polars.lit(str(span.first)), polars.lit(str(span.last))
        frame = frame.filter(polars.col(columns.day).is_between(*days))
    left_out, chosen = frame.filter(~free), frame.filter(free)
    sources = _counted(chosen, columns.source) if columns.source else {}
    count = sum(sources.values()) if columns.source else int(chosen.select(polars.len()).collect().item())
    away = _counted(left_out, dataset.about.rights.field) if dataset.about.rights else {}
    choice = Choice(dataset, chosen, provenance, span, rights, count, away, sources)
    if not choice.entries:
        raise SettingsError(_nothing(choice))
    return choice


def _free(dataset: DataSet, rights: str) -> polars.Expr:
    """Which entries a choice of rights takes."""
    import polars

    if rights not in RIGHTS:
        raise SettingsError(
            f"there is no rights choice {rights!r}. Nothing was written; there are {', '.join(RIGHTS)}."
        )
    if rights == "all":
        return polars.lit(value=True)
    if dataset.about.rights is None:
        raise SettingsError(
            f"an entry of {dataset.name} does not say whether it may be redistributed, so none can be selected by "
            "that. Nothing was written; --rights all takes all entries."
        )
    return polars.col(dataset.about.rights.field).is_in(list(dataset.about.rights.redistributable))


def _counted(frame: polars.LazyFrame, name: str) -> dict[str, int]:
    return dict(sorted(frame.group_by(name).len().collect().iter_rows()))


def _nothing(choice: Choice) -> str:
    days = f"from {choice.span.first} to {choice.span.last} " if choice.span else ""
    missing = sum(choice.left_out.values())
    why = f": {missing} may not be redistributed, as far as is known" if missing else ""
    return (
        f"the archive has no entry {days}that could be exported{why}. Nothing was written; `apod coverage` shows which "
        "days it has, --rights all takes all entries."
    )
