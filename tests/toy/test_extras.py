"""What others plug in: inside of the load, beside it, after every outcome, and as a page; the core names none of it."""

from __future__ import annotations

import datetime as dt

import httpx
import psycopg
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError, SettingsError
from mirror.conftest import ended, started
from set_lab import SITE

DAY = dt.date(2018, 12, 30)


@pytest.fixture
def plugged(lab, monkeypatch):
    """An archive of APOD with the example extra, and where that keeps what it was told."""
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    lab.flags |= {"extras": ("counting",)}
    return lab


def _told(lab, name):
    return (lab.archive.private / name).read_text().splitlines()


def test_every_seam_is_used(plugged, nasa):
    """Rows in the load's own transaction, a copy of each version, every outcome heard, whatever the listener does."""
    first = plugged.run(Span(DAY, DAY))
    assert plugged.rows("SELECT states FROM counted") == [(1,)]
    at = plugged.rows("SELECT version_at FROM apod_state")[0][0]
    assert dt.datetime.fromisoformat(_told(plugged, "copied")[0]) == at
    nasa.edit(DAY, title="Another Title")
    assert plugged.run(Span(DAY, DAY)).changed == 1
    assert plugged.rows("SELECT states FROM counted ORDER BY at") == [(1,), (1,)]
    assert (first.exit_code, _told(plugged, "heard")) == (0, ["0 NoneType", "0 NoneType"])


def test_a_hook_that_fails_undoes_the_load(plugged, nasa):
    """Neither its rows nor ours are there; the next run brings both."""
    plugged.run(Span(DAY, DAY))
    nasa.edit(DAY, title="Another Title")
    (plugged.archive.private / "refuse-load").touch()
    with pytest.raises(DatabaseError):
        plugged.run(Span(DAY, DAY))
    assert plugged.rows("SELECT count(*) FROM counted") == [(1,)]
    assert plugged.rows("SELECT count(*) FROM apod_revision") == [(1,)]
    assert _told(plugged, "heard")[-1] == "1 DatabaseError"
    (plugged.archive.private / "refuse-load").unlink()
    plugged.run(Span(DAY, DAY))
    assert plugged.rows("SELECT states FROM counted ORDER BY at") == [(1,), (1,)]
    assert plugged.rows("SELECT title FROM apod") == [("Another Title",)]


def test_what_fails_beside_blocks_nobody(plugged):
    """Rows and commit are there all the same; the run says so and ends with the error's code; the next one heals."""
    (plugged.archive.private).mkdir(parents=True)
    (plugged.archive.private / "refuse").touch()
    outcome = plugged.run(Span(DAY, DAY))
    assert (outcome.exit_code, bool(outcome.version)) == (1, True)
    assert "the copy was refused. The next run begins it again." in plugged.told
    assert plugged.rows("SELECT count(*) FROM apod") == [(1,)]
    (plugged.archive.private / "refuse").unlink()
    again = plugged.run(Span(DAY, DAY))
    assert (again.exit_code, again.version, len(_told(plugged, "copied"))) == (0, None, 1)


def test_a_page_of_the_gallery(plugged):
    """It stands in the menu, and shows what it selects; without the setting there is none."""
    plugged.run(Span(DAY, DAY))
    with psycopg.connect(plugged.database) as connection:
        connection.execute("GRANT SELECT ON counted TO apod_reader")
    process, address = started(plugged)
    try:
        page = httpx.get(f"{address}/counted")
        assert (page.status_code, "<p>1 states</p>" in page.text) == (200, True)
        assert '<a href="/counted">What was counted</a>' in httpx.get(f"{address}/status").text
    finally:
        ended(process)


def test_an_extra_that_is_not_installed_is_named(lab):
    """The name, what there is instead, and nothing was done."""
    with pytest.raises(SettingsError, match="APOD_EXTRAS names 'horoscopes', which is not installed; installed: "):
        lab.run(Span(DAY, DAY), extras=("horoscopes",))
