"""A real PostgreSQL that is stopped and started anew while clients ask."""

from __future__ import annotations

import dataclasses
import threading

import httpx
import pytest

import debian_postgres
from apod_pipeline.simulator import Simulator
from mirror.conftest import DAYS, TODAY, ended, started
from patience import until

pytestmark = debian_postgres.needs_one
PASSWORD = "a-password"
# What is never kept in memory.
ASKED = ("/planetary/apod?count=3&as_of=2099-01-01", "/api/random", "/api/on-this-day?date=2020-06-01", "/api/status")


class Client(threading.Thread):
    """Asks until it is told to end; notes every status, in order."""

    def __init__(self, address: str, path: str) -> None:
        super().__init__()
        self._address, self._path = address, path
        self.told: list[int] = []
        self.ending = False

    def run(self) -> None:
        with httpx.Client(base_url=self._address, timeout=30) as client:
            while not self.ending:
                self.told.append(client.get(self._path).status_code)

    def tells(self, status: int, since: int, times: int = 1) -> bool:
        """Whether this status came so often since then."""
        return self.told[since:].count(status) >= times


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_is_restarted_under_load(lab, tmp_path, mode):
    """Sessions end in the middle: 503 and nothing else until the server is back, then 200 again, by the same mirror."""
    with debian_postgres.server(PASSWORD) as server, Simulator(today=TODAY) as nasa:
        server.start()
        url = f"postgresql://apod:{PASSWORD}@127.0.0.1:{server.port}/postgres"
        own = dataclasses.replace(lab, nasa=nasa, root=tmp_path / "own", database=url)
        own.run(DAYS)
        process, address = started(own)
        clients = [Client(address, path) for path in ASKED]
        try:
            for client in clients:
                client.start()
            until(lambda: all(client.tells(200, 0) for client in clients), 60)
            for _ in range(2):
                marks = [len(client.told) for client in clients]
                server.stop(mode)
                until(lambda marks=marks: all(c.tells(503, m) for c, m in zip(clients, marks, strict=True)), 60)
                server.start()
                marks = [len(client.told) for client in clients]
                until(lambda marks=marks: all(c.tells(200, m, 20) for c, m in zip(clients, marks, strict=True)), 60)
        finally:
            for client in clients:
                client.ending = True
            for client in clients:
                client.join(30)
            assert ended(process) == 0
    assert {status for client in clients for status in client.told} == {200, 503}
    assert all(client.told[-10:] == [200] * 10 for client in clients)
