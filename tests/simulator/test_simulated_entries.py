from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.datasets.apod.sources.planetary_record import settle
from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import FIRST_DAY, GAPS, KINDS, days_with, dirt_of, record_of
from apod_pipeline.simulator.generated import has_entry, sketch_of
from apod_pipeline.simulator.reruns import rerun_of

LAST = date(1999, 12, 31)
END_OF_BENCHMARK = date(5117, 12, 31)

days = st.dates(FIRST_DAY, END_OF_BENCHMARK).filter(has_entry)


def span(first, count):
    """The days with an entry among `count` calendar days."""
    every = (first + timedelta(days=step) for step in range(count))
    return [day for day in every if has_entry(day)]


@given(days, st.integers(0, 2**40))
def test_same_day_and_seed_give_same_words(day, seed):
    """Entries are a function of day and seed alone."""
    assert record_of(day, seed) == record_of(day, seed)


def test_words_do_not_change_between_machines():
    """A year of records has one hash everywhere: what a demo shows here it shows there."""
    year = json.dumps([record_of(day) for day in span(FIRST_DAY, 366)]).encode()
    assert hashlib.sha256(year).hexdigest() == "62bb3aef39ed62390cd74c8ce5fac1e18083eaa7d495286d1f3f0ec4c077e35f"


def test_another_seed_gives_other_words_but_the_same_shape():
    """A seed changes words, never kinds of media, dirts or rights."""
    day = date(2001, 5, 5)
    one, other = sketch_of(day, 1), sketch_of(day, 2)
    assert one.explanation != other.explanation
    assert (one.media, one.claimed, one.dirts) == (other.media, other.claimed, other.dirts)


@given(days)
def test_records_are_what_the_contract_says(day):
    """All values are strings, keys stand in alphabetical order, and optional fields are absent, never empty."""
    record = record_of(day)
    assert list(record) == sorted(record)
    assert all(isinstance(value, str) for value in record.values())
    assert record["date"] == day.isoformat()
    assert record["service_version"] == "v1"
    assert record["media_type"] in {"image", "video", "other"}
    assert ("hdurl" in record) == (record["media_type"] == "image")
    assert ("url" in record) == (record["media_type"] != "other")
    assert record.get("url") != ""


@given(days, st.integers(0, 9))
def test_explanations_are_of_a_usual_length(day, seed):
    """A clean text has 80 to 160 words."""
    assert 80 <= len(sketch_of(day, seed).explanation.split()) <= 160


def test_texts_and_pictures_of_different_days_differ():
    """No two of twenty thousand days have the same clean text, or the same picture, unless they are shown again."""
    sketches = [sketch_of(day) for day in span(FIRST_DAY, 20_000) if not rerun_of(day.toordinal())]
    assert len({sketch.explanation for sketch in sketches}) == len(sketches)
    own = [sketch for sketch in sketches if sketch.picture_day == sketch.day]
    assert len({(sketch.day.year, sketch.day.month, sketch.stem) for sketch in own}) == len(own)


def test_favourites_are_shown_again_as_often_as_really():
    """Over the whole history beginnings stand on 12 days, whole texts on 4 or 5, pictures on 5: years apart."""
    settled = [(day, settle(record_of(day))) for day in span(FIRST_DAY, 11_490)]
    for key, most, least in (
        (lambda r: r.get("explanation", "")[:400], 12, 800),
        (lambda r: r.get("explanation"), 5, 400),
        (lambda r: r.get("url"), 5, 400),
    ):
        groups = defaultdict(list)
        for day, record in settled:
            if len(said := key(record) or "") > 40:
                groups[said].append(day)
        repeated = [group for group in groups.values() if len(group) > 1]
        assert max(map(len, repeated)) == most
        assert len(repeated) >= least
        near = [b - a for group in repeated for a, b in pairwise(group)]
        assert sum(apart < timedelta(days=30) for apart in near) <= len(near) // 10


def test_mix_is_that_of_the_real_archive():
    """Media, rights and the common dirts have the recorded shares."""
    every = span(date(2000, 1, 1), 11_382)
    records = [record_of(day) for day in every]
    counts = Counter(kind for day in every for kind in dirt_of(day))
    shares = {kind: counts[kind] / len(every) for kind in KINDS}
    media = [record["media_type"] for record in records]
    assert media.count("image") / len(media) == pytest.approx(0.962, abs=0.01)
    assert media.count("video") / len(media) == pytest.approx(0.035, abs=0.007)
    assert 0 < media.count("other") / len(media) < 0.008
    assert sum("copyright" in record for record in records) / len(records) == pytest.approx(0.46, abs=0.03)
    assert shares["page_script"] == pytest.approx(752 / 11_382, rel=0.2)
    assert shares["double_blanks"] == pytest.approx(7_134 / 11_382, rel=0.1)
    assert shares["repeated_url"] == pytest.approx(431 / 11_382, rel=0.25)
    urls = [record["url"] for record in records if record["media_type"] == "image"]
    assert 0.02 < 1 - len(set(urls)) / len(urls) < 0.06


