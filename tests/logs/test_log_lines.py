"""Messages and logs as lines of JSON, with the run that they are of."""

from __future__ import annotations

import json
import logging
import sys

from apod_pipeline.dataset.spans import Span
from apod_pipeline.logs.lines import JsonLines
from apod_pipeline.logs.running import run_that_goes_on, running
from lab import TODAY


def _lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_every_message_is_an_object_of_the_run(lab):
    """Of a run that fails, each line has time, level and message, those of the run its name as the log of runs does."""
    lab.filled(Span(TODAY, TODAY))
    lab.nasa.fault("status", code=503)
    done = lab.command("--log-format", "json", "run", APOD_HTTP_RETRIES="0")
    assert done.returncode == 4
    said = _lines(done.stderr)
    assert all({"at", "level", "logger", "message", "run"} <= line.keys() for line in said)
    (run,) = {line["run"] for line in said} - {None}
    assert run == json.loads(lab.archive.log.read_text().splitlines()[-1])["run"]


def test_libraries_logs_and_dvcs_process_do_alike(lab):
    """With --log the lines of Git, DVC and the network are JSON too, and those of the run have its name."""
    done = lab.command("--log", "run", "--date", str(TODAY), APOD_LOG_FORMAT="json")
    assert done.returncode == 0, done.stderr
    said = _lines(done.stderr)
    assert {"httpx", "dvc.repo"} & {line["logger"] for line in said}
    run = json.loads(lab.archive.log.read_text().splitlines()[-1])["run"]
    assert run in {line["run"] for line in said if line["logger"] == "httpx"}


def test_an_error_is_a_line_too(lab):
    """What ends a command is said at the level `error`."""
    (line,) = _lines(lab.command("--log-format", "json", "show", "nonsense").stderr)
    assert (line["level"], line["run"]) == ("error", None)


def test_one_name_in_every_place(lab):
    """The run's name in the log of runs stands in the table of runs, the ledger and the commit."""
    lab.run(Span(TODAY, TODAY))
    run = json.loads(lab.archive.log.read_text().splitlines()[-1])["run"]
    assert lab.git("log", "-1", "--format=%(trailers:key=Run,valueonly)") == run
    assert lab.rows("SELECT run FROM apod_run") == [(run,)]
    assert f'"run":"{run}"' in (lab.archive.ledger / "versions.jsonl").read_text().replace('": "', '":"')


def test_a_record_with_a_traceback():
    """The traceback is a list of lines; runs inside of one another give the inner one's name."""
    try:
        int("no")
    except ValueError:
        record = logging.LogRecord("a.b", logging.ERROR, __file__, 1, "it %s", ("failed",), sys.exc_info())
    with running("outer"), running("inner"):
        line = json.loads(JsonLines().format(record))
    assert (line["message"], line["run"], line["traceback"][-1]) == (
        "it failed",
        "inner",
        "ValueError: invalid literal for int() with base 10: 'no'",
    )
    assert run_that_goes_on() is None
