"""The recovery procedures as drills: something is lost, one command, and everything is what it was."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
import subprocess

import psycopg
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.versions.commits import hashes
from apod_pipeline.versions.objects import md5


def _whole(lab):
    """Bytes of every file, every row, and the commit: what must be the same after a drill."""
    folder = lab.root / "data"
    files = {
        str(p.relative_to(folder)): md5(p) for p in folder.rglob("*") if p.is_file() and ".incoming" not in p.parts
    }
    runs = lab.rows("SELECT run, command, inserted, changed, version, exit_code FROM apod_run ORDER BY run")
    return files, lab.tables(), runs, lab.git("rev-parse", "HEAD"), lab.git("status", "--porcelain")


def _recover(lab, *words):
    done = lab.command("recover", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def before(past):
    """Everything as it was."""
    return _whole(past)


def _next_run_has_nothing_to_do(lab, before):
    assert lab.run(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 26))).version is None
    assert _whole(lab)[3:] == before[3:]


def test_database_lost(past, before):
    """Every table is made again from the archive's files, the runs from its log."""
    past.rows_deleted()
    told = _recover(past, "database")
    assert (told["inserted"], told["runs"]) == (26, 3)
    assert _whole(past) == before
    _next_run_has_nothing_to_do(past, before)


def test_database_with_strange_rows(past, before):
    """Rows that no file knows are gone afterwards, and changed ones are right again."""
    with psycopg.connect(past.database) as connection:
        connection.execute("INSERT INTO apod (date, title) VALUES ('1990-01-01', 'Too early')")
        connection.execute("UPDATE apod_revision SET title = 'Another' WHERE date = '2018-12-24'")
        connection.execute("DELETE FROM apod_reading WHERE date = '2018-12-24'")
    _recover(past, "database")
    assert _whole(past) == before


@pytest.mark.parametrize("also_lost", [False, True])
def test_processed_files_lost(past, before, also_lost):
    """CSV, Parquet and JSON come from DVC; where DVC has lost them as well they are derived from the raw replies."""
    shutil.rmtree(past.archive.csv.parent)
    if also_lost:
        known = hashes(past.archive, "HEAD")
        for oid in (known["data/processed/apod_data.csv"], known["data/processed/apod_entries.parquet"]):
            for place in (past.root / ".dvc/cache", past.root.parent / "objects"):
                (place / "files" / "md5" / oid[:2] / oid[2:]).unlink()
        past.archive.csv.parent.mkdir()
        past.git("checkout", "HEAD", "--", "data/processed")
    told = _recover(past, "processed")
    assert (told["placed"], told["derived"]) == ((0, 26) if also_lost else (2, 0))
    assert _whole(past) == before
    _next_run_has_nothing_to_do(past, before)


def test_cache_lost(past, before):
    """DVC's cache holds every object of every version again."""
    cache = past.root / ".dvc" / "cache"
    had = {p.relative_to(cache): md5(p) for p in cache.rglob("*") if p.is_file()}
    shutil.rmtree(cache)
    _recover(past, "cache")
    assert {p.relative_to(cache): md5(p) for p in cache.rglob("*") if p.is_file()} == had
    assert _whole(past) == before
    _next_run_has_nothing_to_do(past, before)


def test_whole_folder_lost(past, before):
    """The archive comes back from its two remotes: files, history, marks; and the next run has nothing to do."""
    shutil.rmtree(past.root)
    past.rows_deleted()
    told = _recover(past, "archive")
    assert told["entries"] == 26
    files, tables, runs, head, status = _whole(past)
    assert (files, tables, head, status) == (before[0], before[1], before[3], before[4])
    assert runs == []  # what each run did stands in the folder's own log, and in backups of the database
    _next_run_has_nothing_to_do(past, before)


def test_a_raw_reply_lost_and_one_damaged(past, before):
    """Raw replies come back from DVC's cache, or from the remote where the cache has lost them too."""
    first, second, *_ = sorted(path for path in past.archive.raw.iterdir() if path.is_file())
    oid = md5(first)
    (past.root / ".dvc/cache/files/md5" / oid[:2] / oid[2:]).unlink()
    first.unlink()
    second.write_bytes(b"damaged")
    assert _recover(past, "raw") == {"brought": 2, "lost": []}
    assert _whole(past) == before
    _next_run_has_nothing_to_do(past, before)


