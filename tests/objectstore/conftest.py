"""An archive whose versions go to a bucket of moto's server: a real process on loopback, started once per session."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.settings import Wishes
from s3_gateway import Gateway
from stores import CREDENTIALS, StoreLab, flags_of


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """The address of a server that speaks S3."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log, subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | CREDENTIALS) as server:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, Path(log.name).read_text(encoding="utf-8")
                assert server.poll() is None, Path(log.name).read_text(encoding="utf-8")
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        server.kill()


@pytest.fixture
def credentials(monkeypatch):
    """The usual variables, as a person would set them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def gateway(moto, credentials):
    """What stands before that server, counts what is asked, and can be told to misbehave."""
    with Gateway(moto) as running:
        yield running


@pytest.fixture
def url(moto):
    """A new bucket, and a prefix in it."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    assert httpx.put(f"{moto}/{name}").status_code == 200
    return f"s3://{name}/sky/apod"


@pytest.fixture
def wishes(gateway, url):
    """How the bucket is reached, with little patience."""
    return Wishes(url, gateway.url, timeout=20.0, patience=0.5)


@pytest.fixture
def bucket(wishes):
    """The bucket, in this process."""
    return Bucket(wishes)


@pytest.fixture
def stored(lab, wishes):
    """An archive that does not exist yet, and goes to the bucket."""
    return StoreLab(lab.nasa, lab.root, lab.database, flags_of(wishes), templates=lab.templates)
