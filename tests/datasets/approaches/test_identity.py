"""Which approach a row is of."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.datasets.approaches.identity import APART, IDENTITY, asked, identify

BASE = dt.date(2029, 4, 13)


def row(des, days=0, **traits):
    """The traits of a row, so many days after the first one."""
    return {"day": str(BASE + dt.timedelta(days=days)), "des": des, "au": 0.0321, "kms": 7.42, "h": 19.7} | traits


def named(*rows, known=()):
    """The rows under the keys that they get."""
    return dict(zip(identify(rows, dict(known)), rows, strict=True))


def test_an_approach_is_the_same_though_its_day_moves():
    """Up to thirty days away; what is farther is another approach of the same object."""
    known = named(row("99942"))
    (key,) = known
    assert [*named(row("99942", APART - 1), known=known)] == [key]
    assert [*named(row("99942", -APART), known=known)] != [key]


def test_an_object_comes_again():
    """Two approaches of one object have names of their own, and keep them in whatever order they are told."""
    first, second = row("2001 AB1"), row("2001 AB1", 200)
    keys = [*named(first, second)]
    known = named(first, second)
    assert identify([second | {"day": row("", 203)["day"]}, first], known) == keys[::-1]


def test_two_rows_of_one_approach_are_kept():
    """The second one has a number; both are found again, also where only one is told for a while."""
    twins = [row("2005 OH3"), row("2005 OH3")]
    first, second = identify(twins, {})
    assert second == f"{first}-2"
    known = dict(zip((first, second), twins, strict=True))
    assert identify(twins, known) == [first, second]
    assert identify(twins[:1], known) == [first]


def test_a_second_row_that_comes_later_is_not_the_first():
    """Whoever was there keeps its name."""
    known = named(row("2005 OH3"))
    (key,) = known
    assert identify([row("2005 OH3"), row("2005 OH3")], known) == [key, f"{key}-2"]


def test_a_numbered_object_is_what_it_was():
    """Another name, the same numbers nearly, the same days nearly, and the former name told no more."""
    known = named(row("2011 WL2"), row("2010 XY", au=0.002))
    key = next(iter(known))
    again = row("549948", 1, au=0.0322, kms=7.41, h=19.5)
    assert identify([again, row("2010 XY", au=0.002)], known)[0] == key


def test_another_object_of_the_same_day_is_no_renamed_one():
    """Where the numbers differ, or the former name is still told, or two could be meant, it is a new one."""
    known = named(row("2011 WL2"))
    (key,) = known
    assert identify([row("2026 QQ", kms=11.2)], known) != [key]
    assert identify([row("2026 QQ"), row("2011 WL2")], known)[0] != key
    assert key not in identify([row("2026 QQ"), row("2026 QR")], known)
    comet = row("C/2026 A1")
    del comet["h"]
    assert identify([comet], known) != [key]


@given(
    st.lists(
        st.tuples(st.sampled_from(["99942", "2024 YR4", "C/2019 Y4", "2005 OH3"]), st.integers(0, 4000)), max_size=8
    )
)
def test_no_key_is_given_twice_and_the_same_reply_finds_its_keys_again(told):
    """Whatever is told together; a key holds no comma, quote or blank at an end."""
    rows = [row(des, days) for des, days in told]
    keys = identify(rows, {})
    assert len({*keys}) == len(rows)
    assert all(key.isprintable() and key == key.strip() and not {*key} & {*',"'} for key in keys)
    known = dict(zip(keys, rows, strict=True))
    assert sorted(identify(rows, known)) == sorted(keys)


def test_a_question_speaks_of_what_comes_as_close_as_it_asks():
    """In au or lunar distances; the service's own limit where it names none."""
    near, far = row("1", au=0.0255), row("1", au=0.0489)
    wide = "http://jpl/cad.api?dist-max=1"
    assert asked("http://jpl/cad.api?date-min=2020&dist-max=10LD", near, wide)
    assert not asked("http://jpl/cad.api?dist-max=10LD", far, wide)
    assert asked("http://jpl/cad.api?dist-max=0.05", far, wide)
    assert not asked("http://jpl/cad.api", row("1", au=0.2), wide)


def test_at_the_edge_of_a_question_what_is_rounded_decides_nothing():
    """0.05 may be 0.05004, which a question for 0.05 leaves out; unless it was told to such a question before."""
    question, wide = "http://jpl/cad.api?dist-max=0.05", "http://jpl/cad.api?dist-max=0.1"
    edge = row("1", au=0.05)
    assert not asked(question, edge, wide)
    assert asked(question, edge, question)
    assert asked(wide, edge, wide)


def test_a_row_is_recognised_by_rough_numbers():
    """So that a new orbit solution seldom words them anew."""
    told = {"des": "1", "dist": "0.0321456789", "v_rel": "7.4199999", "h": "19.72"}
    assert IDENTITY.traits(told) == {"des": "1", "au": 0.0321, "kms": 7.42, "h": 19.7}
    assert "h" not in IDENTITY.traits(told | {"h": None})
