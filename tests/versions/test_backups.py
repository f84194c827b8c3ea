"""A backup of the database: restored and compared before it counts, put back whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import stat

import psycopg
import pytest


def _saved(lab, tmp_path):
    file = tmp_path / "apod.dump"
    done = lab.command("backup", str(file), "--json")
    assert done.returncode == 0, done.stderr
    return file, json.loads(done.stdout)


def _everything(lab):
    runs = lab.rows("SELECT * FROM apod_run ORDER BY run")
    return lab.tables(), runs, lab.rows("SELECT * FROM apod ORDER BY date"), lab.rows("SELECT * FROM apod_state")


def test_lost_database_comes_back_from_a_backup(past, tmp_path):
    """Every row of every table is what it was, also what each run did, which no version holds."""
    before = _everything(past)
    file, told = _saved(past, tmp_path)
    assert (told["apod"], told["apod_revision"], told["apod_run"]) == (26, 27, 3)
    past.rows_deleted()
    past.archive.log.unlink()
    done = past.command("recover", "--from-backup", str(file))
    assert done.returncode == 0, done.stderr
    assert _everything(past) == before
    assert past.rows("SELECT count(*) FROM apod_as_of(now())") == [(26,)]
    assert json.loads(past.command("verify", "--json").stdout)["well"]
    assert [path.name for path in tmp_path.iterdir()] == ["apod.dump"]


def test_an_older_backup_is_brought_up_to_date(past, tmp_path):
    """What came after the backup is loaded from the archive's files."""
    file, _ = _saved(past, tmp_path)
    past.run()
    now = past.tables()
    past.rows_deleted()
    assert past.command("recover", "database", "--from-backup", str(file)).returncode == 0
    assert past.tables() == now


def test_a_backup_is_never_overwritten(past, tmp_path):
    """A file that is there stays; without a name the backup goes beside the archive."""
    file, _ = _saved(past, tmp_path)
    saved = file.read_bytes()
    again = past.command("backup", str(file))
    assert (again.returncode, file.read_bytes() == saved) == (2, True)
    beside = json.loads(past.command("backup", "--json").stdout)["file"]
    assert beside.startswith(f"{past.root}-backups/apod_2")


@pytest.mark.parametrize("content", [b"", b"no dump", None])
def test_a_damaged_backup_changes_nothing(past, tmp_path, content):
    """A file that is no whole dump is refused, and the tables are as they were."""
    file, _ = _saved(past, tmp_path)
    file.write_bytes(file.read_bytes()[:-4000] if content is None else content)
    before = _everything(past)
    done = past.command("recover", "--from-backup", str(file))
    assert (done.returncode, "pg_restore" in done.stderr) == (1, True)
    assert _everything(past) == before


def test_only_its_owner_reads_it(past, tmp_path):
    """A dump holds all that the tables do: nobody else may open it, whatever new files are like."""
    before = os.umask(0)
    try:
        file, _ = _saved(past, tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_a_killed_backup_left_is_taken_away(past, tmp_path):
    """The next one removes what nobody holds any more, and leaves what another one is writing, and what is not ours."""
    left, rows = tmp_path / ".apod_1.dump.partial", tmp_path / "..apod_1.dump.partial.sql.partial"
    held, other = tmp_path / ".apod_2.dump.partial", tmp_path / ".mine.partial"
    for path in (left, rows, held, other):
        path.touch()
    with held.open() as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        _saved(past, tmp_path)
        assert {path.name for path in tmp_path.iterdir()} >= {held.name, other.name}
        assert not left.exists()
        assert not rows.exists()


def test_no_password_is_shown(past, tmp_path):
    """An error of PostgreSQL's programs names no password."""
    past.database = "postgresql://apod:geheim@127.0.0.1:1/apod"
    done = past.command("backup", str(tmp_path / "x.dump"))
    assert done.returncode == 1
    assert "geheim" not in done.stderr + done.stdout


def test_other_tables_are_not_touched(past, tmp_path):
    """Tables of others in the same database are neither saved nor put back."""
    with psycopg.connect(past.database) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS one")
    file, told = _saved(past, tmp_path)
    with psycopg.connect(past.database) as connection:
        connection.execute("UPDATE mine SET one = 2")
    assert past.command("recover", "--from-backup", str(file)).returncode == 0
    assert past.rows("SELECT one FROM mine") == [(2,)]
    assert "mine" not in told
