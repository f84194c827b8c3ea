"""What an operator asks first, answered by `apod status` and by the gallery's status page."""

from __future__ import annotations

import datetime as dt
import json

import httpx

from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.standing import size_of, standing
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from lab import TODAY
from mirror.conftest import ended, started

SPAN = Span(TODAY - dt.timedelta(days=2), TODAY)


def test_how_an_archive_stands(lab, nasa):
    """Fresh or not, what is refused and missing, when it was verified and with which end, and what it takes on disk."""
    lab.filled(SPAN)
    said = standing(lab.archive, TODAY)
    assert (said["fresh"], said["refused"], said["missing"]) == (f"yes, {TODAY} is here", "nothing", "nothing")
    assert (said["verified"], said["disk"].partition(",")[0][-2:]) == ("never", "kB")
    later = TODAY + dt.timedelta(days=2)
    nasa.today = later
    nasa.hide(later, later - dt.timedelta(days=1))
    lab.run(today=later)
    said = standing(lab.archive, later)
    assert said["fresh"] == f"no, {later} is not here; the newest is {TODAY}"
    assert said["missing"] == str(later - dt.timedelta(days=1))


def test_when_it_was_verified(lab):
    """The mark says when, and whether all was well."""
    lab.filled(SPAN)
    settings = resolve(lab.all_flags(), {}, None)
    verify(settings)
    assert standing(lab.archive, TODAY)["verified"].endswith(" UTC, all well")
    lab.archive.csv.write_bytes(b"")
    verify(settings)
    assert standing(lab.archive, TODAY)["verified"].endswith(" UTC, something was wrong: apod verify")


def test_it_is_told(lab):
    """`apod status` and the gallery's page say the same, what the alerts say of themselves among it."""
    lab.filled(SPAN)
    lab.flags["extras"] = ("alerts",)
    done = lab.command("status", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["standing"]
    assert (said["fresh"], said["alerts"], said["told last"]) == (f"yes, {TODAY} is here", "nothing is wrong", "nobody")
    process, address = started(lab)
    try:
        page = httpx.get(f"{address}/status").text
    finally:
        ended(process)
    assert "How it stands" in page
    assert all(f"<dd>{said[what]}</dd>" in page for what in ("fresh", "refused", "verified", "alerts", "told last"))


def test_the_size_of_a_folder(tmp_path):
    """Every file below it counts once, links do not lead away."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "one").write_bytes(b"12345")
    (tmp_path / "two").write_bytes(b"123")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    link = len(str(tmp_path))
    assert size_of(tmp_path) == 8 + link
