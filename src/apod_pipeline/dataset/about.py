"""What a data set is for people: its title, where it comes from, what may be done with it, what is searched in it.

Takes nothing, gives the parts of a description. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple


def either(names: Iterable[str]) -> str:
    """Names as one reads them where it is one of them: `a, b or c`."""
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last


class Origin(NamedTuple):
    """Who gives a data set's readings: a source's title, and its web page."""

    title: str
    page: str


class Rights(NamedTuple):
    """What may be done with an entry.

    Attributes:
        field: the field that says so, a short name.
        evidence: the field with the words from which that was concluded.
        redistributable: the short names of rights that let an entry be passed on as it is.
        notes: what is to be known of it, in a sentence or more.
        chosen: what is said of entries of which only those are there that may be passed on.
        mixed: what is said of all entries together.
        terms: what they mean for whoever passes entries on: items of a list in Markdown.
        reminder: what whoever chose those that may be passed on is reminded of.
    """

    field: str
    evidence: str
    redistributable: tuple[str, ...]
    notes: str
    chosen: str = "Only entries that may be redistributed, as far as is known, are in here."
    mixed: str = "Entries are in here whatever their rights are."
    terms: str = ""
    reminder: str = ""


class About(NamedTuple):
    """A data set in words.

    Attributes:
        title: of its entries together.
        creator: who makes it.
        homepage: where it is at home.
        keywords: what it is found by.
        entry: what one entry is, as a record of an export is described.
        plain_table: what the table of the current entries is.
        origins: by source, who gives its readings.
        rights: what may be done with an entry; None where nothing is said of single ones.
        shown: fields that tell what an entry is, where all of them are too many.
        called: fields by which people call an entry, where its key is not what they know.
        licence: what may be done with the data as a whole, where that is known.
        replies: whose replies an archive of it keeps.
        size: how large an archive of all of it is, roughly: how many entries, how many megabytes.
    """

    title: str
    creator: str
    homepage: str
    keywords: tuple[str, ...]
    entry: str
    plain_table: str
    origins: Mapping[str, Origin]
    rights: Rights | None = None
    shown: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    licence: str | None = None
    replies: str = "its sources' replies"
    size: str = ""


class Search(NamedTuple):
    """What of an entry is searched.

    Attributes:
        weighted: by weight (`A` counts most, `D` least), the fields, and how many letters of them at most.
        filters: fields that a search may be narrowed by.
        exported: the fields that the index of an exported file has, where that is not all of the weighted ones.
    """

    weighted: Mapping[str, tuple[tuple[str, ...], int]]
    filters: tuple[str, ...] = ()
    exported: tuple[str, ...] | None = None

    @property
    def indexed(self) -> tuple[str, ...]:
        """The fields that the index of an exported file has."""
        return self.exported or tuple(name for names, _ in self.weighted.values() for name in names)


Notes = Mapping[str, Mapping[str, str]]  # a field that holds names -> each name with its meaning
NO_NOTES: Notes = MappingProxyType({})
