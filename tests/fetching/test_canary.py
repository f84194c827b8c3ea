"""Every rule of the canary: what it must refuse, and the genuine thing beside it that must pass."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apod_pipeline.archive.known import Known
from apod_pipeline.dataset.doubts import Limits
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.calendar import CALENDAR, FIRST_DAY, GAPS
from apod_pipeline.datasets.apod.canary import DOUBTS, implausible
from apod_pipeline.fetching.canary import Canary

TODAY = dt.date(2018, 12, 31)
MONTH = Span(dt.date(2018, 12, 1), TODAY)
PICTURES = "https://apod.nasa.gov/apod/image/1812"
ARTICLE = "https://science.nasa.gov/image-article/apod-2018-december-1-a-lamp/"


def _record(day=dt.date(2018, 12, 1), **changes):
    """A plausible record of the old service: words and picture are the day's own."""
    said = {
        "date": str(day),
        "title": f"A Lamp of the {day:%d %B %Y}",
        "explanation": f"On {day} somebody lit a lamp, looked at it for a while, and wrote these words about it.",
        "url": f"{PICTURES}/lamp_{day}.jpg",
        "hdurl": f"{PICTURES}/lamp_{day}_big.jpg",
        "media_type": "image",
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def _items(days, **changes):
    return [(str(day), _record(day, **changes)) for day in days]


def _digest(told):
    return DOUBTS.digest(told)


def _canary(*present, most=10):
    """A canary for which these records are stored already."""
    held = {told["date"]: _digest(told) for told in present}
    doubts = DOUBTS._replace(limits=Limits(most, 3 * most, most, 3))
    dataset = DATA_SET._replace(doubts=doubts)
    return Canary(source="planetary", today=TODAY, present=held, known=Known(CALENDAR), dataset=dataset)


def _days(verdict):
    return [reading.day for reading in verdict.readings]


def _refused(verdict):
    return {refusal.day: refusal.reason for refusal in verdict.refusals}


# ---- what an entry can look like -----------------------------------------------------------
@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        ({"title": "NASA Science Missions of the Year"}, {"title": "NASA Science"}, "placeholder"),
        ({"title": "M"}, {"title": " \t"}, "no title"),
        ({"title": "2018"}, {"title": 2018}, "no title"),
        ({"title": "A"}, {"title": None}, "no title"),
        (
            {"url": f"{PICTURES}/nasalogo_lamp.jpg"},
            {"url": "https://science.nasa.gov/wp-content/themes/nasa/assets/images/nasa-logo@2x.png"},
            "logo",
        ),
        (
            {"hdurl": f"{PICTURES}/logo.png"},
            {"hdurl": "https://science.nasa.gov/nasa-logo@2x.png"},
            "logo",
        ),
        (
            {"pictures": [f"{PICTURES}/a.jpg"]},
            {"pictures": [f"{PICTURES}/a.jpg", "https://science.nasa.gov/nasa-logo@2x.png"]},
            "logo",
        ),
        ({"url": "https://www.youtube.com/embed/abcdefghijk?rel=0"}, {"url": ARTICLE}, "page of an entry"),
        ({"url": f"{PICTURES}/apod.jpg"}, {"url": "https://apod.nasa.gov/apod/astropix.html"}, "page of an entry"),
        ({"url": "https://example.org/apod/a.jpg"}, {"url": "https://science.nasa.gov/apod/"}, "page of an entry"),
        (
            {"url": "https://example.org/picture/?date=2018-12-01"},
            {"url": "https://science.nasa.gov/apod/?date=2018-12-01"},
            "page of an entry",
        ),
        ({"url": None, "hdurl": None, "media_type": "other"}, {"url": None, "hdurl": ARTICLE}, "page of an entry"),
        ({"url": f"{PICTURES}/ap181201.jpg"}, {"url": "https://apod.nasa.gov/apod/ap181201.html"}, "page of an entry"),
        ({"url": "https://science.nasa.gov/apod.jpg"}, {"url": "https://science.nasa.gov/apod"}, "page of an entry"),
    ],
)
def test_each_rule_refuses_the_bad_and_not_the_good(good, bad, why):
    """What no entry can look like is refused with its reason; the genuine thing that resembles it is let in."""
    day = dt.date(2018, 12, 1)
    asked = Span(day, day)
    passed = _canary().judge(asked, "day", [(str(day), _record(**good))], "object")
    refused = _canary().judge(asked, "day", [(str(day), _record(**bad))], "object")
    assert (_days(passed), _refused(passed)) == ([day], {})
    assert (_days(refused), list(_refused(refused))) == ([], [day])
    assert why in _refused(refused)[day]


