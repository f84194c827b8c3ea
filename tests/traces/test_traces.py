"""Traces of real runs, at an endpoint that reads OTLP as a collector does; and that no run minds."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError
from apod_pipeline.extras.traces.identity import identity
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.run.steps import Steps
from collecting import HOST, collector
from lab import TODAY
from told_spans import spans_told, values

SPAN = Span(TODAY - dt.timedelta(days=2), TODAY)
STAGES = ["extract", "transform", "check_quality", "load", "dvc", "git", "push", "record"]
ERROR = 2


@pytest.fixture
def sink():
    """Where traces go."""
    with collector() as kept:
        yield kept


@pytest.fixture
def traced(lab, sink, monkeypatch):
    """An archive whose runs are traced."""
    for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", sink.address)
    lab.flags |= {"extras": ("traces",), "http_retries": 0}
    return lab


def _run_named(lab):
    return json.loads(lab.archive.log.read_text().splitlines()[-1])["run"]


def test_a_good_run_is_one_trace(traced, sink):
    """One request: a span for the run with its counts and commit, below it one for each stage, inside of its time."""
    outcome = traced.run(SPAN)
    *stages, run = spans_told(sink)
    assert len(sink.posted) == 1
    assert [stage.name for stage in stages] == STAGES
    own = identity("", "apod", outcome.run)
    assert {one.trace for one in (*stages, run)} == {own.fields["trace_id"]}
    assert (run.name, run.id, run.parent) == ("apod run", own.fields["span_id"], "")
    assert {stage.parent for stage in stages} == {run.id}
    assert all(run.began <= stage.began <= stage.ended <= run.ended for stage in stages)
    assert run.status.code == 0
    assert run.resource["service.name"] == "apod-pipeline"
    assert (
        run.attributes.items()
        >= {
            "apod.dataset": "apod",
            "apod.run": outcome.run,
            "apod.command": "run",
            "apod.span.first": str(SPAN.first),
            "apod.span.last": str(SPAN.last),
            "apod.inserted": len(SPAN),
            "apod.missing": 0,
            "apod.exit_code": 0,
            "apod.version": traced.git("rev-parse", "HEAD"),
        }.items()
    )


def test_opentelemetrys_variables_are_heeded(traced, sink, monkeypatch):
    """Endpoint of traces, service, resource, headers and compression are those of the environment; off is off."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{HOST}:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{sink.address}/elsewhere")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "pictures")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=staging")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=open%20sesame")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    outcome = traced.run(SPAN)
    ((path, headers, body),) = sink.posted
    request = ExportTraceServiceRequest.FromString(body)
    (told,) = request.resource_spans
    assert (path, headers["x-key"]) == ("/elsewhere", "open sesame")
    assert values(told.resource.attributes).items() >= {
        ("service.name", "pictures"),
        ("deployment.environment", "staging"),
    }
    assert told.scope_spans[0].spans[0].trace_id.hex() == identity("pictures", "apod", outcome.run).fields["trace_id"]
    for name, value in (("OTEL_TRACES_SAMPLER", "always_off"), ("OTEL_SDK_DISABLED", "true")):
        monkeypatch.setenv(name, value)
        traced.run(SPAN)
    assert len(sink.posted) == 1


def test_a_failed_run_says_why_without_a_secret(traced, sink):
    """The stage that failed and the run have the error as status and event; the password and the key are not in it."""
    url = f"postgresql://apod:a-password-of-postgres@{HOST}:9/apod"
    with pytest.raises(DatabaseError) as caught:
        traced.run(SPAN, database_url=url)
    *stages, run = spans_told(sink)
    assert run.status.code == ERROR
    assert run.attributes["apod.exit_code"] == caught.value.exit_code
    (failed,) = [stage for stage in stages if stage.status.code == ERROR] or [run]
    for span in {run, failed}:
        ((event, said),) = span.events
        assert (event, said["exception.type"]) == ("exception", type(caught.value).__name__)
        assert said["exception.message"] == span.status.message
    assert b"a-password-of-postgres" not in b"".join(body for _, _, body in sink.posted)


