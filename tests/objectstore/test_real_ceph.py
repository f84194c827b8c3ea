"""What only a real store does: it checks signatures, fills up, throttles, and keeps what killed uploads leave.

In `make test-s3` alone; everything else of this folder runs over the same Ceph there.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import uuid

import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.pointers import Pointers
from apod_pipeline.extras.objectstore.settings import Keys
from lab import SPAN, TODAY, shared_remote
from stores import client_of, newest

pytestmark = pytest.mark.process

ONE_DAY = dt.timedelta(days=1)
ROUNDS = 5


@pytest.fixture
def filled(stored):
    """An archive of sixty days that goes to the bucket from now on."""
    stored.filled(SPAN)
    return stored


def test_a_wrong_secret(filled, server, monkeypatch):
    """The right key with a wrong secret is refused by the signature, in one sentence, and rows and commit stand."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    filled.nasa.today = TODAY + ONE_DAY
    outcome = filled.run(today=TODAY + ONE_DAY, objectstore_endpoint=server)
    assert (outcome.exit_code, outcome.inserted) == (1, 1)
    assert "refuses us (403 SignatureDoesNotMatch)" in " ".join(filled.told)
    assert filled.git("status", "--porcelain") == ""


@pytest.fixture
def scant(ceph_server, server, monkeypatch):
    """A bucket of somebody who has room for so many bytes; gives its address."""

    def make(room):
        name = f"scant-{uuid.uuid4().hex[:8]}"
        access, secret = f"access-{name}", f"secret-{name}"
        ceph_server.user(name, access, secret, room)
        with client_of(server, access, secret) as client:
            client.create_bucket(Bucket=name)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        return name, f"s3://{name}/apod"

    return make


def test_a_full_bucket(filled, ceph_server, server, scant, wishes):
    """It is said that it is full; nobody sees half a version, and with more room the next run sends the rest."""
    name, url = scant(room=4096)
    flags = {"objectstore_endpoint": server, "objectstore_url": url}
    assert filled.run(**flags).exit_code == 1
    assert f"{url} is full (403 QuotaExceeded)" in " ".join(filled.told), filled.told
    bucket = Bucket(wishes._replace(endpoint=server, url=url))
    assert Pointers(bucket).read() is None
    assert filled.git("status", "--porcelain") == ""
    ceph_server.give_room(name, 1 << 30)
    assert filled.run(**flags).exit_code == 0, filled.told
    assert newest(bucket).entries == 60
    assert filled.store("verify", "--all", APOD_OBJECTSTORE_ENDPOINT=server, APOD_OBJECTSTORE_URL=url)[1] == 0


def test_a_store_that_throttles(filled, ceph_server, bucket):
    """503 SlowDown to who asks beside another: requests are repeated until all is there."""
    narrow = bucket.wishes._replace(endpoint=ceph_server.narrow, patience=20.0)
    over, slowed = threading.Event(), []

    def crowd():
        hasty = Bucket(narrow._replace(patience=0.01))
        while not over.is_set():
            try:
                hasty.overwrite("crowd", os.urandom(1 << 18))
            except Exception as error:  # noqa: BLE001 - that it is slowed down is what it is for
                slowed.append(str(error))

    others = [threading.Thread(target=crowd) for _ in range(2)]
    for thread in others:
        thread.start()
    try:
        outcome = filled.run(objectstore_endpoint=ceph_server.narrow, objectstore_patience=20.0)
    finally:
        over.set()
        for thread in others:
            thread.join()
    assert any("503 SlowDown" in told for told in slowed)
    assert outcome.exit_code == 0, filled.told
    assert newest(bucket).entries == 60


UPLOAD = """
import os, sys
from pathlib import Path
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.settings import Wishes
with Path(sys.argv[3]).open("rb") as file:
    Bucket(Wishes(sys.argv[1], sys.argv[2])).send("objects/large", file, Path(sys.argv[3]).stat().st_size)
"""


