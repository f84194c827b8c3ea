"""The quality rules: one entry that each must find, one archive that passes all, and nothing that makes them raise."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.calendar import FIRST_DAY, GAPS
from apod_pipeline.datasets.apod.fields import ENTRY_FIELDS, Entry
from apod_pipeline.stages.check_quality import check_quality, refused

TODAY = dt.date(2018, 12, 31)
WORDS = "On day {} somebody lit a lamp, looked at it for a while, and wrote down these words about what there was."


def _row(number=1, **changes):
    entry = Entry(
        date=dt.date(2018, 1, 1) + dt.timedelta(days=number),
        title=f"A Lamp {number}",
        url=f"https://apod.nasa.gov/apod/image/1801/lamp{number}.jpg",
        explanation=WORDS.format(number),
        media_type="image",
        hdurl=f"https://apod.nasa.gov/apod/image/1801/lamp{number}_big.jpg",
        source="science",
    )
    return entry.as_row() | changes


CLEAN = [_row(number) for number in range(5)]


def _table(rows):
    import polars

    text_list = polars.List(polars.String)
    schema = {name: text_list if name in DATA_SET.columns.lists else polars.String for name in ENTRY_FIELDS}
    return polars.LazyFrame(rows, schema=schema)


def _found(rows, today=TODAY, before=0):
    return {f.what: f for f in check_quality(_table(rows), DATA_SET, today, before).findings if f.count}


def test_a_clean_archive_passes_every_rule():
    """Plain entries, a video, a day with nothing to show, and a gap in between: nothing is found."""
    rows = [
        *CLEAN,
        _row(7, media_type="video", url="https://www.youtube.com/embed/abcdefghijk", hdurl=None),
        _row(8, media_type="other", url=None, hdurl=None),
        _row(9, date=str(FIRST_DAY)),
    ]
    report = check_quality(_table(rows), DATA_SET, TODAY)
    assert report.passed
    assert report.entries == len(rows)
    assert {f.what: f.count for f in report.findings if f.count} == {}


BAD = {
    "title-empty": ("error", {"title": "  "}),
    "date-twice": ("error", {"date": CLEAN[0]["date"]}),
    "date-impossible": ("error", {"date": "2018-02-30"}),
    "media-type-unknown": ("error", {"media_type": "interactive"}),
    "address-relative": ("error", {"url": "image/1801/lamp.jpg"}),
    "line-break-in-text": ("error", {"explanation": WORDS.format(1) + "\n" + WORDS.format(2)}),
    "field-too-long": ("error", {"explanation": "word " * 20_001}),
    "explanation-missing": ("warning", {"explanation": None}),
    "explanation-short": ("warning", {"explanation": "A lamp."}),
    "explanation-repeated": ("warning", {"explanation": CLEAN[0]["explanation"]}),
    "letters-lost": ("warning", {"copyright": "J\ufffdrgen"}),
    "markup-left": ("warning", {"explanation": WORDS.format(9) + ' See <a href="x">here</a>.'}),
    "title-long": ("warning", {"title": "A very long title " * 20}),
    "address-missing": ("warning", {"url": None}),
    "damaged": ("warning", {"flags": ["letters-lost"]}),
}


@pytest.mark.parametrize("rule", BAD)
def test_each_rule_finds_its_entry_and_no_other_rule_does(rule):
    """One bad entry among clean ones: its rule finds it, with its day and severity; no other rule finds anything."""
    severity, changes = BAD[rule]
    rows = [*CLEAN, _row(6, **changes)]
    found = _found(rows)
    assert list(found) == [rule]
    assert found[rule].severity == severity
    assert rows[-1]["date"] in found[rule].entries
    assert check_quality(_table(rows), DATA_SET, TODAY).passed is (severity == "warning")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("date-impossible", {"date": str(FIRST_DAY - dt.timedelta(days=1))}),
        ("date-impossible", {"date": str(TODAY + dt.timedelta(days=1))}),
        *(("date-impossible", {"date": str(day)}) for day in GAPS),
        ("date-impossible", {"date": "someday"}),
        ("address-relative", {"hdurl": "//apod.nasa.gov/apod/image/a.jpg"}),
        ("address-relative", {"thumbnail_url": "https:///a.jpg"}),
        ("address-relative", {"url": ""}),
        ("line-break-in-text", {"title": "A\rB"}),
        ("letters-lost", {"title": "J\ufffdrgen"}),
    ],
)
def test_every_way_to_break_a_rule_is_found(rule, changes):
    """Days that cannot be, addresses that lead nowhere, letters that are gone: found by the rule that names them."""
    assert rule in _found([*CLEAN, _row(6, **changes)])


@pytest.mark.parametrize("title", [None, "", "\u200b\u2060", "\u00a0 \u3000", "\u0301"])
def test_an_entry_without_a_title_does_not_pass(title):
    """No title at all, or one that nobody can see, is no better than an empty one."""
    assert "title-empty" in _found([*CLEAN, _row(6, title=title)])


@pytest.mark.parametrize("title", ["M", "?", "\u221e", "\u6708", "\U0001f30c", "42"])
def test_one_visible_sign_is_a_title(title):
    """A letter, a digit, a mark, a sign of any script: whatever can be seen is a title."""
    assert "title-empty" not in _found([*CLEAN, _row(6, title=title)])


def test_what_can_be_no_entry_is_named_with_its_rule():
    """Before the seal: every row that breaks a rule of severity `error` is named by its day, warnings are let pass."""
    rows = [
        *CLEAN,
        _row(6, title="  "),
        _row(7, url="image/a.jpg"),
        _row(8, explanation=None),
        _row(9, alt="x" * 20_001),
    ]
    reasons = refused(rows, DATA_SET, TODAY)
    assert {day: why.partition(":")[0] for day, why in reasons.items()} == {
        "2018-01-07": "title-empty",
        "2018-01-08": "address-relative",
        "2018-01-10": "field-too-long",
    }


NEARLY_PLAIN = st.builds(
    lambda changes: CLEAN[1] | changes,
    st.fixed_dictionaries(
        {},
        optional={
            "title": st.sampled_from(["a\rb", "\u2028", "\u0301", "\u200b1", "x" * 1001, "\x1c", None]),
            "explanation": st.sampled_from(["a\nb", "\x85", "y" * 100_001, None]),
            "url": st.sampled_from(
                ["http://a", "http:///a", "http://a\u00a0b", "http://a\x1f", "https://?", "http://a\n", "HTTP://a"]
            ),
            "permalink": st.sampled_from(["http://a" + "b" * 4000, "", "ftp://a/b"]),
            "media_type": st.sampled_from(["Image", "", None]),
        },
    ),
)


@settings(max_examples=200)
@given(st.data())
def test_gate_and_report_agree(data):
    """Whatever the rows hold: the gate refuses exactly the days of which the report tells an error."""
    rows = [data.draw(ANY_ROW | NEARLY_PLAIN) | {"date": f"2018-01-{number:02}"} for number in range(1, 5)]
    report = check_quality(_table(rows), DATA_SET, TODAY)
    assert set(refused(rows, DATA_SET, TODAY)) == {
        d for f in report.findings if f.severity == "error" for d in f.entries
    }


def test_an_archive_never_shrinks():
    """Fewer entries than the last version held is an error that tells how many are gone."""
    assert _found(CLEAN, before=7)["archive-shrunk"].count == 2
    assert _found(CLEAN, before=5) == {}


def test_every_rule_has_a_case():
    """Every rule that reports is provoked above."""
    rules = {finding.what for finding in check_quality(_table([]), DATA_SET, TODAY).findings}
    assert rules == {*BAD, "archive-shrunk"}


def test_a_finding_names_the_first_days_only():
    """Many findings are counted all, and named as far as anybody reads."""
    found = _found([_row(number, explanation=None) for number in range(100)])["explanation-missing"]
    assert (found.count, len(found.entries), found.entries[0]) == (100, 20, "2018-01-01")


TEXTS = st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
ANY_ROW = st.fixed_dictionaries(
    {name: st.lists(TEXTS, max_size=2) if name in DATA_SET.columns.lists else TEXTS for name in ENTRY_FIELDS}
)


@settings(max_examples=40)
@given(st.lists(ANY_ROW, max_size=5), st.integers(0, 10))
def test_it_never_raises(rows, before):
    """Whatever the table holds, nulls and nonsense too, a report comes back, with every rule in it."""
    report = check_quality(_table(rows), DATA_SET, TODAY, before)
    assert report.entries == len(rows)
    assert {finding.what for finding in report.findings} == {*BAD, "archive-shrunk"}
    assert report.passed == (not any(f.count for f in report.findings if f.severity == "error"))