def test_a_run_in_steps_is_one_trace(traced, sink):
    """Each step, a process of its own, sends its stages; the last one sends the run's span, with the counts of all."""
    name = "apod_etl_pipeline scheduled__2018-12-31T05:30:00+00:00"

    def step(what, *words):
        traced.wired(lambda pipeline: getattr(Steps(pipeline, name), what)(*words))

    step("extract", Wanted("dag", SPAN))
    for what in ("transform", "check_quality", "load", "track", "commit", "report_missing"):
        step(what)
    spans = spans_told(sink)
    assert [span.name for span in spans] == [*STAGES, "apod run"]
    assert len(sink.posted) == 7
    *stages, run = spans
    own = identity("", "apod", name).fields
    assert {span.trace for span in spans} == {own["trace_id"]}
    assert run.id == own["span_id"]
    assert {stage.parent for stage in stages} == {run.id}
    assert run.began <= stages[0].began
    assert run.attributes["apod.inserted"] == len(SPAN)


def test_a_step_that_fails_is_in_the_trace(traced, sink):
    """Its stage is sent with the error, though the run's own span waits for the run's end."""
    steps = {"database_url": f"postgresql://apod:a-password-of-postgres@{HOST}:9/apod"}
    traced.wired(lambda pipeline: Steps(pipeline, "steps").extract(Wanted("dag", SPAN)))
    traced.wired(lambda pipeline: Steps(pipeline, "steps").transform())
    with pytest.raises(DatabaseError):
        traced.wired(lambda pipeline: Steps(pipeline, "steps").load(), **steps)
    last = spans_told(sink)[-1]
    assert (last.name, last.status.code, last.trace) == (
        "load",
        ERROR,
        identity("", "apod", "steps").fields["trace_id"],
    )
    assert "apod run" not in {span.name for span in spans_told(sink)}


def test_lines_of_the_logs_name_the_trace(traced, sink):
    """With `--log-format json` each line of a run, DVC's process included, has its trace and span; others have none."""
    done = traced.command("--log", "run", "--date", str(TODAY), APOD_LOG_FORMAT="json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    own = identity("", "apod", _run_named(traced)).fields
    of_the_run = [line for line in lines if line["run"]]
    assert {(line["trace_id"], line["span_id"]) for line in of_the_run} == {(own["trace_id"], own["span_id"])}
    assert "apod_pipeline.versioning.dvc" in {line["logger"] for line in of_the_run}
    assert all("trace_id" not in line for line in lines if not line["run"])
    assert {span.trace for span in spans_told(sink)} == {own["trace_id"]}


@pytest.mark.parametrize("status", [400, 503])
def test_a_collector_that_refuses_is_one_line(traced, sink, caplog, status):
    """It is asked once, and what it said is one line; the run is what it would have been."""
    sink.status = status
    assert traced.run(SPAN).exit_code == 0
    assert len(sink.posted) == 1
    (line,) = [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert f"{sink.address} did not take them (HTTP {status})" in line


def test_a_collector_that_is_away_is_one_line_without_a_secret(traced, caplog, monkeypatch):
    """User, password and query of its address are not in it; the run is what it would have been."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://me:hunter2secret@{HOST}:9/in?key=hunter2secret")
    assert traced.run(SPAN).exit_code == 0
    (line,) = [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert f"http://{HOST}:9 did not take them (ConnectionError)" in line
    assert "hunter2secret" not in caplog.text


def test_a_collector_that_answers_by_drops_is_left(traced, sink, caplog):
    """Whoever never comes to an end keeps a run for a few seconds, and no longer."""
    traced.run(SPAN)
    sink.drops.set()
    begun = time.monotonic()
    assert traced.run(SPAN).exit_code == 0
    assert time.monotonic() - begun < 10
    assert "the collector did not answer within" in caplog.text


def test_it_costs_nothing_where_no_collector_is_named(traced, monkeypatch):
    """Plugged in without OpenTelemetry's variables, a run imports nothing of OpenTelemetry's."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    code = (
        "import sys; from apod_pipeline.cli import main; sys.argv = ['apod', 'run', '--date', '2018-12-31']\n"
        "try: main()\n"
        "finally: sys.exit(1 if any(name.startswith('opentelemetry') for name in sys.modules) else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], env=traced.environment(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
