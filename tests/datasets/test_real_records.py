"""The rules over recorded answers of the old service, where they lie beside the checkout.

The records are NASA's words and not ours: they are read, never copied here.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
from pathlib import Path

import pytest

from apod_pipeline.dataset.readings import Reading
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.datasets.apod.sources.planetary_record import settle

pytestmark = pytest.mark.standin
BESIDE = Path(__file__).parents[3] / "shared" / "data"
FRAME = re.compile(
    r"\w+_(?:url|skin) *= *'|\| *(?:Archive|Index|Search) *\||Authors & editors|^Explanation:|We keep an +archive "
    r"|^Today's Picture|</?(?:a|b|br|i|p)\b"
)


@pytest.fixture(scope="module")
def entries():
    """Every recorded answer with its entry, from APOD_REAL_RECORDS or the folder beside the checkout."""
    folder = Path(os.environ.get("APOD_REAL_RECORDS") or BESIDE)
    files = [folder] if folder.is_file() else sorted(folder.glob("apod_*.jsonl.gz"))
    if not files:
        pytest.skip(f"no recorded answers in {folder}: set APOD_REAL_RECORDS to a folder of apod_*.jsonl.gz files")
    told = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            told += [record.get("record", record) for record in map(json.loads, lines)]
    return [(r, derive(Reading(dt.date.fromisoformat(r["date"]), "planetary", settle(r)))) for r in told]


def test_one_line_a_field(entries):
    """No title and no explanation breaks a line, holds two blanks in a row, or a control character."""
    for _, entry in entries:
        for text in (entry.title, entry.explanation or "", entry.copyright or ""):
            assert text == " ".join(text.split()), entry.date
            assert not re.search("[\x00-\x1f\x7f-\x9f]", text), entry.date


def test_no_page_frame_is_left(entries):
    """No script, navigation, head or tag of the page is left in an explanation."""
    left = [str(entry.date) for _, entry in entries if FRAME.search(entry.explanation or "")]
    assert left == []


def test_only_frame_was_cut(entries):
    """Where nothing but blanks was noted, every word is there; where frame was cut, the words left stood in a row."""
    cuts = re.compile("page-script|explanation-|trailer-|entities|tags|cp1252|control")
    for record, entry in entries:
        words = " ".join(record.get("explanation", "").split())
        if not any(cuts.match(name) for name in entry.repairs):
            assert (entry.explanation or "") == words, entry.date
        elif not {"page-script", "entities", "cp1252-letters", "control-characters", "explanation-label"} & {
            *entry.repairs
        }:
            assert (entry.explanation or "") in words, entry.date


def test_explanations_are_missing_only_where_they_are(entries):
    """An explanation is None only where the answer held none: fewer than four hundred characters of page frame."""
    for record, entry in entries:
        if entry.explanation is None:
            assert "explanation-missing" in entry.flags
            assert len(record["explanation"]) < 400, entry.date


def test_addresses_can_be_opened(entries):
    """Every address is absolute, without blanks, and of the kind that the media type says."""
    for _, entry in entries:
        for address in (entry.url, entry.hdurl):
            assert address is None or re.fullmatch(r"https?://\S+", address), entry.date
        assert entry.url is None or "/apod/http" not in entry.url


def test_damages_are_rare(entries):
    """What is flagged stays within what was counted over all recorded answers, with room for days unseen."""
    share = len(entries) / 100
    for flag, percent in {"explanation-cut-short": 2, "leading-letters-lost": 3, "explanation-missing": 2}.items():
        assert sum(flag in entry.flags for _, entry in entries) <= percent * share, flag
    assert not [entry.date for _, entry in entries if {"address-unusable", "not-text", "other-date"} & {*entry.flags}]
