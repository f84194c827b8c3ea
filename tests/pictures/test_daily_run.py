"""Pictures that come with every run, and never stop one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from lab import TODAY

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def daily(gallery):
    """The archive, with the newest three pictures in every run."""
    return dataclasses.replace(gallery, flags=gallery.flags | {"pictures_each_run": 3})


def test_the_newest_pictures_come_with_a_run(daily):
    """A run without news brings the newest pictures in a commit of its own; the next one brings the next."""
    commits = daily.commits()
    assert daily.run().exit_code == 0
    assert sorted(daily.kept()) == ["2018-12-29", "2018-12-30", "2018-12-31"]
    assert daily.commits() == commits + 1
    daily.run()
    assert len(daily.kept()) == 6
    assert daily.command("verify").returncode == 0


def test_a_new_day_and_its_picture_are_one_commit(daily):
    """The version of a new day holds its picture too: entry, file, line and row are there together."""
    for _ in range(3):
        daily.run()
    commits = daily.commits()
    daily.nasa.today = TODAY + ONE_DAY
    outcome = daily.run(today=TODAY + ONE_DAY)
    assert (outcome.inserted, outcome.exit_code) == (1, 0)
    assert "2019-01-01" in daily.kept()
    assert daily.commits() == commits + 1
    assert "data/pictures/" in daily.git("show", "--stat=200", "--format=", "HEAD")
    assert daily.git("status", "--porcelain") == ""
    assert daily.rows("SELECT count(*) FROM apod_picture WHERE date = '2019-01-01'") == [(1,)]
    assert daily.command("verify").returncode == 0


@pytest.mark.parametrize("fault", ["picture_html", "picture_bomb", "picture_endless", "picture_cut", "drop"])
def test_a_picture_never_fails_a_run(daily, fault):
    """Whatever a picture host does, the run ends as without pictures, and says nothing is missing."""
    daily.nasa.fault(fault, "/content/|/dynamicimage/")
    outcome = daily.run(pictures_max_mb=1.0)
    assert (outcome.exit_code, outcome.missing) == (0, {})
    assert daily.git("status", "--porcelain", "--", ":!data/ledger") == ""  # which grows between versions
    daily.nasa.clear_faults()


def test_a_slow_picture_does_not_keep_a_run(daily):
    """When the run's time for pictures is over nothing more is begun; a file on its way has a limit of its own."""
    daily.nasa.fault("slow_drip", "/content/|/dynamicimage/", piece=500, pause=0.1)
    outcome = daily.run(pictures_timeout=0.5, pictures_run_seconds=0.5)
    assert outcome.exit_code == 0
    assert daily.kept() == {}


def test_a_run_beside_a_sync(daily):
    """While somebody synchronises the pictures a run leaves them alone, and ends well."""
    with daily.pictures.held():
        assert daily.run().exit_code == 0
    assert daily.kept() == {}


def test_what_dvc_cannot_keep_is_kept_later(daily, tmp_path):
    """Where DVC's remote fails for pictures the run tells it and commits none of them; the next run keeps them."""
    outcome = daily.run()
    assert outcome.exit_code == 0
    remote = daily.archive.root.parent / f"{daily.archive.root.name}-remote"
    daily.nasa.fault("status", "/wp-json|/planetary", code=503)
    aside = remote.rename(tmp_path / "aside")
    remote.write_text("no folder")
    before = daily.git("rev-parse", "HEAD")
    daily.run()
    assert daily.git("rev-parse", "HEAD") == before
    assert daily.git("status", "--porcelain", "-uno") == ""
    remote.unlink()
    aside.rename(remote)
    daily.nasa.clear_faults()
    daily.run()
    assert {f"2018-12-{day}" for day in range(26, 32)} <= daily.kept().keys()
    assert daily.pictures.notes.waiting() == [], daily.told
    assert daily.command("verify").returncode == 0


def test_status_and_doctor_tell_of_pictures(daily):
    """`apod status` counts them, `apod doctor` says whether the disk holds one copy."""
    daily.run()
    told = json.loads(daily.command("status", "--json").stdout)["standing"]
    assert told["pictures"].startswith("3 kept")
    assert "one copy (hard links)" in daily.command("doctor").stdout


def test_steps_of_an_orchestrator_bring_pictures_too(daily):
    """Where every step is a process, the step that tracks brings them, and the last one where nothing was new."""
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.run.steps import Steps

    def stepped(name, wired):
        steps = Steps(wired, name)
        steps.extract(Wanted("step"))
        if steps.transform():
            steps.check_quality()
            steps.load()
            steps.track()
            steps.commit()
        return steps.report_missing()

    daily.wired(lambda wired: stepped("one", wired))
    assert len(daily.kept()) == 3
    daily.nasa.today = TODAY + ONE_DAY
    daily.wired(lambda wired: stepped("two", wired), today=TODAY + ONE_DAY)
    assert "2019-01-01" in daily.kept()
    assert daily.git("status", "--porcelain") == ""
    assert daily.command("verify").returncode == 0


def test_a_damaged_line_of_pictures_fails_no_load(daily, caplog):
    """Where lines of pictures cannot be read, entries are loaded all the same, and the log says what is wrong."""
    daily.run()
    with next(daily.archive.ledger.glob("pictures-*")).open("a") as file:
        file.write("no JSON\n")
    daily.rows_deleted()
    assert daily.run().exit_code == 0
    assert daily.rows("SELECT count(*) FROM apod") == [(8,)]
    assert "the tables of pictures were not filled" in caplog.text
