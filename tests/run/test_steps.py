"""The stages one by one, as an orchestrator calls them: every step may be repeated, killed, and done elsewhere."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import (
    ArchiveBusy,
    DatabaseError,
    DataRefused,
    DaysMissing,
    SourceRefused,
    SourceUnavailable,
    VersioningError,
)
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.run.steps import MOST_RECORDS, Steps

RUN = "scheduled__2018-12-31T05:30:00+00:00"
ORDER = ("transform", "check_quality", "load", "track", "commit", "report_missing")


def _step(lab, name, *arguments, run=RUN, settings=None, **named):
    """One step, over a pipeline of its own as in a process of its own."""
    return lab.wired(lambda pipeline: getattr(Steps(pipeline, run), name)(*arguments, **named), **(settings or {}))


def _all(lab, wanted, run=RUN):
    told = {"extract": _step(lab, "extract", wanted, run=run)}
    for name in ORDER:
        told[name] = _step(lab, name, run=run)
        if told["transform"] is None:
            break
    return told


def test_the_steps_in_a_row_are_a_run(lab, span, undisturbed):
    """Files, rows and commit are what one run in one process makes of the same days; the run is recorded once."""
    told = _all(lab, Wanted("dag", span))
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert (lab.commits(), lab.versions()) == (1, 1)
    assert told["commit"]["commit"] == lab.git("rev-parse", "HEAD")
    assert told["report_missing"]["inserted"] == len(span)
    assert lab.rows("SELECT run, inserted, missing, version FROM apod_run") == [
        (RUN, len(span), 0, told["commit"]["commit"])
    ]


def test_every_step_may_be_repeated(lab, span, undisturbed):
    """Each step twice, as after a worker that died with its work done: the same end, the same counts, one commit."""
    for name, arguments in [("extract", (Wanted("dag", span),)), *((name, ()) for name in ORDER)]:
        first, second = (_step(lab, name, *arguments) for _ in range(2))
        if name in {"check_quality", "load", "track", "commit"}:
            assert first == second
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert lab.commits() == 1
    assert lab.rows("SELECT inserted FROM apod_run") == [(len(span),)]


def test_messages_hold_paths_and_the_runs_records(lab, span):
    """Paths are relative to the archive and there; the records are the run's days with the five fields."""
    told = _all(lab, Wanted("dag", span))
    paths = [told["extract"]["raw_apod_path"], told["track"]["dvc_file_path"], told["check_quality"]["report"]]
    paths += [told["transform"][key] for key in ("transformed_csv_path", "transformed_json_path")]
    assert all((lab.root / path).is_file() for path in paths), paths
    records = json.loads(told["transform"]["transformed_df_json"])
    assert [record["date"] for record in records] == [str(day) for day in span]
    assert {*records[0]} == {"date", "title", "url", "explanation", "media_type"}


def test_many_records_are_pointed_to(lab):
    """A run of more than a hundred days carries a hundred records, how many more there are, and where."""
    from apod_pipeline.dataset.spans import Span

    days = Span(dt.date(2018, 6, 1), dt.date(2018, 12, 31))
    told = _all(lab, Wanted("dag", days))
    *records, pointer = json.loads(told["transform"]["transformed_df_json"])
    assert len(records) == MOST_RECORDS
    assert pointer == {"more": len(days) - MOST_RECORDS, "in": "data/processed/apod_transformed.json"}