def test_a_killed_upload(bucket, server, gateway, tmp_path):
    """SIGKILL between two parts of a large file: nobody sees an object, its parts are swept, and it is sent again."""
    large = tmp_path / "large"
    large.write_bytes(os.urandom(1 << 20) * 64)
    parts = threading.Event()

    def third(method, path):
        if method == "PUT" and path.endswith("/objects/large") and len(gateway.asked) > 2:
            parts.set()
            gateway.hangs = lambda _method, _path: True

    gateway.fail = third
    words = [sys.executable, "-c", UPLOAD, bucket.wishes.url, gateway.url, str(large)]
    with subprocess.Popen(words) as uploading:
        assert parts.wait(60)
        uploading.kill()
    assert uploading.returncode == -signal.SIGKILL
    gateway.fail, gateway.hangs = (lambda _method, _path: None), (lambda _method, _path: False)
    name, prefix = bucket.wishes.place
    assert bucket.size("objects/large") is None
    with client_of(server) as client:
        (left,) = client.list_multipart_uploads(Bucket=name)["Uploads"]
        assert left["Key"] == f"{prefix}/objects/large"
    from apod_pipeline.extras.objectstore.sweeping import sweep

    assert [one.path for one in sweep(bucket.wishes, dt.timedelta(0))] == ["objects/large"]
    with client_of(server) as client:
        assert "Uploads" not in client.list_multipart_uploads(Bucket=name)
    with large.open("rb") as file:
        bucket.send("objects/large", file, large.stat().st_size)


def test_two_machines_in_rounds(stored, bucket, tmp_path, second_database):
    """Two archives of one remote publish five rounds each at once; a reader finds a whole version at every look."""
    stored.flags |= shared_remote(tmp_path)
    assert stored.run(SPAN).exit_code == 0
    other = dataclasses.replace(stored, root=tmp_path / "other", database=second_database, told=[]).cloned()
    stored.nasa.today = TODAY + ROUNDS * ONE_DAY
    over, seen, errors = threading.Event(), [], []

    def poll():
        reading = Bucket(bucket.wishes)
        try:
            while not over.is_set():
                manifest = newest(reading)
                assert all(reading.size(file.object) == file.bytes for file in manifest.files.values())
                seen.append((manifest.at, manifest.entries))
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            errors.append(error)

    def publish(lab):
        for number in range(1, ROUNDS + 1):
            done = lab.command("run", "--json", APOD_TODAY=str(TODAY + number * ONE_DAY))
            if done.returncode:
                errors.append((number, done.stdout[-500:], done.stderr[-1500:]))

    reader = threading.Thread(target=poll)
    publishers = [threading.Thread(target=publish, args=[lab]) for lab in (stored, other)]
    for thread in (reader, *publishers):
        thread.start()
    for thread in publishers:
        thread.join()
    over.set()
    reader.join()
    assert errors == []
    assert seen == sorted(seen)
    assert newest(bucket).entries == 60 + ROUNDS
    assert stored.store("verify", "--all")[1] == 0


def test_the_bucket_alone_is_enough(filled, server, tmp_path, second_database):
    """With nothing but its name and keys its files are fetched, byte for byte; imported they are an archive."""
    assert filled.run(objectstore_endpoint=server).exit_code == 0
    alone = dataclasses.replace(filled, root=tmp_path / "nothing here")
    told, code = alone.store("fetch", "--to", str(tmp_path / "back"), APOD_OBJECTSTORE_ENDPOINT=server)
    assert code == 0, json.dumps(told)
    archive = filled.archive
    for path in (archive.csv, archive.json, archive.parquet):
        assert (tmp_path / "back" / archive.relative(path)).read_bytes() == path.read_bytes()
    assert not alone.root.exists()
    back = str(tmp_path / "back" / archive.relative(archive.json))
    done = dataclasses.replace(alone, database=second_database).command("import", back, APOD_EXTRAS="")
    assert done.returncode == 0, done.stderr
    assert (alone.archive.csv.read_bytes(), alone.archive.json.read_bytes()) == (
        archive.csv.read_bytes(),
        archive.json.read_bytes(),
    )


def test_keys_that_are_handed_in(bucket, monkeypatch):
    """As Airflow's connection does: without any variable, the keys of the wishes count."""
    keys = Keys(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], None, "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    handed = Bucket(bucket.wishes._replace(keys=keys))
    assert handed.create("mine", b"1")
    assert handed.get("mine").body == b"1"
