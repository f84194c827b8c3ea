"""Without a word about a database: the archive's own is started, used, and gone when nobody needs it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from apod_pipeline.embedded_postgres import EmbeddedPostgres

DAYS = ("--from", "2018-12-25", "--to", "2018-12-31")


def _processes_at(folder):
    """Arguments of every living process that names a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            arguments = entry.read_bytes()
            if os.fsencode(folder) in arguments and int(entry.parent.name) != os.getpid():
                found.append(arguments.replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.fixture
def home(lab, tmp_path):
    """A user's own folder, closed to everybody else, with the archive in it and no database in the settings."""
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    lab.root = closed / "apod-archive"
    lab.flags["database_url"] = ""
    return lab


def test_a_run_a_status_and_a_history_need_no_server(home):
    """In a folder of mode 0700, with nothing set: run, status and history work, and nothing is left running."""
    done = home.command("run", *DAYS)
    assert done.returncode == 0, done.stderr
    assert "7 new" in done.stdout
    assert _processes_at(home.root) == []
    folder = home.root / ".apod" / "postgres"
    assert folder.is_dir()
    assert list(folder.rglob(".s.PGSQL.*")) == []
    status, history = home.command("status"), home.command("history", "2018-12-31")
    assert (status.returncode, history.returncode) == (0, 0)
    assert "2018-12-31" in status.stdout
    assert "1. from 2" in history.stdout
    assert _processes_at(home.root) == []
    assert home.git("status", "--porcelain") == ""

    import psycopg

    with EmbeddedPostgres(folder).lease() as conninfo, psycopg.connect(conninfo) as connection:
        assert connection.execute("SELECT count(*), max(date) FROM apod").fetchone() == (7, "2018-12-31")
    assert _processes_at(home.root) == []


def test_a_run_that_fails_leaves_no_server_behind(home, nasa):
    """Both services are down: the run ends with 4, and the server that it had started has ended too."""
    nasa.fault("envoy_text")
    assert home.command("run", *DAYS, APOD_HTTP_RETRIES="0").returncode == 4
    assert _processes_at(home.root) == []
