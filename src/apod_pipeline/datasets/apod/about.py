"""APOD in words: what it is, who gives it, what may be done with it, what is searched in it.

Takes the fields and the rules, gives `ABOUT`, `SEARCH`, `RELATIONS`. Pure.
"""

from __future__ import annotations

from apod_pipeline.dataset.about import About, Origin, Rights, Search
from apod_pipeline.dataset.fields import Field
from apod_pipeline.dataset.relations import Relation
from apod_pipeline.datasets.apod.fields import ENTRY
from apod_pipeline.datasets.apod.rules.rights import REDISTRIBUTABLE

HOMEPAGE = "https://apod.nasa.gov/apod/"
_FIELDS = {field.name: field for field in ENTRY}
_TERMS = f"""\
- **Pictures and films** are not in here, only their addresses. They belong to their holders; `rights`,
  `rights_evidence`, `credit` and `copyright` say what each entry's credit says. `unknown` means that nobody said
  anything: it is not a permission. To NASA's own pictures NASA's media usage guidelines apply.
- **Texts** (`title`, `explanation`, `explanation_html`, `alt`) are not covered by `rights`, also where the picture is
  free. They are by the authors and editors of Astronomy Picture of the Day, not all of whom work for NASA, so they are
  not simply in the public domain. Ask them before you publish the texts, or leave those columns out.
- **Redistributable** are pictures and films whose rights are one of
  {", ".join(f"`{name}`" for name in REDISTRIBUTABLE)}.
  Whoever keeps to the terms may pass them on unchanged. Those under `cc-by` and what begins with it ask that the holder
  is named (`credit`); with `nc` nothing may be earned by it, with `nd` nothing may be changed."""

ABOUT = About(
    title="Entries of NASA's Astronomy Picture of the Day",
    creator="Astronomy Picture of the Day",
    homepage=HOMEPAGE,
    keywords=("astronomy", "NASA", "APOD", "pictures", "explanations"),
    entry="One record a day.",
    shown=("title", "url", "media_type", "source"),
    plain_table="the design document's table, exactly: the current entry of every day, its output fields",
    origins={
        "science": Origin(
            "NASA Science, articles on the Astronomy Picture of the Day",
            "https://science.nasa.gov",
        ),
        "planetary": Origin("NASA's older API, /planetary/apod, or a mirror of it", "https://api.nasa.gov"),
        "file": Origin("an archive that somebody had kept, imported from a file", HOMEPAGE),
    },
    rights=Rights(
        "rights",
        "rights_evidence",
        REDISTRIBUTABLE,
        "No licence covers the whole: the column rights speaks of each entry's picture or film, and rights_evidence "
        "holds the words from which a program, which can err, concluded that. The texts (title, explanation, alt) are "
        "by the authors of Astronomy Picture of the Day and by NASA; no right to them is given.",
        chosen="Only entries whose picture or film may be redistributed, as far as its credit says so, are in here.",
        mixed="Entries are in here whatever their rights are; many pictures are under copyright.",
        terms=_TERMS,
        reminder="these are the rights of pictures and films; the texts belong to their authors.",
    ),
    replies="NASA's replies",
    size="one entry a day since 1995: some 11,500, 350 MB",
)

# PostgreSQL holds a megabyte of words: what is longer than any text is not searched to its end. So many letters, each
# word another one and each letter of four bytes, take half of it.
SEARCH = Search(
    {"A": (("title",), 1_000), "B": (("credit", "copyright"), 20_000), "D": (("explanation",), 100_000)},
    filters=("media_type",),
    exported=("title", "explanation", "credit"),
)

RELATIONS = (
    Relation(
        "apod_media",
        "view",
        "every address of a picture or film, its part in the entry, what may be done with it, the file that is kept",
        (
            _FIELDS["date"],
            Field("role", "name", "its part in the entry", allowed=("shown", "largest", "still")),
            Field("address", "address", "where it lies"),
            _FIELDS["rights"],
            _FIELDS["rights_evidence"],
            *(
                field._replace(nullable=True)
                for field in (
                    Field("kind", "name", "what is kept of it: original, rendition or a film's poster"),
                    Field("sha256", "hash", "SHA-256 of the kept file, and its name; absent where none is kept"),
                    Field("type", "name", "the kept file's media type, by its bytes"),
                    Field("bytes", "large count", "the kept file's size"),
                    Field("width", "count", "pixels"),
                    Field("height", "count", "pixels"),
                    Field("perceptual_hash", "hash", "256 bits that are nearly alike for pictures that look alike"),
                    Field("kept_from", "address", "where the bytes came from"),
                    Field("kept_at", "instant", "when they came"),
                )
            ),
        ),
    ),
)
