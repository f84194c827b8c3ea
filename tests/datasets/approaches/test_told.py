"""What commands tell of an archive whose days have none, one or many entries: past, coverage, settings."""

from __future__ import annotations

import datetime as dt

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.settings import described, resolve
from apod_pipeline.simulator.approaches import TODAY, SimulatedJpl
from set_lab import SetLab

pytestmark = pytest.mark.process
DAY = dt.timedelta(days=1)
AROUND = Span(TODAY - 60 * DAY, TODAY + 60 * DAY)


@pytest.fixture
def filled(tmp_path, database_url):
    """All that the service tells of the days around today."""
    with SimulatedJpl(every=5) as jpl:
        lab = SetLab(jpl, tmp_path / "archive", database_url, name="approaches")
        lab.run(AROUND)
        yield lab


@pytest.mark.parametrize("command", ["history", "show", "trace"])
def test_an_entry_that_never_was(filled, command):
    """Whoever asks for it: wrong use, told in a sentence."""
    done = filled.command(command, "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nonsense: this archive has no " in done.stderr


def test_an_entry_that_came_back_says_so(filled):
    """Between two states of its past stands since when it was gone, and until when."""
    gone = filled.nasa.approaches[12]
    filled.nasa.withdraw(gone)
    assert filled.run(AROUND).gone == 1
    left = filled.command("history", gone.des).stdout
    filled.nasa.approaches.append(gone)
    filled.run(AROUND)
    told = filled.command("history", gone.des).stdout
    since = left.partition("gone since ")[2].partition(":")[0].split("Z")[0]
    assert f"   gone from {since}" in told
    assert "gone since" not in told


def test_coverage_tells_of_spans(filled):
    """What was asked for and answered, how much there is in it, and what is missing; in few lines."""
    lines = filled.command("coverage").stdout.splitlines()
    days = {row["date"] for row in filled.entries().values()}
    assert lines[1].split() == [str(AROUND), "121", str(len(days)), str(len(filled.entries()))]
    assert lines[2:] == ["nothing that was asked for is missing"]
    filled.nasa.fault("status", code=503)
    filled.command("run", "--from", "2025-11-01", "--to", "2025-11-03")
    lines = filled.command("coverage", "--from", "2025-01-01").stdout.splitlines()
    assert [line.split()[:2] for line in lines[-1:]] == [["2025-11-01..2025-11-03", "failed"]]


def test_settings_that_its_calendar_overrules_are_told_so(filled):
    """`apod config` says which have no effect; a number that is larger than the calendar's has one."""

    def meaning(**flags):
        return {row["name"]: row["meaning"] for row in described(resolve(filled.all_flags(**flags), {}, None))}

    assert meaning()["APOD_LOOKBACK"].endswith("; no effect: approaches always requests 60 days back")
    assert "no effect: approaches believes an answer without entries" in meaning()["APOD_GAP_AFTER"]
    assert "no effect" not in meaning(lookback=90)["APOD_LOOKBACK"]
