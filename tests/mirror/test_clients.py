"""Clients of NASA's API, unchanged, from their registries: pointed at the mirror they work as they did."""

from __future__ import annotations

import nasapy
import pytest
from nasa_apod.apod import APODService


@pytest.fixture
def nasapy_client(address):
    """PyPI's `nasapy`, told another host."""
    one = nasapy.Nasa("SOME_KEY")
    one.host = address
    return one


def test_nasapy_gets_one_day(nasapy_client):
    """It reads the rate limit of every answer, and raises where that is missing."""
    told = nasapy_client.picture_of_the_day(date="2020-06-01")
    assert told["date"] == "2020-06-01"
    assert nasapy_client.picture_of_the_day(date="2020-06-02", hd=True)["title"]
    assert int(nasapy_client.limit_remaining) > 0


@pytest.fixture
def nasa_apod_client(address):
    """PyPI's `nasa-apod`, told another address."""
    one = APODService("SOME_KEY")
    one.base_url = f"{address}/planetary/apod"
    return one


def test_nasa_apod_gets_one_day_and_the_newest(nasa_apod_client):
    """It takes whatever JSON comes."""
    assert nasa_apod_client.get_picture("2020-06-01")["date"] == "2020-06-01"
    assert nasa_apod_client.get_picture()["date"] == "2020-06-18"
