"""Alerts under a real Airflow: its callbacks and its notifiers, over the texts that the command line sends."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_bench import PROJECTS_DAGS
from apod_pipeline.dataset.spans import Span
from apod_pipeline.extras.alerts.notebook import NAME
from lab import TODAY
from local_airflow.simulated_nasa import KEY
from plain_environment import plain_environment
from sinks import mailbox

DAYS = {"from": "2012-03-01", "to": "2012-03-03"}  # no other test asks for them


@pytest.fixture
def told(bench, first_run, airflow_slack, airflow_mailbox, airflow_letters):
    """Gives what was told since the test began: in the mailbox, and by Airflow's notifiers for Slack and for mail."""
    (bench.archive.root / ".apod" / NAME).unlink(missing_ok=True)  # what other tests did to this archive is no news
    letters, posts = len(airflow_mailbox.letters), len(airflow_slack.requests)
    others = len(airflow_letters.letters)

    def subjects():
        sent = [json.loads(body)["text"].partition("\n")[0].strip("*") for _, _, body in airflow_slack.requests[posts:]]
        assert sent == airflow_mailbox.subjects[letters:]
        assert sent == airflow_letters.subjects[others:]
        return sent

    return subjects


def test_a_refusal_is_told_by_every_way(bench, told, airflow_nasa):
    """The placeholder makes a task red: one alert with its sample, however many runs meet it; and one all-clear."""
    airflow_nasa.fault("placeholder")
    try:
        states = [bench.run(**DAYS).state for _ in range(2)]
    finally:
        airflow_nasa.clear_faults()
    assert states == ["failed", "failed"]
    assert told() == ["apod: what planetary says of 2012-03-01 and 2 more days was refused"]
    assert bench.run(**DAYS).state == "success"
    assert told()[1:] == ["apod: well again: nothing of that kind is refused any more"]


def test_a_key_that_is_refused(bench, told, airflow_nasa):
    """A task that cannot be helped by trying again is told with its log; the next good run clears it."""
    path, own = "/connections/apod_nasa", {"connection_id": "apod_nasa", "conn_type": "http"}
    days = {"from": "2012-05-01", "to": "2012-05-02"}
    airflow_nasa.fault("envoy_text", match="wp-json")
    try:
        bench.api.patch(f"{path}?update_mask=password", own | {"password": "wrong"})
        assert bench.run(**days).state == "failed"
        bench.api.patch(f"{path}?update_mask=password", own | {"password": KEY})
        assert bench.run(**days).state == "success"
    finally:
        airflow_nasa.clear_faults()
    assert told() == ["apod: no source answered", "apod: well again: the sources answer"]


SCRIPT = """
import asyncio
from apod_airflow.notices import late
asyncio.run(late({"dag_run": {"dag_run_id": "scheduled__1", "dag_id": "apod_etl_pipeline"}}, 9.0))
"""


def test_a_missed_deadline(lab, tmp_path):
    """What Airflow calls when a run has taken too long sends an alert, and the run's end clears it."""
    lab.filled(Span(TODAY, TODAY))
    with mailbox() as box:
        lab.flags |= box.settings
        environment = plain_environment(
            **{name: value for name, value in lab.environment().items() if name.startswith(("APOD_", "NASA_"))},
            PYTHONPATH=str(PROJECTS_DAGS.parent / "plugins"),
            AIRFLOW_HOME=str(tmp_path / "airflow"),
        )
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        lab.run()
    assert box.subjects == [
        "apod: a run has not ended 9 hours after it was to begin",
        "apod: well again: a run has ended",
    ]
