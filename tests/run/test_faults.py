"""Every fault that the services were seen to have: never a wrong row, never a lost day, and healed afterwards."""

from __future__ import annotations

import datetime as dt

import pytest

from apod_pipeline.dataset.spans import Span

MIDDLE_PAGE = {"science": "apod-basic.date_from=181127", "planetary": "start_date=2018-11-27"}
DROPPED = [dt.date(2018, 12, 3), dt.date(2018, 12, 4)]
KINDS = {
    "status": {"code": 500},
    "rate limit": {"kind": "status", "code": 429, "retry_after": 0},
    "gateway_html": {},
    "envoy_text": {},
    "timeout": {"seconds": 20.0},
    "drop": {},
    "html200": {},
    "huge": {"mb": 3.0},
    "redirect_loop": {},
    "gzip_garbage": {},
    "truncate": {},
    "bad_json": {},
    "slow_drip": {"piece": 1, "pause": 0.05},
    "bad_charset": {},
    "placeholder": {},
    "wrong_date": {},
    "list_instead": {},
    "empty_list": {},
    "drop_days": {"days": DROPPED},
    "stale": {},
    "same_text": {},
    "ignored_query": {},
    "extra_fields": {},
}
FLAGS = {"http_timeout": 0.4, "http_body_limit": 2 << 20, "range_days": 25, "http_retries": 1}


@pytest.mark.parametrize(
    ("source", "times"),
    [("science", 1), ("science", -1), ("planetary", 1), ("planetary", -1)],
    ids=["once", "always", "planetary-once", "planetary-always"],
)
@pytest.mark.parametrize("name", KINDS)
def test_fault_on_a_page_in_the_middle_is_healed(lab, nasa, undisturbed, name, times, source):
    """One page misbehaves, once or for ever: its days come by asking for less, and all is as if nothing had been."""
    params = dict(KINDS[name])
    nasa.fault(params.pop("kind", name), match=MIDDLE_PAGE[source], times=times, **params)
    span = Span(dt.date(2018, 11, 2), dt.date(2018, 12, 31))
    outcome = lab.run(span, sources=(source,), **FLAGS)
    files, tables = undisturbed(span, sources=(source,), range_days=25)
    assert (outcome.exit_code, outcome.missing, lab.files()) == (0, {}, files)
    assert {name: lab.tables()[name] for name in ("apod", "revision", "day")} == {
        name: tables[name] for name in ("apod", "revision", "day")
    }


REFUSED = {"html200", "huge", "bad_json", "bad_charset", "placeholder", "empty_list", "stale", "same_text"}
UNAVAILABLE = {"status", "rate limit", "gateway_html", "envoy_text", "timeout", "drop", "redirect_loop"}
UNAVAILABLE |= {"gzip_garbage", "truncate", "slow_drip"}


@pytest.mark.parametrize("name", sorted(REFUSED | UNAVAILABLE))
def test_service_that_is_broken_altogether_loses_nothing(lab, nasa, undisturbed, name):
    """Every answer is bad: the run says which days are missing and ends with 3 or 4; the next one completes all."""
    span = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 31))
    lab.filled(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 10)), sources=("science",))
    before = lab.entries()
    params = dict(KINDS[name])
    nasa.fault(params.pop("kind", name), match="wp-json", **params)
    broken = lab.run(span, sources=("science",), **FLAGS)
    kept = {day: row for day, row in lab.entries().items() if row != before.get(day)}
    nasa.clear_faults()
    healed = lab.run(span, sources=("science",), **FLAGS)
    files, _ = undisturbed(span, sources=("science",))
    assert (healed.exit_code, lab.files()) == (0, files)
    assert broken.exit_code == (3 if name in REFUSED else 4)
    assert broken.missing
    assert set(kept) <= {"2018-12-31"}  # a stale answer is right on its own day


def test_fail_over_gets_what_the_first_source_has_not(lab, nasa, span):
    """The new service is down: the old one gives the days, the source of every entry says so, exit 0."""
    nasa.fault("envoy_text", match="wp-json|feed")
    outcome = lab.run(span)
    assert (outcome.exit_code, outcome.missing) == (0, {})
    assert {row["source"] for row in lab.entries().values()} == {"planetary"}


def test_placeholder_of_the_old_service_is_refused(lab, nasa, span):
    """The old service answers 200 with a placeholder for every date: nothing is stored, it is quarantined, exit 3."""
    nasa.old_mode = "placeholder"
    outcome = lab.run(span, sources=("planetary",))
    assert outcome.exit_code == 3
    assert "NASA Science" in next(iter(outcome.missing.values()))
    assert not lab.archive.csv.exists()
    nasa.old_mode = "ok"
    assert lab.run().exit_code == 0


def test_breaker_stops_hammering(lab, nasa):
    """A service that is down for a whole year's worth of pages is asked a handful of times, not hundreds."""
    nasa.fault("envoy_text")
    outcome = lab.run(Span(dt.date(2017, 1, 1), dt.date(2018, 12, 31)), http_retries=0)
    assert outcome.exit_code == 4
    assert len(nasa.requests) < 25


def test_key_is_refused_in_words(lab, nasa, span):
    """A wrong key: the other days are not asked for, the message names the variable, and no secret is anywhere."""
    secret = "wrong-secret-key-wrong-secret-key"
    outcome = lab.run(span, sources=("planetary",), nasa_api_key=secret)
    assert outcome.exit_code == 4
    assert "NASA_API_KEY" in next(iter(outcome.missing.values()))
    texts = [path.read_bytes() for path in lab.root.rglob("*") if path.is_file()]
    assert not any(secret.encode() in text for text in texts)
    assert secret not in "".join([*lab.told, *outcome.missing.values()])


def test_rate_limit_is_respected(lab, nasa):
    """When the gateway says that nothing remains, no further request is sent, and the rest is told missing."""
    nasa.rate_limit = 3
    span = Span(dt.date(2018, 1, 1), dt.date(2018, 12, 31))
    outcome = lab.run(span, sources=("planetary",), range_days=25, http_concurrency=1)
    assert outcome.exit_code == 4
    assert len(nasa.requests) == 3
    assert len(lab.entries()) == 75
    nasa.rate_limit = 1000
    assert lab.run(span, sources=("planetary",), missing=True).exit_code == 0
    assert len(lab.entries()) == 365


def test_equal_edits_of_stored_days_are_refused(lab, nasa):
    """Nine stored days that all come to say the same new words: refused, not taken for nine edits."""
    span = Span(dt.date(2018, 12, 23), dt.date(2018, 12, 31))
    lab.run(span, sources=("science",))
    before = lab.files()
    nasa.fault(
        "same_text", match="wp-json", text="One text for every day, as a broken page would have it, long enough."
    )
    outcome = lab.run(span, sources=("science",))
    assert (outcome.changed, outcome.exit_code, lab.files()) == (0, 3, before)
