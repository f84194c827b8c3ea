"""What the old API words differently from NASA's service: the table of `docs/serve.md` holds every kind, and how often.

Over 8,597 real days, where the folder `shared` lies beside; blanks aside.
"""

from __future__ import annotations

import collections
import datetime as dt
import gzip
import json
import re
from pathlib import Path

import pytest

from apod_pipeline.dataset.readings import Reading
from apod_pipeline.datasets.apod.old_api.planetary_api import Question
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.extras.mirror.records import record
from standin import SHARED

ROOT = Path(__file__).parents[2]
RECORDS = SHARED / "data" / "apod_v1_1995_2018.jsonl.gz"
pytestmark = pytest.mark.skipif(not RECORDS.exists(), reason="the real records are not beside this checkout")

# Field -> the repairs that explain a difference, the telling ones first, and how the table words it.
KINDS = {
    "explanation": {
        "page-script": "the page's script is gone from its end",
        "explanation-head": "what stands above the text on the page is gone",
        "trailer-navigation": "the page's foot alone is no text: it is empty",
        "trailer-archive": "the page's foot is gone",
        "trailer-tomorrow": "the page's foot is gone",
        "explanation-label": "the label before the text is gone",
        "copyright-edges": "the page's foot is gone",
        "control-characters": "control characters are gone",
        "entities": "HTML entities are the letters they stand for",
    },
    "title": {"title-credit": "the credit behind it is gone"},
    "url": {"address-protocol": "`//host/…` has its `https:`"},
    "hdurl": {"film-as-picture": "a film's address is no picture's: `url` stands there"},
    "copyright": {
        "copyright-explanation": "the text that had run into it is gone",
        "copyright-edges": "punctuation and labels around the name are gone",
        "explanation-head": "it is read from the credit above the text",
        "control-characters": "control characters are gone",
        "blanks": "a credit that claims none is none",
    },
}


def _blank(value):
    return " ".join(value.split()) if isinstance(value, str) else value


def _differences():
    """How many values of each field differ, by the words of the table."""
    found = collections.Counter()
    with gzip.open(RECORDS) as lines:
        for line in lines:
            theirs = json.loads(line)
            entry = derive(Reading(dt.date.fromisoformat(theirs["date"]), "planetary", theirs))
            ours = record(entry.as_row(), Question())
            for field in sorted(set(theirs) | set(ours)):
                if _blank(theirs.get(field)) != _blank(ours.get(field)):
                    noted = [*entry.repairs, *entry.flags]
                    told = next((words for name, words in KINDS.get(field, {}).items() if name in noted), "other")
                    found[field, told] += 1
    return found


def test_every_value_that_is_worded_differently_stands_in_the_table():
    """By field and kind, with how many of all days; nothing else differs, and no day's kind does."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| ([\d,]+) \|$", (ROOT / "docs" / "serve.md").read_text(), re.MULTILINE)
    told = {(field, words): int(count.replace(",", "")) for field, words, count in rows}
    found = _differences()
    table = "\n".join(f"| `{field}` | {words} | {count:,} |" for (field, words), count in sorted(found.items()))
    assert told == dict(found), f"the table is now\n{table}"
    assert not {"media_type", "date", "service_version"} & {field for field, _ in found}
