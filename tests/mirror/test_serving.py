"""`apod serve` as a process: what it does when the database is away, changes, or it is told to end."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from psycopg.conninfo import make_conninfo

from apod_pipeline.dataset.spans import Span
from apod_pipeline.embedded_postgres import EmbeddedPostgres
from apod_pipeline.simulator import Simulator
from mirror.conftest import DAYS, TODAY, ended, started
from patience import until


@pytest.fixture
def own(lab, tmp_path):
    """An archive with an embedded server, of ten days."""
    with Simulator(today=TODAY) as nasa:
        one = dataclasses.replace(lab, nasa=nasa, root=tmp_path / "own", flags={"database_url": ""})
        span = Span(DAYS.first, DAYS.first.replace(day=29))
        assert one.command("run", "--from", str(span.first), "--to", str(span.last)).returncode == 0
        yield one


def test_a_new_version_is_served_without_a_restart(own):
    """What a run loads while the mirror serves is answered at once."""
    process, address = started(own)
    try:
        assert httpx.get(f"{address}/planetary/apod").json()["date"] == "2020-05-29"
        assert own.command("run", "--date", "2020-06-01").returncode == 0
        until(lambda: httpx.get(f"{address}/planetary/apod").json()["date"] == "2020-06-01")
        own.nasa.edit(DAYS.first, title="Served Anew")
        assert own.command("run", "--date", str(DAYS.first)).returncode == 0
        query = f"{address}/planetary/apod?date={DAYS.first}"
        until(lambda: httpx.get(query).json()["title"] == "Served Anew")
    finally:
        assert ended(process) == 0


def test_several_processes_answer_and_end_together(own):
    """With workers every one answers the same, and all of them end."""
    process, address = started(own, "--workers", "2")
    try:
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda _: httpx.get(f"{address}/planetary/apod").text, range(40)))
        assert len(set(told)) == 1
    finally:
        assert ended(process) == 0
    with EmbeddedPostgres(own.root / ".apod" / "postgres").lease():
        pass  # nobody holds the server any more, and it can be had again


def test_requests_in_flight_are_finished(own):
    """Told to end in the middle of an answer, the mirror ends it first."""
    process, address = started(own)
    begun, told = threading.Event(), []

    def slowly():
        with httpx.stream("GET", f"{address}/planetary/apod?start_date=1995-06-16") as answer:
            pieces = answer.iter_raw(64)
            told.append(next(pieces))
            begun.set()
            told.extend(pieces)

    reader = threading.Thread(target=slowly)
    reader.start()
    assert begun.wait(10)
    assert ended(process) == 0
    reader.join(10)
    assert b"".join(told)


def _at_once(*addresses):
    """What is answered at each: one after another, they would wait for the database in turn."""
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(lambda address: httpx.get(address, timeout=15), addresses))


def test_without_its_database_it_says_so_and_recovers(lab, served_lab):
    """The database is away: what is not kept fails with 503, health tells, and all is well again without a restart."""
    import psycopg

    process, address = started(served_lab)
    name = served_lab.database.partition("?")[0].rpartition("/")[2]
    server = served_lab.database.replace(f"/{name}?", "/postgres?")
    try:
        kept = {day: httpx.get(f"{address}/planetary/apod?date=2020-06-0{day}").text for day in (1, 2)}
        assert httpx.get(f"{address}/health/ready").status_code == 200
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            past = f"{address}/planetary/apod?date=2020-06-02&as_of=2099-01-01"
            days = [f"{address}/planetary/apod?date=2020-06-0{day}" for day in kept]
            span = f"{address}/planetary/apod?start_date=2020-06-01"
            away = httpx.get(past, timeout=15)
            assert (away.status_code, away.json()["code"]) == (503, 503)
            ready, live, several, *each = _at_once(f"{address}/health/ready", f"{address}/health/live", span, *days)
            assert [answer.text for answer in each] == [*kept.values()]
            assert len(several.json()) > 2
            assert (ready.status_code, live.status_code) == (503, 200)
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        until(lambda: httpx.get(past, timeout=15).status_code == 200)
    finally:
        assert ended(process) == 0


def test_an_archive_that_is_none(lab):
    """Without an archive there is nothing to serve: a message, and exit code 2."""
    done = lab.command("serve", "--port", "0")
    assert (done.returncode, "is not an archive" in done.stderr) == (2, True)


def test_tables_alone_are_served(served_lab, tmp_path):
    """Who has the reader's address and no archive serves the tables; replies and commits are not known."""
    address = make_conninfo(served_lab.database, user="apod_reader")
    nowhere = tmp_path / "no-archive"
    environment = {"APOD_ARCHIVE": str(nowhere), "APOD_DATABASE_URL": "", "APOD_READ_DATABASE_URL": address}
    process, where = started(served_lab, **environment)
    try:
        told = httpx.get(f"{where}/api/entries/2020-06-02").json()
        assert told["entry"]["title"] == served_lab.entries()["2020-06-02"]["title"]
        assert (told["provenance"]["reply_sha256"], told["provenance"]["version"]) == (None, None)
        assert httpx.get(f"{where}/health/ready").status_code == 200
        assert httpx.get(f"{where}/day/2020-06-02").status_code == 200
    finally:
        assert ended(process) == 0
    assert not nowhere.exists()