def test_nothing_new_ends_after_the_transform(lab, span):
    """The same days again: the transform says that there is nothing to do, and nothing was done."""
    _all(lab, Wanted("dag", span))
    told = _all(lab, Wanted("dag", span), run="again")
    assert told["transform"] is None
    assert _step(lab, "report_missing", run="again")["unchanged"] == len(span)
    assert lab.commits() == 1


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("transform", "version-sealed"),
        ("transform", "write apod_transformed.json"),
        ("load", "before-database-commit"),
        ("load", "after-database-commit"),
        ("track", "dvc-pushing"),
        ("commit", "committed"),
    ],
)
def test_a_step_that_is_killed_is_tried_again(lab, span, undisturbed, step, place):
    """SIGKILL in the middle of a step, then the same step and those after it: the same end, one commit."""
    _step(lab, "extract", Wanted("dag", span))
    for name in ORDER:
        if name == step:
            code = (
                "from apod_pipeline.settings import resolve; from apod_pipeline.wiring import pipeline;"
                "from apod_pipeline.run.steps import Steps; from apod_pipeline.versioning.dvc import DvcVersioner\n"
                f"with pipeline(resolve(), dvc=DvcVersioner) as wired: Steps(wired, {RUN!r}).{name}()"
            )
            environment = lab.environment(APOD_KILL_AT=place)
            killed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert _step(lab, name) is not None
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert lab.commits() == 1


def test_silence_is_tried_again_and_told_at_last(lab, nasa, span):
    """No answer: an error that a later try can help, until the last one; then what is missing is named at the end."""
    _all(lab, Wanted("dag", span), run="before")
    nasa.fault("envoy_text")
    nasa.today += dt.timedelta(days=1)
    day = nasa.today
    settings = {"today": day, "http_retries": 0}
    with pytest.raises(SourceUnavailable) as silent:
        _step(lab, "extract", Wanted("dag"), last_try=False, settings=settings)
    assert silent.value.retryable
    assert str(day) in _step(lab, "extract", Wanted("dag"), settings=settings)["missing"]
    assert _step(lab, "transform", settings=settings) is None
    with pytest.raises(DaysMissing, match=str(day)):
        _step(lab, "report_missing", settings=settings)
    assert lab.rows(f"SELECT missing > 0 FROM apod_run WHERE run = '{RUN}'") == [(True,)]


def test_the_placeholder_is_refused_at_once(lab, nasa, span):
    """A service that answers the placeholder for everything: refused with the canary's words, no retry can help."""
    nasa.fault("placeholder")
    with pytest.raises(DataRefused, match=r"placeholder.*quarantine") as refused:
        _step(lab, "extract", Wanted("dag", span), last_try=False, settings={"sources": ("planetary",)})
    assert not refused.value.retryable


def test_a_refused_key_is_an_error_at_once(lab, span):
    """A key that the service refuses: no try is left to be made, whichever this one is."""
    settings = {"sources": ("planetary",), "nasa_api_key": "wrong"}
    with pytest.raises(SourceRefused, match="NASA_API_KEY") as refused:
        _step(lab, "extract", Wanted("dag", span), last_try=False, settings=settings)
    assert not refused.value.retryable


def test_a_database_or_remote_that_is_away_can_be_tried_again(lab, span, undisturbed, tmp_path):
    """Nobody listens, or the remote cannot be written: errors that a later try can help, and it does."""
    _step(lab, "extract", Wanted("dag", span))
    _step(lab, "transform")
    with pytest.raises(DatabaseError) as away:
        _step(lab, "load", settings={"database_url": "postgresql://apod@127.0.0.1:1/apod"})
    assert away.value.retryable
    (tmp_path / "full").write_text("no folder")
    with pytest.raises(VersioningError) as unwritable:
        _step(lab, "track", settings={"dvc_remote": str(tmp_path / "full" / "remote")})
    assert unwritable.value.retryable
    for name in ORDER:
        _step(lab, name)
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert lab.commits() == 1


def test_a_run_of_an_earlier_day_asks_for_its_own(lab, span):
    """A run that stands for a day of last week asks for that day, and takes nothing back of what is known since."""
    _all(lab, Wanted("dag", span))
    day = span.last - dt.timedelta(days=7)
    lab.nasa.edit(day, title="Quite Another Title")
    for name, arguments in [("extract", (Wanted("dag"),)), *((name, ()) for name in ORDER)]:
        _step(lab, name, *arguments, run="cleared", settings={"today": day})
    assert lab.entries()[str(day)]["title"] == "Quite Another Title"
    assert lab.rows("SELECT count(*) FROM apod_day WHERE status = 'present'") == [(len(span),)]
    assert lab.rows("SELECT date_to FROM apod_run WHERE run = 'cleared'") == [(str(day),)]