def test_a_run_does_not_forget_a_lost_reply(past):
    """While a raw reply is missing no version is made without it: the run says what is lost and what to type."""
    next(path for path in past.archive.raw.iterdir() if path.is_file()).unlink()
    done = past.command("run", "--from", "2018-12-27", "--to", "2018-12-28")
    assert done.returncode == 1
    assert "apod recover raw" in done.stderr
    _recover(past, "raw")
    assert past.run().exit_code == 0
    assert past.commits() == 4


def test_a_reply_that_is_nowhere_is_named(past):
    """What neither cache nor remote has is told with its days; given up, runs go on and it stays written down."""
    lost = max(path for path in past.archive.raw.iterdir() if path.is_file())
    oid = md5(lost)
    for place in (past.root / ".dvc/cache", past.root.parent / "objects"):
        (place / "files/md5" / oid[:2] / oid[2:]).unlink()
    lost.unlink()
    done = past.command("recover", "raw")
    assert (done.returncode, lost.name in done.stderr, "2018-12-10" in done.stderr) == (1, True, True)
    assert _recover(past, "raw", "--give-up")["lost"] == [lost.name]
    assert past.run().exit_code == 0
    assert lost.name in (past.archive.ledger / "lost.jsonl").read_text()


def test_both_remotes_lost(past, before):
    """An empty DVC remote and a Git remote that is gone are filled again with every version."""
    base = past.root.parent
    had = {p.relative_to(base / "objects"): md5(p) for p in (base / "objects").rglob("*") if p.is_file()}
    shutil.rmtree(base / "objects")
    shutil.rmtree(base / "remote.git")
    assert _recover(past, "remote")["pushed"] is True
    assert {p.relative_to(base / "objects"): md5(p) for p in (base / "objects").rglob("*") if p.is_file()} == had
    assert past.git("ls-remote", str(base / "remote.git"), "main").split()[0] == before[3]
    assert _whole(past) == before
    _next_run_has_nothing_to_do(past, before)


def test_a_damaged_ledger(past, before):
    """Lines that were committed come back, lines that were added since stay."""
    shard = max(past.archive.ledger.glob("replies-*.jsonl"))
    content = shard.read_bytes()
    shard.write_bytes(content.replace(b'"source":"science"', b'"source":"sciencf"', 1) + b'{"asked":["2018-12-01",')
    assert _recover(past, "ledger")["mended"] == [f"data/ledger/{shard.name}"]
    assert _whole(past) == before


def test_nothing_lost_is_nothing_done(past, before):
    """Every drill on a sound archive leaves every byte and row as it was."""
    for what in ("database", "processed", "ledger", "raw", "cache", "remote"):
        _recover(past, what)
    assert _whole(past) == before


@pytest.mark.parametrize(("words", "says"), [((), "say what was lost"), (("archive",), "not empty")])
def test_wrong_use(past, words, says):
    """Without saying what, or over an archive that is there, nothing happens but a message."""
    done = past.command("recover", *words)
    assert (done.returncode, says in done.stderr) == (2, True)


def test_embedded_server_damaged(past):
    """A folder of the archive's own server that does not start any more is moved aside, and a new one is filled."""
    past.flags["database_url"] = ""
    _recover(past, "database")
    server = past.root / ".apod" / "postgres"
    next(server.rglob("pg_control")).write_bytes(b"damaged")
    done = past.command("recover", "database")
    assert done.returncode == 0, done.stderr
    assert "a new one is created" in done.stderr
    assert len(list(server.parent.glob("postgres-damaged-*"))) == 1


def test_a_bare_repository_that_names_another_branch(past, second_database, tmp_path):
    """`git init --bare` lets HEAD name whatever its user's git does: the archive's branch is found all the same."""
    subprocess.run(["git", "-C", past.flags["git_remote"], "symbolic-ref", "HEAD", "refs/heads/master"], check=True)
    again = dataclasses.replace(past, root=tmp_path / "again", database=second_database, told=[])
    done = again.command("recover", "archive", "--git-remote", past.flags["git_remote"])
    assert done.returncode == 0, done.stderr
    assert again.files() == past.files()
    assert again.git("rev-parse", "--abbrev-ref", "HEAD") == "main"