def test_every_request_is_counted_and_told_without_its_key(served_lab, tmp_path):
    """A JSON line a request, the key masked wherever it stands; the same in Prometheus' counters, of all processes."""
    with (tmp_path / "log").open("w") as log:
        process, address = started(served_lab, "--workers", "2", stderr=log)
        try:
            for _ in range(6):
                httpx.get(f"{address}/planetary/apod?date=2020-06-01&api_key=SECRET&API_KEY=SECRET")
            httpx.get(f"{address}/nope")
            told = httpx.get(f"{address}/metrics").text
        finally:
            assert ended(process) == 0
    counted = re.findall(r'apod_mirror_requests_total\{part="old",status="(\d+)"\} ([\d.]+)', told)
    assert [(status, float(count)) for status, count in counted] == [("400", 6.0)]
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
    assert [line["path"] for line in lines].count("/planetary/apod") == 6
    assert "SECRET" not in (tmp_path / "log").read_text()
    assert {line["status"] for line in lines if line["path"] == "/nope"} == {404}


@pytest.mark.parametrize(
    "target",
    [
        "/planetary/apod?date=2020-06-01;api_key=SECRET",
        "/planetary/apod?date=2020-06-01&%EF%BB%BFapi_key=SECRET",
        "/planetary/apod?api_key%00=SECRET",
        "/planetary/apod?%00api_key=SECRET",
        "/planetary/apod?%20api_key%20=SECRET",
        "/planetary/apod?+api_key=SECRET",
        "/planetary/apod?api_key%3DSECRET",
        "/planetary/apod?date=2020-06-01%26api_key%3DSECRET",
        "/planetary/apod?date=2020-06-01%2526api_key%253DSECRET",
        "/planetary/apod?api-key=SECRET",
        "/planetary/apod?apikey=SECRET",
        "/planetary/apod?key=SECRET",
        "/planetary/apod?token=SECRET&date=2020-06-01",
        "/planetary/apod?%EF%BD%81pi_key=SECRET",
        "/planetary/apod?SECRET",
        "/planetary/apod?SECRET=1",
        "/planetary/apod;api_key=SECRET",
        "/planetary/apod&api_key=SECRET",
        "/planetary/apod%3Fapi_key=SECRET",
        "/api/search?q=sky&api_key[]=SECRET",
    ],
)
def test_no_way_to_write_a_key_reaches_the_log(served_lab, logged, target):
    """Whatever the name is wrapped in, and wherever it stands: only what is known to be no key is written down."""
    address, log = logged
    answer = httpx.get(f"{address}{target}")
    assert answer.status_code < 500
    until(lambda: "seconds" in log.read_text())
    assert "SECRET" not in log.read_text()


@pytest.fixture(scope="module")
def logging_mirror(served_lab, tmp_path_factory):
    """A mirror whose log is a file."""
    file = tmp_path_factory.mktemp("log") / "log"
    with file.open("a") as log:
        process, address = started(served_lab, stderr=log)
        yield address, file
        assert ended(process) == 0


@pytest.fixture
def logged(logging_mirror):
    """Its address, and its log from here on."""
    address, file = logging_mirror
    file.write_text("")
    return address, file


def test_what_was_asked_can_be_read_in_the_log(logged):
    """What is known to be no key is told as it came."""
    address, log = logged
    httpx.get(f"{address}/planetary/apod?date=2020-06-01&thumbs=true&api_key=SECRET")
    httpx.get(f"{address}/api/search?q=dark+nebula&year=2020")
    until(lambda: log.read_text().count("seconds") == 2)
    queries = [json.loads(line)["query"] for line in log.read_text().splitlines() if line.startswith("{")]
    assert queries == ["date=2020-06-01&thumbs=true&api_key=***", "q=dark+nebula&year=2020"]