@pytest.mark.parametrize("kind", KINDS)
def test_every_dirt_occurs_in_the_nineties(kind):
    """A test that needs some dirt finds it in the archive's first five years, and `dirt_of` names it."""
    found = days_with(kind, FIRST_DAY, LAST)
    assert found
    assert all(kind in dirt_of(day) for day in found)


def _is_cut(text, sketch):
    return sketch.explanation.startswith(text) and len(text.split()) < 10


SIGNS = {
    "eaten_letters": lambda r, s: r["explanation"] not in s.explanation or r["explanation"][0].islower(),
    "page_script": lambda r, _: (
        "digg_url = '" in r["explanation"] and r["explanation"].endswith("digg_skin = 'narrow';")
    ),
    "navigation_text": lambda r, _: (
        "Tomorrow's picture: " in r["explanation"] and "Archive | Index" in r["explanation"]
    ),
    "empty_explanation": lambda r, _: r["explanation"] == "",
    "cut_short": lambda r, s: _is_cut(r["explanation"], s),
    "explanation_in_copyright": lambda r, _: "Explanation:" in r["copyright"] and len(r["copyright"]) > 500,
    "copyright_newlines": lambda r, _: "\n" in r["copyright"],
    "copyright_blanks": lambda r, _: r["copyright"] != r["copyright"].strip(),
    "title_credit_line": lambda r, _: "\n" in r["title"] and r["title"].endswith(("Credit:", "Copyright:")),
    "lost_letter": lambda r, _: "\ufffd" in r["explanation"],
    "carriage_returns": lambda r, _: "\r" in r["explanation"] and "\n" not in r["explanation"],
    "double_blanks": lambda r, _: "  " in r["explanation"],
    "no_break_space": lambda r, _: "\u00a0" in r["explanation"],
    "url_blank": lambda r, _: " " in r["url"].strip(),
    "hdurl_trailing_blank": lambda r, _: r["hdurl"].endswith(" "),
    "film_hdurl": lambda r, _: r["media_type"] == "image" and r["hdurl"][-4:] in {".mpg", ".mov", ".avi"},
    "protocol_relative_url": lambda r, _: r["url"].startswith("//www.youtube.com/"),
    "web_page_video": lambda r, _: r["media_type"] == "video" and r["url"].endswith(".html"),
    "foreign_host": lambda r, _: "nasa.gov" not in r["url"],
    "first_row_lead": lambda r, _: r["explanation"].startswith("Today's Picture:    Explanation:"),
    "licence_only": lambda r, _: "copyright" not in r,
    "discover_cosmos": lambda r, _: (
        r["explanation"].startswith("Discover the cosmos!") and r["title"] != "NASA Science"
    ),
    "repeated_url": lambda r, s: s.picture_day < s.day and r["hdurl"] == record_of(s.picture_day)["hdurl"],
    "script_words": lambda r, _: "<script>" in r["title"] and "<script>alert(" in r["explanation"],
    "no_url": lambda r, _: r["media_type"] == "other" and "url" not in r,
}


@pytest.mark.parametrize("kind", KINDS)
def test_dirt_is_there_to_be_seen(kind):
    """What `dirt_of` names can be found in the record of each such day, unless a coarser dirt hides it."""
    hidden_by = {"empty_explanation", "cut_short", "navigation_text"} - {kind}
    for day in days_with(kind, FIRST_DAY, date(2004, 12, 31)):
        if not (dirt_of(day) & hidden_by and kind in {"double_blanks", "no_break_space"}):
            assert SIGNS[kind](record_of(day), sketch_of(day)), day


def test_gaps_and_days_before_the_first_have_no_entry():
    """The four real gaps stay empty, and carry no dirt."""
    for day in (*GAPS, date(1995, 6, 15)):
        assert not dirt_of(day)
        with pytest.raises(SettingsError, match=str(day)):
            record_of(day)


def test_unknown_dirt_is_refused():
    """A misspelt kind is an error, not an empty answer."""
    with pytest.raises(ValueError, match="no dirt is called 'mud'"):
        days_with("mud", FIRST_DAY, LAST)


def test_calendar_runs_on_to_the_year_5117():
    """Benchmarks ask for more than a million days."""
    assert record_of(date(5117, 12, 31))["date"] == "5117-12-31"
