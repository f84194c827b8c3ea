"""What is said beside exported entries: where they came from, what may be done with them, what the fields mean.

Takes chosen entries (their counts and provenance), gives plain values and Markdown. Never claims a right that is not
known, never names the time at which it is written.
"""

from __future__ import annotations

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.dataset.about import About, Origin
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import KINDS
from apod_pipeline.dictionary.page import entry_section
from apod_pipeline.exporting.choice import Choice

_UNKNOWN = "Nothing is known of what may be done with the entries"


def origin_of(about: About, source: str) -> Origin:
    """Who gives a source's readings; of one that nobody described its name, and the data set's own page."""
    found = about.origins.get(source, Origin(source, ""))
    return found if found.page else found._replace(page=about.homepage)


def sources(choice: Choice) -> list[str]:
    """Whose readings the entries are; all that there are, where an entry does not say that."""
    return [*choice.sources] or [*choice.dataset.about.origins]


def licence(about: About) -> str:
    """What may be done with the entries together, in a few words."""
    if about.rights:
        return "Rights differ from entry to entry"
    return about.licence or _UNKNOWN


def facts(choice: Choice) -> dict[str, str | int | None]:
    """The provenance and the choice as plain values by name."""
    origin, span = choice.provenance, choice.span
    return {
        "version": origin.commit,
        "version_at": timestamp(origin.at),
        "csv_md5": origin.csv_md5,
        "rules": origin.rules,
        "code": origin.code,
        "from": str(span.first) if span else None,
        "to": str(span.last) if span else None,
        "rights": choice.rights,
        "entries": choice.entries,
        "left_out": sum(choice.left_out.values()),
    }


def rights_notes(choice: Choice) -> str:
    """What may be done with the entries, in one paragraph."""
    rights, whole = choice.dataset.about.rights, choice.dataset.about.licence
    if rights:
        picked = rights.chosen if choice.rights == "redistributable" else rights.mixed
        return f"{picked} {rights.notes}"
    return f"Licence of the whole: {whole}." if whole else f"{_UNKNOWN}; no right to them is given."


_PROVENANCE = """\
# Provenance

Exported by `apod export` of apod-pipeline from an archive of {replies}. `version` is that archive's commit,
`version_at` its instant (all is dated by it), `csv_md5` the hash of the archive's CSV at that version, `rules` the
version of the rules that made entries from replies, `code` the version of the program.

| | |
|---|---|
{facts}

{heading}:

{sources}
"""


def provenance_page(choice: Choice) -> str:
    """PROVENANCE.md: sources, version, code and rules, and what was chosen."""
    told = {name: "all" if value is None and name in {"from", "to"} else value for name, value in facts(choice).items()}
    rows = [f"| {name} | {'unknown' if value is None else value} |" for name, value in told.items()]
    about = choice.dataset.about
    counts = {name: f": {count}" for name, count in choice.sources.items()}
    listed = [f"- {origin_of(about, name).title} (`{name}`){counts.get(name, '')}" for name in sources(choice)]
    heading = "Entries by source" if counts else "Sources"
    return _PROVENANCE.format(replies=about.replies, facts="\n".join(rows), heading=heading, sources="\n".join(listed))


_LICENCES = """\
# Rights

{notes}

- **Code**: apod-pipeline, and the layout and descriptors of this package, are under the MIT licence.
{terms}
"""


def licences_page(choice: Choice) -> str:
    """LICENSES.md: of the code, of the entries; what was left out."""
    return _LICENCES.format(notes=rights_notes(choice), terms=_terms(choice))


def _terms(choice: Choice) -> str:
    rights = choice.dataset.about.rights
    if rights is None:
        return f"- **Entries**: {licence(choice.dataset.about)}."
    free = ", ".join(f"`{name}`" for name in rights.redistributable)
    terms = rights.terms or (
        f"- **Redistributable** are entries whose `{rights.field}` is one of {free}; `{rights.evidence}` holds the "
        "words from which that was concluded."
    )
    left_out = ", ".join(f"{count} `{name}`" for name, count in choice.left_out.items()) or "none"
    return f"{terms}\n\nLeft out because of their rights: {left_out}."


_DICTIONARY = """\
# Data dictionary

`data/entries.csv` and `data/entries.parquet` hold the same entries and fields, by {key}. In CSV an empty cell is an
absent value, and a list is JSON text; in Parquet {typed} is text or
lists of text.

{entry}
"""
_IN_PARQUET = {
    "date": "a date",
    "datetime": "an instant",
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "object": "JSON text",
}


def dictionary_page(dataset: DataSet) -> str:
    """data-dictionary.md: the fields of an entry, and how they are written in the files."""
    columns = dataset.columns
    types = {field.name: KINDS[field.kind].schema[0] for field in columns.fields}
    typed = [f"`{name}` is {_IN_PARQUET[kind]}" for name, kind in types.items() if kind in _IN_PARQUET]
    words = f"{', '.join(typed)}, and all else" if typed else "all"
    return _DICTIONARY.format(key=columns.key, typed=words, entry=entry_section(dataset))
