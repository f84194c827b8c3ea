"""A store that takes what it is sent and never answers: every run and command ends in its time, and says so."""

from __future__ import annotations

import time

import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectStoreError
from lab import SPAN
from stores import newest

pytestmark = pytest.mark.process

SHORT = {"objectstore_timeout": 1.0, "objectstore_patience": 2.0}


@pytest.fixture
def filled(stored):
    """An archive of sixty days that goes to the bucket from now on."""
    stored.filled(SPAN)
    return stored


@pytest.mark.parametrize("what", ["GET", "PUT"])
def test_a_run_ends(filled, gateway, bucket, what):
    """It is told, rows and commit stand, and the next run, when the store answers again, sends what is missing."""
    gateway.hangs = lambda method, _path: method == what
    began = time.monotonic()
    outcome = filled.run(**SHORT)
    assert time.monotonic() - began < 30
    assert outcome.exit_code == 1
    assert any("does not answer as it should (no answer)" in line for line in filled.told), filled.told
    assert filled.git("status", "--porcelain") == ""
    gateway.hangs = lambda _method, _path: False
    assert filled.run().exit_code == 0
    assert newest(bucket).entries == 60


def test_a_command_ends(filled, gateway):
    """`apod store status` too, with what to type when the store answers again."""
    gateway.hangs = lambda _method, _path: True
    done = filled.command("store", "status", APOD_OBJECTSTORE_TIMEOUT="1", APOD_OBJECTSTORE_PATIENCE="2")
    assert done.returncode == 1
    assert "type `apod store status` when it answers again" in " ".join(done.stderr.split())


def test_an_answer_that_stops_half_way(filled, gateway, bucket, tmp_path):
    """Where the bytes of an object stop coming, the fetch ends, and what was fetched before is whole."""
    assert filled.run().exit_code == 0
    gateway.stalls = lambda method, path: method == "GET" and "/objects/" in path
    hasty = Bucket(bucket.wishes._replace(timeout=1.0, patience=1.0))
    began = time.monotonic()
    files = newest(bucket).whole
    with pytest.raises(ObjectStoreError, match="no answer"):
        b"".join(hasty.pieces(max(files, key=lambda file: file.bytes).object))
    assert time.monotonic() - began < 30
