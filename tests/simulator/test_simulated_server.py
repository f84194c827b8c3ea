from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from urllib.parse import urlsplit

import httpx
import ijson
import pytest

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import Simulator, record_of
from apod_pipeline.simulator.feed import eastern_today
from apod_pipeline.simulator.message import Request
from apod_pipeline.simulator.old_service import OldService
from apod_pipeline.simulator.world import World

CENTURY = date(2095, 6, 16)


def test_long_ranges_are_made_in_bounded_memory():
    """Ten years take a few pieces' worth of memory, not the four megabytes that they are long."""
    edition = World(date(2026, 1, 1)).edition
    tracemalloc.start()
    answer = OldService().answer(Request("GET", "/v1/apod/", "start_date=2016-01-01", {}), edition)
    sizes = [len(piece) for piece in answer.body]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) > 3_500_000
    assert max(sizes) < 100_000
    assert peak < 1_000_000


def test_hundred_years_arrive_in_chunks(connect):
    """A range of a hundred years is streamed whole, in order, each day once."""
    with Simulator(today=CENTURY) as sim, connect(sim) as client:
        with client.stream("GET", "/v1/apod/?start_date=1995-06-16") as answer:
            assert answer.headers["transfer-encoding"] == "chunked"
            assert "content-length" not in answer.headers
            pieces = (piece for piece in answer.iter_raw())
            records = ijson.items(Pieces(pieces), "item.date")
            seen = list(records)
        assert len(seen) == (CENTURY - date(1995, 6, 16)).days + 1 - 4
        assert (seen[0], seen[-1]) == ("1995-06-16", "2095-06-16")
        assert seen == sorted(seen)


class Pieces:
    """Just enough of a file for a streaming parser."""

    def __init__(self, pieces):
        self._pieces = pieces

    def read(self, size):
        """The next piece, however long; nothing if the parser only wants to see a type."""
        return next(self._pieces, b"") if size else b""


def test_first_bytes_of_a_long_range_come_at_once(connect):
    """Three thousand years begin within a second and may be left in the middle."""
    with Simulator(today=date(5117, 12, 31)) as sim, connect(sim) as client:
        started = time.monotonic()
        with client.stream("GET", "/v1/apod/?start_date=1995-06-16") as answer:
            assert next(answer.iter_raw()).startswith(b'[{"date":"1995-06-16"')
        assert time.monotonic() - started < 2


def test_streamed_and_whole_answers_agree(sim, client):
    """A long range says of each day what the day itself says; HTTP/1.0 gets it without chunks."""
    records = client.get("/v1/apod/?start_date=2020-01-01&end_date=2022-12-31").json()
    assert len(records) == 366 + 365 + 365 - 1
    assert records[59] == record_of(date(2020, 2, 29))
    address = urlsplit(sim.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"GET /v1/apod/?start_date=2020-01-01&end_date=2022-12-31 HTTP/1.0\r\n\r\n")
        raw = b""
        while piece := connection.recv(1 << 16):
            raw += piece
    assert json.loads(raw.partition(b"\r\n\r\n")[2]) == records


def test_head_of_a_long_range_keeps_the_connection_usable(client):
    """HEAD of a streamed answer has no body, and the next answer on the connection is right."""
    assert client.head("/v1/apod/?start_date=2000-01-01").content == b""
    assert client.get("/v1/apod/").json()["date"] == "2026-10-02"


def test_answers_come_without_delay_on_one_connection(client):
    """Two hundred requests on one kept connection: no answer waits for a delayed acknowledgement."""
    client.get("/v1/apod/")
    started = time.monotonic()
    for _ in range(200):
        client.get("/v1/apod/?date=2020-01-01")
    assert time.monotonic() - started < 200 * 0.02


def test_four_clients_and_a_steering_hand(sim, connect):
    """Four clients ask while days are hidden, shown and edited: every answer is whole and consistent."""
    days = [date(2026, 1, 1) + timedelta(days=step) for step in range(30)]

    def ask(number):
        with connect(sim) as client:
            for day in days:
                single = client.get(f"/v1/apod/?date={day}")
                assert single.status_code in {200, 404}
                assert single.status_code == 404 or single.json()["date"] == day.isoformat()
                page = client.get(f"/wp-json/wp/v2/apod-basic?page={number + 1}")
                assert len(page.json()) == 25
            return len(days)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, number) for number in range(4)]
        for day in days:
            sim.hide(day)
            sim.edit(day, title=f"Edited {day}")
            sim.fault("status", match="^/nowhere", times=1)
            sim.show(day)
        assert sum(one.result() for one in asked) == 120
    assert len(sim.requests) == 240
    assert all(status in {200, 404} for _, _, status in sim.requests)


def test_count_is_the_same_for_the_same_seed(connect):
    """What is drawn at random hangs on the seed alone."""

    def drawn(seed):
        with Simulator(today=date(2020, 1, 1), seed=seed) as sim, connect(sim) as client:
            return [record["date"] for record in client.get("/v1/apod/?count=9").json()]

    assert drawn(4) == drawn(4)
    assert drawn(4) != drawn(5)


def test_world_can_be_small(connect):
    """Nothing is published before `first`, at either service."""
    with Simulator(today=date(2024, 3, 10), first=date(2024, 3, 1)) as sim, connect(sim) as client:
        assert client.get("/v1/apod/?date=2024-02-28").status_code == 404
        assert len(client.get("/v1/apod/?start_date=2024-02-01").json()) == 10
        assert client.get("/wp-json/wp/v2/apod-basic").headers["x-wp-total"] == "10"


def test_today_is_the_day_in_the_us_east_unless_given():
    """Without a date the calendar is NASA's."""
    before = eastern_today()
    with Simulator() as sim:
        assert before <= sim.today <= eastern_today()


def test_port_in_use_and_missing_address_are_clear_errors():
    """A taken port says what to do; a simulator that is not running has no address."""
    with Simulator() as sim:
        port = urlsplit(sim.url).port
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
            Simulator(port=port).start()
    with pytest.raises(SettingsError, match="not running"):
        _ = sim.url


def test_end_closes_open_connections():
    """A client with an open connection does not keep the simulator from ending, nor does a second end matter."""
    sim = Simulator().start()
    address = urlsplit(sim.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as idle:
        idle.sendall(b"GET /v1/apod/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1 << 16)
        sim.stop()
        sim.stop()
        assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port), timeout=1).close()


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_on_a_signal(number):
    """As a program the simulator announces its address, answers, and ends with status 0 on a signal."""
    program = (
        "from datetime import date; from apod_pipeline.simulator import serve; "
        "serve(port=0, today=date(2026, 1, 5), seed=3, announce=lambda url: print(url, flush=True))"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    with process:
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
            record = client.get("/v1/apod/").json()
            assert record["title"] == record_of(date(2026, 1, 5), seed=3)["title"]
            assert "https://apod.nasa.gov" not in record.get("url", "")
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
