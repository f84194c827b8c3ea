"""`apod replay --accept DAY --because TEXT`: a person's word for a day that the canary does not believe."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from apod_pipeline.dataset.spans import Span

SPAN = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
DAY = dt.date(2018, 12, 24)
PLACEHOLDER = {"title": "NASA Science"}


def _accept(lab, day=DAY, because="I looked at the page"):
    return lab.command("replay", "--accept", str(day), "--because", because)


@pytest.fixture
def refused(lab, nasa):
    """An archive that refused one day, because its title is that of the placeholder."""
    nasa.edit(DAY, **PLACEHOLDER)
    ran = lab.run(SPAN)
    assert (ran.exit_code, list(ran.missing)) == (3, [DAY])
    return lab


def test_a_refused_day_is_taken_by_a_persons_word(refused):
    """The day comes in from the bytes that were kept, its reason stands in the ledger, and no later run refuses it."""
    asked = len(refused.nasa.requests)
    told = _accept(refused)
    assert told.returncode == 0, told.stderr
    assert len(refused.nasa.requests) == asked
    assert refused.rows("SELECT title FROM apod WHERE date = '2018-12-24'") == [("NASA Science",)]
    ledger = "".join(path.read_text(encoding="utf-8") for path in refused.archive.ledger.glob("replies-*"))
    assert '"because":"I looked at the page"' in ledger
    again = refused.run()
    assert (again.exit_code, again.version) == (0, None)
    assert refused.run(SPAN).exit_code == 0


def test_an_accepted_day_is_rebuilt(refused):
    """Files and tables that are made again from the ledger hold the day."""
    _accept(refused)
    files = refused.files()
    refused.wired(lambda wired: wired.rebuild())
    assert refused.files() == files


def test_what_the_source_says_later_takes_its_place(refused, nasa):
    """A person's word holds as long as the source says the same: an edit is judged as ever."""
    _accept(refused)
    nasa.edit(DAY, title="A Better Title")
    assert refused.run().changed == 1
    assert refused.entries()[str(DAY)]["title"] == "A Better Title"


def test_a_day_that_can_be_no_entry_is_not_taken(lab, nasa):
    """Nobody's word makes an entry of a record without a title: exit 3, and what to type works."""
    nasa.edit(DAY, title="<b></b>")
    assert lab.run(SPAN).exit_code == 3
    told = _accept(lab)
    assert told.returncode == 3
    assert f"apod run --date {DAY}" in told.stderr
    nasa.edit(DAY, title="A Lamp")
    assert lab.command("run", "--date", str(DAY)).returncode == 0


def test_a_reply_that_does_not_tell_of_the_day_is_no_help(lab, nasa):
    """A web page was refused for the day: there is nothing to be taken, and that is said."""
    nasa.fault("html200", match="wp-json|feed|planetary")
    assert lab.run(Span(DAY, DAY)).exit_code == 3
    told = _accept(lab)
    assert told.returncode == 3
    assert f"{DAY} cannot be taken" in told.stderr
    assert f"apod run --date {DAY}" in told.stderr


@pytest.mark.parametrize("day", [dt.date(2018, 12, 25), dt.date(2017, 1, 1)])
def test_a_day_that_was_not_refused_cannot_be_accepted(refused, day):
    """It is there, or was never asked for: wrong use, and nothing is changed."""
    told = _accept(refused, day)
    assert told.returncode == 2
    assert "apod coverage" in told.stderr


@pytest.mark.parametrize(
    "words", [("--accept", str(DAY)), ("--because", "x"), ("--accept", str(DAY), "--because", " ")]
)
def test_day_and_reason_go_together(refused, words):
    """One without the other is wrong use; the message shows how both are typed."""
    told = refused.command("replay", *words)
    assert told.returncode == 2
    assert "--accept 2024-01-15 --because" in told.stderr


def test_the_outcome_is_told_as_json(refused):
    """`--json` gives the run as every run gives it."""
    told = refused.command("replay", "--accept", str(DAY), "--because", "seen", "--json")
    assert json.loads(told.stdout)["inserted"] == 1
