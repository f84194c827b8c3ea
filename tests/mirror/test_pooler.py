"""The mirror behind a connection pooler in transaction mode, which lends another session to every statement."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

import debian_pgbouncer
from apod_pipeline.dataset.spans import Span
from lab import KEY as PASSWORD
from mirror.conftest import ended, started

pytestmark = debian_pgbouncer.needs_one


@pytest.fixture
def pooled(monkeypatch):
    """One server, and a pooler that has two sessions of it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with debian_pgbouncer.pgbouncer(PASSWORD, sessions=2) as both:
        yield both


def test_every_page_answers(lab, span, pooled):
    """Hundreds of questions at once are all answered, and in UTC; the sessions are as they were for whoever is next."""
    lab.database = pooled.pooled
    lab.run(Span(span.last.replace(day=20), span.last))
    process, address = started(lab, "--no-access-log")
    paths = ["/", "/planetary/apod", "/api/coverage", "/api/random?count=5", "/day/2018-12-24", "/grid"]
    paths += [f"/api/search?q=sky&page={page}" for page in range(1, 9)]
    try:
        with httpx.Client(base_url=address, timeout=30) as client, ThreadPoolExecutor(16) as crowd:
            answers = list(crowd.map(client.get, paths * 30))
            at = client.get("/api/entries/2018-12-24").json()["provenance"]["observed_from"]
    finally:
        ended(process)
    assert {one.status_code for one in answers} == {200}
    assert at.endswith("Z")
    with psycopg.connect(pooled.pooled, prepare_threshold=None) as next_one:
        assert next_one.execute("SELECT name FROM pg_prepared_statements").fetchall() == []
        settings = ("TimeZone", "statement_timeout", "role", "transaction_read_only", "search_path")
        told = [(next_one.execute(f"SHOW {name}".encode()).fetchone() or ("",))[0] for name in settings]
        assert told == ["America/New_York", "0", "none", "off", '"$user", public']
