"""The whole history at full length, favourites that were shown again included: no real day is refused."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.calendar import CALENDAR, FIRST_DAY
from apod_pipeline.run.importing import import_into
from apod_pipeline.simulator import Simulator, record_of

TODAY = dt.date(2026, 11, 29)
ALL = Span(FIRST_DAY, TODAY)
DAYS = len(list(CALENDAR.publishable(ALL)))


@pytest.fixture
def nasa():
    """Both services with 31 years of entries, of which the same words stand on up to twelve days."""
    with Simulator(today=TODAY) as simulator:
        yield simulator


@pytest.mark.parametrize("source", ["science", "planetary"])
def test_every_day_comes_through_either_service(lab, source):
    """Eleven thousand days: none refused, none missing, exit 0; nothing is new afterwards."""
    ran = lab.run(ALL, missing=True, sources=(source,))
    assert (ran.exit_code, ran.inserted, ran.refused, ran.missing) == (0, DAYS, 0, {})
    again = lab.run(sources=(source,))
    assert (again.exit_code, again.version) == (0, None)


def test_every_day_is_taken_from_a_file(lab, tmp_path):
    """The same history as somebody's own file: all of it is let in, exit 0."""
    records = [record_of(day) for day in CALENDAR.publishable(ALL)]
    (tmp_path / "mine.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    ran = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "mine.jsonl"))
    assert (ran.exit_code, ran.inserted, ran.refused) == (0, DAYS, 0)


def test_a_lie_of_scattered_days_is_refused_all_the_same(lab, nasa):
    """Fifteen days that are missing here and there are told one text in one run: that is no rerun."""
    days = [dt.date(1996 + number * 2, 3 + number % 9, 7) for number in range(15)]
    nasa.hide(*days)
    lab.run(ALL, missing=True, sources=("planetary",), gap_after=20_000)
    nasa.show(*days)
    nasa.fault("same_text", text="We are sorry, this page is being moved to another place and will be back soon.")
    lied = lab.run(sources=("planetary",), gap_after=20_000)
    assert lied.exit_code == 3
    nasa.clear_faults()
    sane = lab.run(sources=("planetary",), gap_after=20_000)
    assert sane.exit_code == 0
    assert len(lab.rows("SELECT FROM apod")) == DAYS
