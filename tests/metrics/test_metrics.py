"""What the numbers of an archive are after real runs, read by Prometheus' own parser; and that no run minds."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError
from apod_pipeline.extras.metrics.names import METRICS
from apod_pipeline.extras.metrics.page import renewed
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from collecting import HOST
from lab import TODAY
from mirror.conftest import ended, started

PAGE = Path(__file__).parents[2] / "docs" / "observing.md"
SPAN = Span(TODAY - dt.timedelta(days=3), TODAY)
AWAY = f"postgresql://apod:a-password-of-postgres@{HOST}:9/apod"


@pytest.fixture
def measured(lab):
    """An archive of four days whose runs write metrics."""
    lab.filled(SPAN)
    lab.flags |= {"extras": ("metrics",), "lookback": 3, "http_retries": 0}
    return lab


def _parsed(text):
    """By name and labels, the data set's aside, the value."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert {sample.labels.pop("dataset") for sample in samples if sample.name in METRICS} <= {"apod"}
    return {(one.name, *one.labels.values()): one.value for one in samples if one.name in METRICS}


def _written(lab):
    return _parsed((lab.archive.private / "metrics.prom").read_text())


def test_the_page_shows_every_metric():
    """`make docs` would leave docs/observing.md as it is; the rules' file names that page."""
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page
    assert "docs/observing.md" in (PAGE.parents[1] / "deploy" / "monitoring" / "apod.rules.yml").read_text()


def test_a_good_run_is_in_the_file(measured):
    """Every metric of the table but the verification's is there, with what the run and the archive are."""
    outcome = measured.run()
    told = _written(measured)
    assert {name for name, *_ in told} == METRICS.keys() - {"apod_verified_timestamp_seconds", "apod_verified_well"}
    assert told["apod_entries",] == len(SPAN)
    assert told["apod_days", "present"] == len(SPAN)
    assert told["apod_missing_newest",] == 0
    assert told["apod_versions",] == measured.versions()
    assert told["apod_runs_total", "ok"] == 1
    assert told["apod_last_run_exit_code",] == 0
    assert told["apod_last_run_entries", "unchanged"] == outcome.unchanged
    assert told["apod_last_run_seconds", "extract"] == outcome.seconds["extract"]
    assert sum(value for (name, *_), value in told.items() if name == "apod_source_requests_total") > 0


def test_a_failed_run_is_in_the_file(measured):
    """Its exit code is there and it is counted; when a run was good last stays what it was."""
    measured.run()
    good = _written(measured)["apod_last_good_run_timestamp_seconds",]
    with pytest.raises(DatabaseError) as caught:
        measured.run(database_url=AWAY)
    told = _written(measured)
    assert told["apod_last_run_exit_code",] == caught.value.exit_code
    assert told["apod_runs_total", "failed"] == 1
    assert told["apod_last_good_run_timestamp_seconds",] == good < told["apod_last_run_timestamp_seconds",]


def test_counters_grow_and_outlive_a_recovery(measured, nasa):
    """Good, missing and refused runs are counted each; neither `rebuild` nor a lost database takes a count away."""
    measured.run()
    nasa.fault("status", code=503)
    measured.run()
    nasa.clear_faults()
    nasa.fault("placeholder")
    measured.run()
    nasa.clear_faults()
    before = {key: value for key, value in _written(measured).items() if key[0].endswith("_total")}
    assert [before["apod_runs_total", how] for how in ("ok", "missing", "refused")] == [1, 1, 1]
    assert before["apod_refusals_total",] > 0
    measured.wired(lambda pipeline: pipeline.rebuild())
    measured.rows_deleted()
    measured.flags["database_url"] = measured.database
    measured.run()
    after = {key: value for key, value in _written(measured).items() if key[0].endswith("_total")}
    assert after["apod_runs_total", "ok"] == 3
    assert all(after[key] >= value for key, value in before.items())


def test_recover_database_counts_on(measured):
    """`apod recover database` leaves the counts alone."""
    measured.run()
    measured.rows_deleted()
    done = measured.command("recover", "database")
    assert done.returncode == 0, done.stderr
    measured.run()
    assert _written(measured)["apod_runs_total", "ok"] >= 2


@pytest.mark.parametrize(
    "torn", [b"", b'{"counters": {"apod_runs_tot', b"[1]", b'{"counters": {"a": [["x"]]}}', b"\xff"]
)
def test_a_torn_count_begins_anew(measured, torn):
    """A file that cannot be read fails no run: it counts from one again."""
    measured.run()
    (measured.archive.private / "metrics.json").write_bytes(torn)
    assert measured.run().exit_code == 0
    assert _written(measured)["apod_runs_total", "ok"] == 1
    assert json.loads((measured.archive.private / "metrics.json").read_bytes())


def test_a_verification_is_in_the_file(measured):
    """When the archive was verified, and that all was well, or was not."""
    measured.run()
    verify(resolve(measured.all_flags(), {}, None))
    assert _written(measured)["apod_verified_well",] == 1
    next(iter(measured.archive.raw.glob("apod_raw_*.json"))).unlink()
    verify(resolve(measured.all_flags(), {}, None))
    assert _written(measured)["apod_verified_well",] == 0


def test_no_run_fails_because_of_it(measured, tmp_path, caplog):
    """A place that nobody can write to is one line of the log; the run is what it would have been."""
    (tmp_path / "a-file").touch()
    assert measured.run(metrics_textfile=tmp_path / "a-file" / "apod.prom").exit_code == 0
    assert "the listener Metrics failed" in caplog.text


def test_the_file_may_be_read_by_others_at_its_place(measured, tmp_path):
    """APOD_METRICS_TEXTFILE names the place; whoever collects it is another user."""
    place = tmp_path / "apod.prom"
    measured.run(metrics_textfile=place)
    assert place.stat().st_mode & 0o777 == 0o644
    assert _parsed(place.read_text())["apod_entries",] == len(SPAN)


@pytest.mark.process
def test_the_mirror_tells_the_same(measured):
    """What `apod serve` tells at /metrics of entries, days and the last run is what the file says."""
    measured.run()
    process, address = started(measured)
    try:
        served = _parsed(httpx.get(f"{address}/metrics").text)
    finally:
        ended(process)
    told = _written(measured)
    same = {key for key in served if not key[0].endswith("_timestamp_seconds") and served[key]}
    assert {name for name, *_ in same} >= {"apod_entries", "apod_revisions", "apod_days", "apod_last_run_entries"}
    assert {key: served[key] for key in same} == {key: told[key] for key in same}
    times = {key for key in served if key[0].endswith("_timestamp_seconds")}
    assert {key: served[key] for key in times} == pytest.approx({key: told[key] for key in times}, abs=5)
