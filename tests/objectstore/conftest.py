"""An archive whose versions go to a bucket of moto's server: a real process on loopback, started once per session."""

from __future__ import annotations

import os
import uuid

import httpx
import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.settings import Wishes
from s3_gateway import Gateway
from stores import CREDENTIALS, StoreLab, flags_of, moto_server


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """The address of a server that speaks S3."""
    with moto_server(tmp_path_factory.mktemp("moto")) as address:
        yield address


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
