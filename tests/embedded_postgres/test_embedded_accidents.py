"""Accidents: killed keepers, servers and starters, stale files, and messages when nothing helps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from apod_pipeline.embedded_postgres import EmbeddedPostgres
from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from pathlib import Path


def write_one_row(url: str) -> None:
    """The only row of a table, on disk when this returns."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS written")
        connection.execute("CREATE TABLE written (n integer)")
        connection.execute("SET synchronous_commit = on")
        connection.execute("INSERT INTO written VALUES (1)")


def rows(url: str) -> int:
    """How many rows that table has."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT count(*) FROM written").fetchone()[0]


def test_killed_keeper_takes_its_server_along(folder, pids, stopped, eventually):
    """PostgreSQL does not outlive a keeper killed with SIGKILL, and the next lease finds what was written."""
    server = EmbeddedPostgres(folder, fsync=False)
    lease = server.acquire()
    write_one_row(lease.conninfo)
    os.kill(pids(folder, "keeper")[0], signal.SIGKILL)
    eventually(lambda: stopped(folder))
    assert (folder / "server.json").exists(), "the killed keeper left its state behind, or this shows nothing"
    with server.lease() as url:
        assert rows(url) == 1
    lease.release()
    assert stopped(folder)


def test_killed_server_is_started_again(folder, pids):
    """After a SIGKILL of PostgreSQL itself a lease that is still held can be renewed, at the same address."""
    lease = EmbeddedPostgres(folder, fsync=False).acquire()
    before = lease.conninfo
    write_one_row(before)
    os.kill(min(pids(folder, "bin/postgres")), signal.SIGKILL)
    assert lease.renew() == before
    assert rows(lease.conninfo) == 1
    lease.release()


def test_keeper_ends_at_request(folder, pids, stopped, eventually):
    """SIGTERM, as at a machine's shutdown, stops server and keeper in order although clients are left."""
    lease = EmbeddedPostgres(folder, fsync=False).acquire()
    os.kill(pids(folder, "keeper")[0], signal.SIGTERM)
    eventually(lambda: stopped(folder))
    assert not (folder / "server.json").exists()
    assert "database system is shut down" in (folder / "postgres.log").read_text()
    lease.release()


def test_foreign_process_number_in_the_pid_file_is_no_hindrance(folder):
    """A stale `postmaster.pid` that names a living stranger neither hinders the start nor harms it."""
    server = EmbeddedPostgres(folder, fsync=False)
    with server.lease():
        stale = (folder / "data" / "postmaster.pid").read_text()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        lines = stale.splitlines()[1:]
        (folder / "data" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines]))
        with server.lease() as url, psycopg.connect(url) as connection:
            assert connection.info.backend_pid
        assert stranger.poll() is None


def test_killed_first_start_is_begun_again(empty_folder, client, eventually, pids):
    """A starter and a keeper killed in the middle of `initdb` leave nothing that hinders the next start."""
    folder = empty_folder
    starter = client(folder)
    eventually(lambda: pids(folder, "bin/initdb"))
    starter.process.kill()
    for keeper in pids(folder, "keeper"):
        os.kill(keeper, signal.SIGKILL)
    with EmbeddedPostgres(folder, fsync=False).lease() as url:
        write_one_row(url)
    assert not (folder / "data.new").exists()


def test_killed_starter_leaves_the_start_to_its_keeper(empty_folder, client, eventually, pids, stopped):
    """When the client that began the first start dies, the keeper ends it, and stops as nobody is there."""
    folder = empty_folder
    starter = client(folder)
    eventually(lambda: pids(folder, "bin/initdb"))
    starter.process.kill()
    eventually(lambda: stopped(folder))
    assert (folder / "data" / "PG_VERSION").exists()


def test_damaged_data_is_told_with_the_servers_own_words(folder, tmp_path, stopped, eventually):
    """A data directory that PostgreSQL rejects is an error with its last words and a way out."""
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    (damaged / "data" / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseError) as caught:
        EmbeddedPostgres(damaged).acquire()
    message = str(caught.value)
    assert "could not find the database system" in message
    assert str(damaged) in message
    assert "APOD_DATABASE_URL" in message
    eventually(lambda: stopped(damaged))
    assert not (damaged / "socket").exists()


def programs(folder: Path, initdb: str) -> Path:
    """A folder of programs that say they are PostgreSQL 18, with an `initdb` of one's own."""
    folder.mkdir()
    for name, script in {"postgres": "echo 'postgres (PostgreSQL) 18.0'", "initdb": initdb}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def test_failing_initdb_is_told_with_its_own_words(empty_folder, tmp_path):
    """When the data directory cannot be made, the message holds what `initdb` said."""
    binaries = programs(tmp_path / "bin", "echo 'no room for stars' >&2; exit 3")
    with pytest.raises(DatabaseError, match="initdb ended with status 3") as caught:
        EmbeddedPostgres(empty_folder, binaries=binaries).acquire()
    assert "no room for stars" in str(caught.value)


def test_folder_deleted_under_a_lease_ends_the_server(empty_folder, pids, eventually):
    """Who deletes an archive in use loses its data, but is left with no process and no error at the end."""
    with EmbeddedPostgres(empty_folder, fsync=False).lease():
        # again where the server made a file meanwhile
        eventually(lambda: shutil.rmtree(empty_folder, ignore_errors=True) or not empty_folder.exists())
    eventually(lambda: not pids(empty_folder, "postgres"))
    assert not empty_folder.exists()


def test_folder_that_cannot_be_made_is_a_database_error(tmp_path):
    """A file in the folder's place is told as what it is, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="file"):
        EmbeddedPostgres(tmp_path / "file" / "postgres").acquire()
