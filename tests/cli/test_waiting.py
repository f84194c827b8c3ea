"""`apod status` names what waits, with what to type; `apod coverage` begins where the archive does."""

from __future__ import annotations

import datetime as dt
import json
import shlex
import subprocess

import psycopg

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET

DAYS = Span(dt.date(2018, 12, 10), dt.date(2018, 12, 31))
LOST = dt.date(2018, 12, 20)


def _waiting(lab):
    done = lab.command("status", "--json")
    assert done.returncode == 0, done.stderr
    return {one["what"]: one["do"] for one in json.loads(done.stdout)["waiting"]}


def _only(lab):
    (one,) = _waiting(lab).items()
    return one


def test_nothing_waits_after_a_run(lab):
    """Of an archive in order nothing is told, also where the newest day is not out yet."""
    lab.filled(DAYS)
    assert _waiting(lab) == {}


def test_a_refused_day(lab, nasa):
    """A day that was refused is named with the reason, and either command behind it goes on."""
    nasa.edit(LOST, title="NASA Science")
    lab.run(DAYS)
    what, do = _only(lab)
    assert "2018-12-20" in what
    again, accept = do.split(", or if it is right: ")
    assert again == "apod run --date 2018-12-20"
    done = lab.command(*(word.replace("TEXT", "seen") for word in shlex.split(accept)[1:]))
    assert done.returncode == 0, done.stderr
    assert _waiting(lab) == {}


def test_a_correction_that_was_refused(lab, nasa):
    """A day that is there, and of which the last word was refused, is told: its entry is not what NASA says."""
    lab.filled(DAYS)
    nasa.edit(dt.date(2018, 12, 28), title="NASA Science")
    lab.run()
    what, do = _only(lab)
    assert ("2018-12-28" in what, "replay --accept 2018-12-28" in do) == (True, True)


def test_days_that_no_source_has(lab, nasa):
    """A young one may come, and a run asks for it; an old one waits for a person's word, which ends the waiting."""
    nasa.hide(LOST, dt.date(2018, 12, 28))
    lab.run(DAYS, gap_after=15)
    assert _only(lab)[1] == "apod run"
    lab.flags["gap_after"] = 5
    told = _waiting(lab)
    (accept,) = [do for do in told.values() if "--accept-gap" in do]
    assert (len(told), "2018-12-20" in accept) == (2, True)
    done = lab.command(*(word.replace("TEXT", "seen") for word in shlex.split(accept)[1:]))
    assert done.returncode == 0, done.stderr
    assert list(_waiting(lab).values()) == ["apod run"]


def test_tables_that_are_behind_or_lost(lab, database_url):
    """Tables at another version are told, empty ones and a server that is away too; a run brings them up."""
    lab.filled(DAYS)
    with psycopg.connect(lab.database) as owner:
        owner.execute("UPDATE apod_state SET lines = lines - 1")
    assert _only(lab)[1] == "apod run"
    lab.rows_deleted()
    assert _only(lab) == ("the tables are empty", "apod run")
    assert lab.command("run").returncode == 0
    assert _waiting(lab) == {}
    lab.database = "postgresql://127.0.0.1:1/none"
    what, do = _only(lab)
    assert (do, "tables" in what) == ("apod doctor", True)


def test_an_own_server_that_does_not_start(lab):
    """The numbers are told all the same, as they come from the files alone."""
    lab.filled(DAYS)
    lab.flags["database_url"] = ""
    (lab.archive.private / "postgres").write_text("no server")
    what, do = _only(lab)
    assert (do, "tables" in what) == ("apod doctor", True)


def test_what_is_not_pushed(lab, tmp_path):
    """A Git remote that was set later lacks the commits until the next run."""
    lab.run(DAYS)
    lab.flags["git_remote"] = str(tmp_path / "remote.git")
    subprocess.run(["git", "init", "--quiet", "--bare", lab.flags["git_remote"]], check=True)
    assert _only(lab) == ("commits are not pushed to the Git remote", "apod run")
    assert lab.command("run").returncode == 0
    assert _waiting(lab) == {}


def test_a_run_that_was_stopped(lab, nasa):
    """A version that no commit holds is told; the next run commits it."""
    lab.filled(DAYS)
    nasa.edit(dt.date(2018, 12, 28), title="Quite Another Title")
    lab.command("run", APOD_KILL_AT="after-database-commit")
    assert _only(lab) == ("the last version is not committed", "apod run")
    assert lab.command("run").returncode == 0
    assert _waiting(lab) == {}


def test_an_archive_without_a_version(lab):
    """Where nothing came yet, the command that begins is named; no server is started for a look."""
    lab.archive.create_folders()
    (lab.root / "apod.toml").touch()
    lab.flags["database_url"] = ""
    assert _only(lab) == ("there is no version yet", "apod backfill")
    assert not (Archive(lab.root, DATA_SET).private / "postgres").exists()


def test_coverage_begins_where_the_archive_does(lab):
    """Years before the first day that was asked for are not printed; typed days are, as they are typed."""
    lab.filled(DAYS)
    told = lab.command("coverage").stdout.splitlines()
    assert [line[:4] for line in told if line[:4].isdigit()] == ["2018"]
    told = lab.command("coverage", "--from", "2016-01-01").stdout.splitlines()
    assert [line[:4] for line in told if line[:4].isdigit()] == ["2016", "2017", "2018"]
    assert lab.command("coverage", "--to", "2000-01-01").stdout.startswith("1995")


def test_half_a_pointer(lab):
    """Where a killed run left half of a `.dvc` file, the status is told all the same; the next version mends it."""
    lab.filled(DAYS)
    pointer = lab.archive.csv.with_name(f"{lab.archive.csv.name}.dvc")
    pointer.write_bytes(pointer.read_bytes()[:4])
    done = lab.command("status", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["csv_md5"] is None
