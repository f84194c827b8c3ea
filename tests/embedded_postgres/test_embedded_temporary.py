"""The throw-away server, and the fixtures that the other rooms' tests use."""

from __future__ import annotations

import psycopg

from apod_pipeline.embedded_postgres import temporary_server


def test_temporary_server_is_fast_and_leaves_nothing(tmp_path):
    """It does not wait for the disk, and its folder is gone afterwards."""
    folder = tmp_path / "postgres"
    with temporary_server(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone()[0] == "off"
        assert connection.execute("SHOW full_page_writes").fetchone()[0] == "off"
    assert not folder.exists()


def test_database_url_is_an_empty_database_of_the_sessions_server(database_url, postgres_server):
    """Each test gets a database without tables, beside the others."""
    assert database_url != postgres_server
    with psycopg.connect(database_url) as connection:
        count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert connection.execute(count).fetchone()[0] == 0
