"""The audit: a sound archive is told sound, and whatever differs is named with what to type."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from apod_pipeline.calendar import Span
from apod_pipeline.settings import resolve
from apod_pipeline.wiring import audited


def _audited(lab):
    return {check.what: check for check in audited(resolve(lab.all_flags(), {}, None))}


def _changed_row(lab):
    with psycopg.connect(lab.database) as connection:
        connection.execute("UPDATE apod SET title = 'Another' WHERE date = '2018-12-24'")


def _lost_row(lab):
    with psycopg.connect(lab.database) as connection:
        connection.execute("DELETE FROM apod WHERE date = '2018-12-24'")


def _flipped(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


@pytest.fixture
def sound(lab, span):
    """An archive that says the same everywhere."""
    lab.run(span)
    assert all(check.well for check in _audited(lab).values())
    return lab


def test_a_sound_archive_is_told_sound(sound):
    """Every check says what it saw."""
    told = _audited(sound)
    assert [*told] == ["quality", "coverage", "files", "csv", "table", "commit"]
    assert told["table"].says == "60 rows, the very bytes of the CSV"
    assert told["commit"].says == sound.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (_changed_row, "table"),
        (_lost_row, "table"),
        (lambda lab: lab.rows_deleted(), "table"),
        (lambda lab: _flipped(lab.archive.csv), "csv"),
        (lambda lab: lab.archive.parquet.unlink(), "files"),
        (lambda lab: lab.archive.json.write_text("[\n]\n"), "files"),
        (lambda lab: _flipped(lab.archive.csv.with_name("apod_data.csv.dvc")), "commit"),
    ],
)
def test_every_difference_is_named(sound, harm, named):
    """One thing harmed: the check that looks at it says so, and what to type."""
    harm(sound)
    unwell = {what: check for what, check in _audited(sound).items() if not check.well}
    assert named in unwell
    assert all(check.do.startswith(("apod ", "read ")) for check in unwell.values())


def test_missing_days_are_named(sound, nasa):
    """A day that no service answered for is told with its status."""
    nasa.fault("envoy_text")
    sound.run(Span(dt.date(2018, 10, 20), dt.date(2018, 10, 21)), http_retries=0)
    found = _audited(sound)["coverage"]
    assert (found.well, found.says) == (False, "2018-10-20 failed, 2018-10-21 failed")
