"""What is said beside exported entries: where they came from, what may be done with them, what the fields mean.

Takes chosen entries (their counts and provenance), gives plain values and Markdown. Never claims a right that is not
known, never names the time at which it is written.
"""

from __future__ import annotations

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.rules.rights import REDISTRIBUTABLE
from apod_pipeline.dictionary.page import entry_section
from apod_pipeline.exporting.choice import Choice

HOMEPAGE = "https://apod.nasa.gov/apod/"
SOURCES = {
    "science": ("NASA Science, articles on the Astronomy Picture of the Day", "https://science.nasa.gov"),
    "planetary": ("NASA's older API, /planetary/apod, or a mirror of it", "https://api.nasa.gov"),
    "file": ("an archive that somebody had kept, imported from a file", HOMEPAGE),
}


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
    picked = (
        "Only entries whose picture or film may be redistributed, as far as its credit says so, are in here. "
        if choice.rights == "redistributable"
        else "Entries are in here whatever their rights are; many pictures are under copyright. "
    )
    return (
        f"{picked}No licence covers the whole: the column rights speaks of each entry's picture or film, and "
        "rights_evidence holds the words from which a program, which can err, concluded that. The texts (title, "
        "explanation, alt) are by the authors of Astronomy Picture of the Day and by NASA; no right to them is given."
    )


_PROVENANCE = """\
# Provenance

Exported by `apod export` of apod-pipeline from an archive of NASA's replies. `version` is that archive's commit,
`version_at` its instant (all is dated by it), `csv_md5` the hash of the archive's CSV at that version, `rules` the
version of the rules that made entries from replies, `code` the version of the program.

| | |
|---|---|
{facts}

Entries by source:

{sources}
"""


def provenance_page(choice: Choice) -> str:
    """PROVENANCE.md: sources, version, code and rules, and what was chosen."""
    told = {name: "all" if value is None and name in {"from", "to"} else value for name, value in facts(choice).items()}
    rows = [f"| {name} | {'unknown' if value is None else value} |" for name, value in told.items()]
    sources = [f"- {SOURCES.get(name, (name, ''))[0]} (`{name}`): {count}" for name, count in choice.sources.items()]
    return _PROVENANCE.format(facts="\n".join(rows), sources="\n".join(sources))


_LICENCES = """\
# Rights

{notes}

- **Code**: apod-pipeline, and the layout and descriptors of this package, are under the MIT licence.
- **Pictures and films** are not in here, only their addresses. They belong to their holders; `rights`,
  `rights_evidence`, `credit` and `copyright` say what each entry's credit says. `unknown` means that nobody said
  anything: it is not a permission. To NASA's own pictures NASA's media usage guidelines apply.
- **Texts** (`title`, `explanation`, `explanation_html`, `alt`) are not covered by `rights`, also where the picture is
  free. They are by the authors and editors of Astronomy Picture of the Day, not all of whom work for NASA, so they are
  not simply in the public domain. Ask them before you publish the texts, or leave those columns out.
- **Redistributable** are pictures and films whose rights are one of
  {free}.
  Whoever keeps to the terms may pass them on unchanged. Those under `cc-by` and what begins with it ask that the holder
  is named (`credit`); with `nc` nothing may be earned by it, with `nd` nothing may be changed.

Left out because of their rights: {left_out}.
"""


def licences_page(choice: Choice) -> str:
    """LICENSES.md: of the code, of pictures and films, of the texts; what was left out."""
    free = ", ".join(f"`{name}`" for name in REDISTRIBUTABLE)
    left_out = ", ".join(f"{count} `{name}`" for name, count in choice.left_out.items()) or "none"
    return _LICENCES.format(notes=rights_notes(choice), free=free, left_out=left_out)


_DICTIONARY = """\
# Data dictionary

`data/entries.csv` and `data/entries.parquet` hold the same entries and fields, by date. In CSV an empty cell is an
absent value, and a list is JSON text; in Parquet `date` is a date, and all else is text or
lists of text.

{entry}
"""


def dictionary_page() -> str:
    """data-dictionary.md: the fields of an entry, and how they are written in the files."""
    return _DICTIONARY.format(entry=entry_section(DATA_SET))