def test_a_step_waits_for_another_run(lab, span):
    """A run at the command line holds the archive for a moment: the step waits for it instead of failing."""
    _step(lab, "extract", Wanted("dag", span))
    reading, writing = os.pipe()
    code = (
        "import os; from pathlib import Path; from apod_pipeline.archive.folder import Archive\n"
        "from apod_pipeline.datasets.apod import DATA_SET\n"
        f"with Archive(Path({str(lab.root)!r}), DATA_SET).locked(): print(flush=True); os.read({reading}, 1)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        pass_fds=[reading],
    )
    holder.stdout.readline()
    with pytest.raises(ArchiveBusy), lab.archive.locked(0.2):
        pass
    os.close(writing)
    assert _step(lab, "transform")["version"]
    assert holder.wait() == 0
    holder.stdout.close()
    os.close(reading)


def test_a_part_that_was_lost_is_missed(lab, span):
    """Of three parts one was never done: the others are one version, and its days are named as missing."""
    middle = span.first + dt.timedelta(days=len(span) // 2)
    lost = Span(middle + dt.timedelta(days=1), span.last)
    parts = {"part.1": Span(span.first, middle - dt.timedelta(days=1)), "part.2": Span(middle, middle), "part.3": lost}
    for run in ("part.1", "part.2"):
        _step(lab, "extract", Wanted("dag", parts[run], only_missing=True), run=run)
    _step(lab, "gather", parts)
    published = _step(lab, "publish")
    assert published["commit"] == lab.git("rev-parse", "HEAD")
    assert _step(lab, "publish") is None
    with pytest.raises(DaysMissing, match=f"{lost.first} and .* to {lost.last}: part.3 ended before it could count"):
        _step(lab, "report_missing")
    assert lab.versions() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a_dag manual__2018-12-31T05:30:00+00:00", "a_dag manual__2018-12-31T05_30_00+00_00"),
        ("a_dag r", "another_dag r"),
        ("a_dag r.2018-11-02", "a_dag[2018-11-02] r"),
        ("a_dag Run", "a_dag run"),
        ("a_dag " + "long" * 80 + "1", "a_dag " + "long" * 80 + "2"),
        ("a_dag ../é", "a_dag .._é"),
    ],
)
def test_runs_never_share_what_they_know(lab, span, one, other):
    """However little their names differ, each of two runs has its own counts, its own replies and its own row."""
    days = Span(span.first, span.first + dt.timedelta(days=30)), Span(span.last - dt.timedelta(days=4), span.last)
    told = [_step(lab, "extract", Wanted("dag", asked), run=run) for run, asked in zip((one, other), days, strict=True)]
    assert told[0]["raw_apod_path"] != told[1]["raw_apod_path"]
    for run in (one, other):
        _step(lab, "report_missing", run=run)
    rows = lab.rows("SELECT run, date_from::text, date_to::text FROM apod_run")
    assert {*rows} == {(run, str(d.first), str(d.last)) for run, d in zip((one, other), days, strict=True)}


def test_a_run_that_is_under_way_in_an_upgrade_goes_on(lab, span):
    """Its counts lie where an earlier release kept them: they are found, and those of another DAG's run are not."""
    former, name = "manual__2018-12-31T05:30:00+00:00", "a_dag manual__2018-12-31T05:30:00+00:00"
    _step(lab, "extract", Wanted(name, span), run=name)
    (new,) = (lab.archive.private / "runs").iterdir()
    new.rename(new.with_name("manual__2018-12-31T05_30_00+00_00.json"))

    def recorded(dag):
        run = name.replace("a_dag", dag)
        return lab.wired(lambda wired: Steps(wired, run, run, former).report_missing())

    assert (recorded("a_dag")["to"], recorded("another_dag")["to"]) == (str(span.last), None)
