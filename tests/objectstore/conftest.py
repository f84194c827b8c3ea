"""An archive whose versions go to a bucket of moto's server, or of Ceph: real processes on loopback, once a session."""

from __future__ import annotations

import os
import uuid

import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.probing import LATEST, NUMBERED
from apod_pipeline.extras.objectstore.settings import Wishes
from debian_ceph import ON_CEPH, ceph
from s3_gateway import ACCESS, SECRET, Gateway
from stores import CREDENTIALS, StoreLab, client_of, flags_of, moto_server

collect_ignore = [] if ON_CEPH else ["test_real_ceph.py"]


@pytest.fixture(scope="session")
def ceph_server(tmp_path_factory):
    """A real Ceph."""
    with ceph(tmp_path_factory.mktemp("ceph") / "it") as running:
        running.user("apod", ACCESS, SECRET)
        yield running


@pytest.fixture(scope="session")
def server(request, tmp_path_factory):
    """The address of a server that speaks S3: moto's, in `make test-s3` Ceph's."""
    if ON_CEPH:
        yield request.getfixturevalue("ceph_server").url
    else:
        with moto_server(tmp_path_factory.mktemp("moto")) as address:
            yield address


@pytest.fixture(scope="session")
def obedient():
    """For what takes a server that honours If-Match, and does not mind what the gateway before it drops."""
    if ON_CEPH:
        pytest.skip("Ceph 16 refuses the right ETag, and a request of which a signed header was dropped")


@pytest.fixture(scope="session")
def manner():
    """How the pointer is moved there."""
    return NUMBERED if ON_CEPH else LATEST


@pytest.fixture
def credentials(monkeypatch):
    """The usual variables, as a person would set them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def gateway(server, credentials):
    """What stands before that server, counts what is asked, and can be told to misbehave."""
    with Gateway(server) as running:
        yield running


@pytest.fixture
def url(server):
    """A new bucket, and a prefix in it."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    with client_of(server) as client:
        client.create_bucket(Bucket=name)
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
