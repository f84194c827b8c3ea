"""The design document's own table, made and kept by another program that lets us write into it."""

from __future__ import annotations

import json

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from apod_pipeline.dataset.spans import Span
from mirror.conftest import ended, started

# As the document has it: everything but date and title may be NULL.
MADE = """
CREATE ROLE other LOGIN; CREATE ROLE few LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO other, few; SET ROLE other;
CREATE TABLE apod (
    date TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    url TEXT,
    explanation TEXT,
    media_type TEXT DEFAULT 'image',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
{index}
INSERT INTO apod (date, title) VALUES ('2018-12-23', 'old'), ('2018-12-24', 'old'), ('2018-12-25', 'old');
INSERT INTO apod (date, title) VALUES ('2018-12-26', 'old');
UPDATE apod SET created_at = NULL, updated_at = NULL, media_type = NULL WHERE date <= '2018-12-24';
UPDATE apod SET created_at = NULL WHERE date = '2018-12-25';
UPDATE apod SET updated_at = NULL WHERE date = '2018-12-26';
GRANT ALL ON apod TO few; RESET ROLE
"""


@pytest.fixture
def days(span):
    """A dozen days."""
    return Span(span.last.replace(day=20), span.last)


@pytest.fixture(params=["", "CREATE INDEX idx_apod_date ON apod (date);"], ids=["table", "table and index"])
def lent(request, lab, database_url):
    """An archive whose loader may write into the table, and does not own it."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(MADE.format(index=request.param).encode())
    lab.database = make_conninfo(database_url, user="few")
    yield lab
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("DROP OWNED BY few, other CASCADE; DROP ROLE few, other")


def test_it_is_loaded_and_looked_at(lent, days, tmp_path):
    """Loaded, audited, saved and put back; times that the other program did not know stay unknown."""
    lent.run(days)
    done = lent.command("verify", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lent.rows("SELECT count(*) FROM apod WHERE title = 'old'") == [(0,)]
    assert lent.rows("SELECT date FROM apod WHERE created_at IS NULL ORDER BY 1") == [
        ("2018-12-23",),
        ("2018-12-24",),
        ("2018-12-25",),
    ]
    saved = lent.command("backup", str(tmp_path / "a.dump"))
    assert saved.returncode == 0, saved.stderr
    restored = lent.command("recover", "database", "--from-backup", str(tmp_path / "a.dump"))
    assert restored.returncode == 0, restored.stderr
    assert lent.command("verify").returncode == 0
    assert lent.command("recover", "database").returncode == 0
    assert lent.command("verify").returncode == 0


def test_the_mirror_reads_it(lent, days):
    """Also where the role that only reads was not let near that table by its owner."""
    lent.run(days)
    process, address = started(lent, "--no-access-log")
    try:
        found = [httpx.get(f"{address}{path}").status_code for path in ("/", "/calendar", "/day/2018-12-24", "/status")]
    finally:
        ended(process)
    assert set(found) == {200}


@pytest.mark.parametrize("column", ["created_at", "updated_at", "url", "explanation", "media_type"])
def test_what_is_lost_is_named(lab, days, column):
    """A value that became NULL afterwards ends no audit: it is named where the archive knows better, and is mended."""
    lab.filled(days)
    with psycopg.connect(lab.database) as owner:
        owner.execute(f"UPDATE apod SET {column} = NULL WHERE date = '2018-12-24'".encode())
    told = json.loads(lab.command("verify", "--json").stdout)
    (table,) = [check for check in told["checks"] if check["what"] == "apod"]
    assert table["well"] == (column == "created_at"), table
    assert lab.command("recover", "database").returncode == 0
    assert json.loads(lab.command("verify", "--json").stdout)["well"]
