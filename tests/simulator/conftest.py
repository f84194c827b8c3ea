"""What the simulator's tests share: a running simulator and a client of it."""

from __future__ import annotations

import ssl
from datetime import date

import httpx
import pytest

from apod_pipeline.simulator import Simulator

TODAY = date(2026, 10, 2)
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading the usual ones takes longer than most tests here


@pytest.fixture(scope="session")
def connect():
    """Makes clients of a simulator; whoever calls it closes them."""

    def make(simulator, timeout=30):
        return httpx.Client(base_url=simulator.url, timeout=timeout, verify=NO_AUTHORITIES)

    return make


@pytest.fixture
def sim():
    """A simulator of its own for each test that moves a lever."""
    with Simulator(today=TODAY) as simulator:
        yield simulator


@pytest.fixture
def client(sim, connect):
    """A client of that simulator; it is closed while the simulator still runs."""
    with connect(sim) as http:
        yield http


@pytest.fixture(scope="module")
def quiet(connect):
    """A client of one simulator for a whole file, for tests that only read."""
    with Simulator(today=TODAY, rate_limit=10**9) as simulator, connect(simulator) as http:
        yield http
