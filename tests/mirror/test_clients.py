"""Clients of NASA's API, unchanged, from their registries: pointed at the mirror they work as they did."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import nasapy
import pytest
from nasa_apod.apod import APODService

NPM = Path(__file__).parent / "npm"


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


@pytest.fixture
def nasa_sdk(tmp_path):
    """The client `nasa-sdk` of npm, installed by its pinned version."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    shutil.copytree(NPM, tmp_path, dirs_exist_ok=True)
    words = ["npm", "install", "--silent", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install nasa-sdk: {done.stderr[-200:]}")
    return tmp_path


def test_nasa_sdk_gets_one_day(nasa_sdk, address):
    """It knows no host but NASA's: what it asks there is led here, as a name server or a proxy would."""
    ask = "require('nasa-sdk').APOD.fetch({date: '2020-06-01'}).then(told => console.log(JSON.stringify(told)))"
    done = subprocess.run(
        ["node", "--require", "./other_host.js", "--eval", ask],
        cwd=nasa_sdk,
        env={**os.environ, "MIRROR": address, "NASA_API_KEY": "SOME_KEY"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["date"] == "2020-06-01"