def test_a_genuine_entry_may_say_what_the_placeholder_says():
    """An explanation that begins as the placeholder's does is no placeholder: a real entry of 1997 says it."""
    told = _record(explanation="Discover the cosmos! Each day somebody lights another lamp, and says something of it.")
    assert implausible(told) is None
    assert "placeholder" in (implausible(told | {"title": "NASA Science"}) or "")


# ---- what was asked and what was answered --------------------------------------------------
def test_another_day_than_the_one_asked_is_refused():
    """Yesterday's answer for today, and an answer without a date, are refused under the day that was asked."""
    verdict = _canary().judge(Span(TODAY, TODAY), "day", _items([TODAY - dt.timedelta(days=1)]), "object")
    assert "2018-12-30" in _refused(verdict)[TODAY]
    verdict = _canary().judge(Span(TODAY, TODAY), "day", [(None, _record(TODAY))], "object")
    assert "no date" in _refused(verdict)[TODAY]


def test_a_list_for_one_day_is_refused():
    """A list where one day was asked for is another answer than it should be; an object is read."""
    one = Span(TODAY, TODAY)
    assert "a list" in _refused(_canary().judge(one, "day", _items([TODAY]), "list"))[TODAY]
    assert _days(_canary().judge(one, "day", _items([TODAY]), "object")) == [TODAY]


def test_the_newest_list_whatever_was_asked_is_refused():
    """A list of other days only is refused as a whole; days beyond the asked ones among right ones are left out."""
    asked = Span(dt.date(2018, 11, 1), dt.date(2018, 11, 25))
    assert list(_refused(_canary().judge(asked, "list", _items(MONTH), "list"))) == [None]
    asked = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 5))
    mixed = _canary().judge(asked, "list", _items(Span(dt.date(2018, 12, 4), dt.date(2018, 12, 9))), "list")
    assert ([day.day for day in _days(mixed)], _refused(mixed)) == ([4, 5], {})


@pytest.mark.parametrize("form", ["feed", "import"])
def test_feed_and_import_tell_the_days_they_have(form):
    """A feed and a file are not asked for days: every day of theirs is judged by itself."""
    asked = Span(dt.date(2018, 11, 1), dt.date(2018, 11, 2))
    assert _days(_canary().judge(asked, form, _items(MONTH), "list")) == list(MONTH)


@pytest.mark.parametrize("day", [*GAPS, TODAY + dt.timedelta(days=1), FIRST_DAY - dt.timedelta(days=1)])
def test_days_without_an_entry_are_refused(day):
    """A gap, tomorrow, and the day before the first picture have no entry, whatever a service says."""
    verdict = _canary().judge(Span(day, day), "day", _items([day]), "object")
    assert (_days(verdict), list(_refused(verdict))) == ([], [day])


def test_a_day_told_twice_must_say_the_same():
    """The same day twice in a list is believed once if both say the same, and refused if they do not."""
    same = _canary().judge(MONTH, "list", _items([TODAY, TODAY]), "list")
    other = _canary().judge(MONTH, "list", [*_items([TODAY]), *_items([TODAY], title="Another Lamp")], "list")
    assert (_days(same), _refused(same)) == ([TODAY], {})
    assert (_days(other), _refused(other)) == ([], {TODAY: "it is told twice, differently"})


