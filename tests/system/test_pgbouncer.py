"""A connection pooler in transaction mode: every transaction may get another session, and no session is ours."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

import psycopg
import pytest

import debian_pgbouncer
from apod_pipeline.dataset.spans import Span
from lab import KEY as PASSWORD

pytestmark = debian_pgbouncer.needs_one


@pytest.fixture(scope="module")
def pooled():
    """One server, and a pooler that has one session of it."""
    with debian_pgbouncer.pgbouncer(PASSWORD) as both:
        yield both


@pytest.fixture(autouse=True)
def behind(lab, pooled, monkeypatch):
    """The archive's database is empty, and is reached by the pooler; its password stands in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    lab.database = pooled.pooled
    with psycopg.connect(pooled.direct) as owner:
        owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return lab


def _typed(lab, told):
    """Type the command that a message names, with the variables that stand before it."""
    words = shlex.split(told.partition("as in: ")[2])
    variables = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    command = words[len(variables) :]
    assert command[0] == "apod"
    return lab.command(*command[1:], **variables)


def test_runs_and_the_audit_work(lab, span):
    """The first load makes the tables, later ones change them, and the audit finds every row as it should be."""
    assert lab.run(Span(span.first, span.first.replace(day=12))).inserted == 11
    for _ in range(3):
        lab.run(span)
    done = lab.command("verify", "--json")
    assert (done.returncode, json.loads(done.stdout)["well"]) == (0, True), done.stdout
    assert lab.rows("SELECT count(*) FROM apod") == [(60,)]


def test_times_are_in_utc(lab):
    """Times without a zone are the same as of a server that is asked directly, whose clock is in UTC."""
    lab.run()
    later = "r.observed_from AT TIME ZONE 'UTC' - a.created_at"
    assert lab.rows(f"SELECT max({later})::text FROM apod a JOIN apod_revision r USING (date)") == [("00:00:00",)]


def test_nothing_is_left_in_the_session(lab, pooled):
    """No statement stays prepared and no setting stays set in the session that others get next."""
    lab.run()
    assert lab.command("verify").returncode == 0
    with psycopg.connect(pooled.pooled, prepare_threshold=None) as next_one:
        assert next_one.execute("SELECT name FROM pg_prepared_statements").fetchall() == []
        assert next_one.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_migrating_works(lab):
    """Migrations take a lock of their transaction's, which a pooler keeps."""
    for _ in range(2):
        done = lab.command("migrate", "--json")
        assert done.returncode == 0, done.stderr


def test_a_backup_wants_the_server_itself(lab, tmp_path):
    """A dump would leave its settings in the session: the address that the message names is the server's, and works."""
    lab.run()
    before = lab.tables()
    done = lab.command("backup", str(tmp_path / "a.dump"))
    assert (done.returncode, PASSWORD in done.stderr) == (2, False)
    assert not (tmp_path / "a.dump").exists()
    saved = _typed(lab, done.stderr)
    assert saved.returncode == 0, saved.stderr
    (file,) = lab.root.with_name(f"{lab.root.name}-backups").iterdir()
    done = lab.command("recover", "database", "--from-backup", str(file))
    assert done.returncode == 2
    assert _typed(lab, done.stderr).returncode == 0
    assert lab.tables() == before


def test_a_stateless_run_wants_the_server_itself(lab, tmp_path):
    """Its lock is a session's: the command that the message names runs."""
    lab.flags |= {"git_remote": str(tmp_path / "remote.git"), "dvc_remote": str(tmp_path / "objects")}
    subprocess.run(["git", "init", "--quiet", "--bare", lab.flags["git_remote"]], check=True)
    done = lab.command("run", "--stateless")
    assert (done.returncode, PASSWORD in done.stderr) == (2, False)
    typed = _typed(lab, done.stderr)
    assert typed.returncode == 0, typed.stderr
    assert lab.rows("SELECT count(*) FROM apod") == [(11,)]


def test_the_doctor_tells(lab):
    """Whoever looks at the database is told that a pooler stands before it."""
    told = json.loads(lab.command("doctor", "--json").stdout)
    (database,) = [one for one in told["findings"] if one["what"] == "database"]
    assert "through a pooler" in database["says"]


def test_options_that_it_does_not_take(lab):
    """Options of the user's own are refused by the pooler: the message says where they can stand."""
    lab.database += "?options=-cwork_mem%3D8MB"
    done = lab.command("run")
    assert done.returncode == 1
    assert "ALTER ROLE" in done.stderr
