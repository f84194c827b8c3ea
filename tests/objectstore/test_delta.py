"""Versions in a Delta table: its history agrees with the tables' own, it follows the pointer, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import polars
import pytest
from deltalake import DeltaTable

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.delta import follow
from lab import SPAN, TODAY
from stores import newest

pytestmark = pytest.mark.process

ONE_DAY = dt.timedelta(days=1)
SHOWN = ("date", "title", "explanation", "url", "media_type")


@pytest.fixture
def tabled(stored):
    """An archive of sixty days, each version of which is one of the Delta table."""
    stored.filled(SPAN)
    stored.flags |= {"objectstore_delta": True}
    assert _run(stored) == 0
    return stored


def _run(lab, days=0):
    """A run of some later day, in a process of its own: the library holds Python's lock, and the gateway is Python."""
    lab.nasa.today = TODAY + days * ONE_DAY
    return lab.command("run", APOD_TODAY=str(lab.nasa.today)).returncode


@pytest.fixture
def table(server, bucket, monkeypatch):
    """The table, as a reader opens it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    return lambda: DeltaTable(f"{bucket.where}/delta")


def _edited(tabled, days):
    """Runs that bring so many new days, the last one with an edit of an older day."""
    for number in range(1, days + 1):
        if number == days:
            tabled.nasa.edit(TODAY - ONE_DAY, title="Another Title")
        assert _run(tabled, number) == 0


def test_its_history_agrees_with_the_tables(tabled, table, bucket):
    """What the page shows for reading a state gives, at every version's instant, what `apod_as_of` gives."""
    _edited(tabled, 3)
    page = (Path(__file__).parents[2] / "docs" / "objectstore.md").read_text(encoding="utf-8")
    (shown,) = [text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "DeltaTable" in text]
    versions = Ledger(tabled.archive).versions()
    assert len(versions) == 4
    for version in versions:
        known = {"instant": version.at + dt.timedelta(seconds=0.5)}
        exec(shown.replace("s3://my-bucket/apod", bucket.where), known)  # noqa: S102 - the page's own words
        rows = known["entries"].select(SHOWN)
        read = sorted(tuple(str(value) for value in row) for row in rows.rows())
        query = f"SELECT {', '.join(SHOWN)} FROM apod_as_of('{version.at.isoformat()}')"
        assert read == sorted(tuple(str(value) for value in row) for row in tabled.rows(query))


def test_only_years_that_changed_are_written(tabled, table):
    """A new day of a new year leaves the old year's file; what is new nowhere makes no version."""
    before = {*table().file_uris()}
    assert _run(tabled, 1) == 0
    assert before < {*table().file_uris()}
    assert table().version() == 1
    assert _run(tabled, 1) == 0
    assert table().version() == 1


def test_a_table_that_fell_behind(tabled, table, gateway, bucket):
    """Where the table cannot be written the pointer has moved all the same, it is told, and the next run heals it."""
    gateway.fail = lambda method, path: (500, "InternalError") if method == "PUT" and "/delta/" in path else None
    assert _run(tabled, 1) == 1
    assert newest(bucket).entries == 61
    assert table().version() == 0
    gateway.fail = lambda _method, _path: None
    assert _run(tabled, 1) == 0
    assert polars.read_delta(table()).height == 61


def test_who_is_behind_changes_nothing(tabled, table, bucket, server):
    """An older version than the table's is not written over it."""
    bucket = Bucket(bucket.wishes._replace(endpoint=server))
    first = newest(bucket)
    _edited(tabled, 1)
    assert follow(bucket, first, "date") is False
    assert table().version() == 1


WITHOUT = """
import sys
sys.modules["deltalake"] = sys.modules["deltalake.exceptions"] = None
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.delta import follow
from apod_pipeline.extras.objectstore.settings import Wishes
try:
    follow(Bucket(Wishes("s3://a")), None, "date")
except SettingsError as error:
    print(error)
"""


def test_without_its_library():
    """It says what to install."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert "pip install 'apod-pipeline[delta]'" in done.stdout