@pytest.mark.parametrize("told", ["20181201", "2018-W48-6", "2018-12-1", "2018-12-01T00:00:00", "yesterday", ""])
def test_a_day_is_written_in_one_way(told):
    """A date in any other form than YYYY-MM-DD is no date: nobody could find the entry again under it."""
    verdict = _canary().judge(MONTH, "list", [(told, _record())], "list")
    assert not verdict.readings


def test_one_bad_day_does_not_take_its_neighbours():
    """A list with one placeholder in it: that day is refused, the others are let in."""
    days = list(MONTH)
    mixed = [*_items(days[:3]), *_items(days[3:4], title="NASA Science"), *_items(days[4:])]
    verdict = _canary().judge(MONTH, "list", mixed, "list")
    assert (_days(verdict), list(_refused(verdict))) == ([*days[:3], *days[4:]], [days[3]])


def test_an_empty_list_says_nothing():
    """No item, no verdict: neither a refusal nor a denial."""
    verdict = _canary().judge(MONTH, "list", [], "list")
    assert (verdict.readings, verdict.refusals, verdict.absent) == ((), (), ())


def test_a_denial_is_believed_once():
    """That there is no such day is believed, unless the same source gave the day before."""
    day = dt.date(2018, 12, 1)
    assert _canary().judge_denial(day).absent == (day,)
    assert "gave it before" in _refused(_canary(_record(day)).judge_denial(day))[day]


# ---- the same words, the same picture, on many days ----------------------------------------
SAME = {
    "explanation": {"explanation": "This lamp is shown whenever no other can be shown; please come back tomorrow."},
    "picture": {"url": f"{PICTURES}/the_same_lamp.jpg"},
}


@pytest.mark.parametrize("kind", SAME)
def test_ten_alike_in_one_reply_are_refused_and_nine_are_not(kind):
    """Nine days with the same words, or picture, pass: real ones share up to five. Ten are refused together."""
    nine, ten = list(MONTH)[:9], list(MONTH)[:10]
    assert _days(_canary().judge(MONTH, "list", _items(nine, **SAME[kind]), "list")) == nine
    verdict = _canary().judge(MONTH, "list", _items(ten, **SAME[kind]), "list")
    assert _days(verdict) == []
    assert _refused(verdict) == dict.fromkeys(ten, f"the same {kind} on 10 days or more")


@pytest.mark.parametrize("kind", SAME)
def test_alike_across_replies_are_counted(kind):
    """Six and then six more in another reply: the second six are refused, and so is a lone one on the last page."""
    days, watch = list(MONTH), _canary()
    assert _days(watch.judge(MONTH, "list", _items(days[:6], **SAME[kind]), "list")) == days[:6]
    assert list(_refused(watch.judge(MONTH, "list", _items(days[6:12], **SAME[kind]), "list"))) == days[6:12]
    assert list(_refused(watch.judge(MONTH, "list", _items(days[12:13], **SAME[kind]), "list"))) == days[12:13]


@pytest.mark.parametrize("kind", SAME)
def test_alike_with_what_is_stored_is_counted(kind):
    """Nine stored days with the same words: a tenth is refused; with eight stored it is not."""
    days = list(MONTH)
    stored = [_record(day, **SAME[kind]) for day in days[:9]]
    tenth = _items(days[9:10], **SAME[kind])
    assert list(_refused(_canary(*stored).judge(MONTH, "list", tenth, "list"))) == days[9:10]
    assert _days(_canary(*stored[:8]).judge(MONTH, "list", tenth, "list")) == days[9:10]


@pytest.mark.parametrize("kind", SAME)
def test_what_is_unchanged_is_never_refused(kind):
    """Twenty stored days with the same words, read again and again as they are, stay let in."""
    days = list(MONTH)[:20]
    watch = _canary(*[_record(day, **SAME[kind]) for day in days])
    for _ in range(3):
        verdict = watch.judge(MONTH, "list", _items(days, **SAME[kind]), "list")
        assert (_days(verdict), _refused(verdict)) == (days, {})


@pytest.mark.parametrize("kind", SAME)
def test_stored_days_that_turn_alike_are_refused(kind):
    """Ten stored days, each with its own words, that all say the same one morning: what is stored stays."""
    days = list(MONTH)[:10]
    watch = _canary(*[_record(day) for day in days])
    assert list(_refused(watch.judge(MONTH, "list", _items(days, **SAME[kind]), "list"))) == days


@pytest.mark.parametrize("kind", SAME)
def test_an_edit_of_days_that_are_alike_is_let_in(kind):
    """Five genuine days share their words; NASA edits their titles: five days are five days, before and after."""
    days = list(MONTH)[:5]
    watch = _canary(*[_record(day, **SAME[kind]) for day in days])
    verdict = watch.judge(MONTH, "list", _items(days, **SAME[kind], title="A Better Title"), "list")
    assert (_days(verdict), _refused(verdict)) == (days, {})


@pytest.mark.parametrize("kind", SAME)
def test_a_day_counts_once_however_often_it_is_asked_for(kind):
    """Nine days that are alike, told as a list, one by one, and in the feed, differing a little: nine days, let in."""
    days, watch = list(MONTH)[:9], _canary()
    for number, form in enumerate(["list", "feed", "list"]):
        verdict = watch.judge(MONTH, form, _items(days, **SAME[kind], title=f"Title {number}"), "list")
        assert (_days(verdict), _refused(verdict)) == (days, {})


@pytest.mark.parametrize("words", [None, "", "No text.", "x" * 40])
def test_what_tells_no_days_apart_is_not_counted(words):
    """Empty and very short texts, and days without a picture, are shared by many and prove nothing."""
    days = list(MONTH)
    plain = _items(days, explanation=words, url=None, hdurl=None, media_type="other")
    assert _days(_canary().judge(MONTH, "list", plain, "list")) == days


def test_a_generic_thumbnail_is_not_counted():
    """The thumbnail that the new site shows for what has none says nothing of a day, through whichever service."""
    generic = "https://assets.science.nasa.gov/dynamicimage/assets/science/misc/news-thumbnail.png"
    assert _days(_canary().judge(MONTH, "list", _items(MONTH, url=generic, hdurl=None), "list")) == list(MONTH)


# ---- whatever comes ------------------------------------------------------------------------
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
TOLD = st.none() | st.text(max_size=12) | st.dates(dt.date(1995, 1, 1), dt.date(2019, 6, 1)).map(str)
RECORDS = st.fixed_dictionaries(
    {}, optional={name: JSON | st.just("NASA Science") for name in ("title", "explanation", "url", "hdurl", "pictures")}
)


@settings(max_examples=150)
@example([("2018-12-01", {"title": "A", "pictures": True})], "list")
@given(st.lists(st.tuples(TOLD, RECORDS), max_size=12), st.sampled_from(["list", "day", "feed", "import"]))
def test_any_reply_gets_a_verdict(said, form):
    """Nothing that JSON can hold raises; what is let in was asked for, is due, has a title, and was not refused."""
    asked = Span(TODAY, TODAY) if form == "day" else Span(dt.date(2018, 1, 1), TODAY)
    verdict = _canary(most=3).judge(asked, form, said, "object")
    days = _days(verdict)
    assert days == sorted(set(days))
    assert not set(days) & set(_refused(verdict))
    for day, told in ((reading.day, reading.digest) for reading in verdict.readings):
        assert day <= TODAY
        assert day not in GAPS
        assert day in asked or form in {"feed", "import"}
        assert told in {DOUBTS.digest(one) for text, one in said if text == str(day)}
