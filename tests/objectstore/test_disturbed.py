"""Stores that are away, refuse, or know no conditional writes; runs that are killed; two publishers at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import signal
import threading

import pytest

from apod_pipeline.archive.known import Version
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.errors import DatabaseError
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectStoreRefused
from apod_pipeline.extras.objectstore.contents import Contents
from apod_pipeline.extras.objectstore.manifest import Manifest
from apod_pipeline.extras.objectstore.pointers import LAYOUT, Pointers
from apod_pipeline.extras.objectstore.probing import Honours, probe
from apod_pipeline.extras.objectstore.publication import Publication
from debian_ceph import ON_CEPH
from lab import SPAN, TODAY
from s3_gateway import ACCESS, SECRET
from stores import newest

pytestmark = pytest.mark.process

ONE_DAY = dt.timedelta(days=1)
DEAF = [set(), {"if-match"}, {"if-none-match"}, {"if-match", "if-none-match"}]


@pytest.fixture
def filled(stored):
    """An archive of sixty days that goes to the bucket from now on."""
    stored.filled(SPAN)
    return stored


def said(done):
    """All that a command printed."""
    return done.stdout + done.stderr


# ---- away, and refusing ----------------------------------------------------------------------
def test_a_store_that_is_down_is_healed_by_the_next_run(filled, gateway, bucket):
    """It is told and makes the exit code; rows and commit stand; the next run sends it though nothing is new."""
    gateway.fail = lambda _method, _path: (503, "SlowDown")
    filled.nasa.today = TODAY + ONE_DAY
    outcome = filled.run(today=TODAY + ONE_DAY)
    assert (outcome.exit_code, outcome.inserted) == (1, 1)
    assert any("does not answer as it should (503 SlowDown)" in line for line in filled.told), filled.told
    assert any("The next run begins it again." in line for line in filled.told)
    assert filled.rows("SELECT count(*) FROM apod") == [(61,)]
    assert filled.git("status", "--porcelain") == ""
    done = filled.command("verify")
    assert done.returncode == 1
    assert "503 SlowDown" in done.stdout
    gateway.fail = lambda _method, _path: None
    assert filled.run(today=TODAY + ONE_DAY).exit_code == 0
    assert newest(bucket).entries == 61


def test_a_load_that_fails(filled, bucket):
    """Where the tables cannot be loaded the run fails, and no reader sees the version; the next run brings it."""
    filled.nasa.today = TODAY + ONE_DAY
    with pytest.raises(DatabaseError):
        filled.run(today=TODAY + ONE_DAY, database_url="postgresql://127.0.0.1:1/nowhere")
    assert Pointers(bucket).read() is None
    assert filled.run(today=TODAY + ONE_DAY).exit_code == 0
    assert newest(bucket).entries == 61


def test_nobody_listens(filled):
    """A store whose address nobody listens at does not keep a run for long."""
    outcome = filled.run(objectstore_endpoint="http://127.0.0.1:9")
    assert outcome.exit_code == 1
    assert any("no answer" in line for line in filled.told)


def test_a_store_that_fails_half_way(obedient, filled, gateway, bucket):
    """Where the pointer cannot be written no reader sees anything; the next run only writes what is missing."""
    gateway.fail = lambda method, path: (500, "InternalError") if method == "PUT" and "latest" in path else None
    assert filled.run().exit_code == 1
    assert Pointers(bucket).read() is None
    gateway.fail = lambda _method, _path: None
    gateway.asked.clear()
    assert filled.run().exit_code == 0
    assert gateway.sent() == ["latest.json", "newest/apod_entries.parquet"]


def test_wrong_credentials(filled, monkeypatch):
    """They are refused in one sentence that says which variables to look at, and holds no secret."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-elses-access")
    outcome = filled.run()
    told = " ".join(filled.told)
    assert outcome.exit_code == 1
    assert "refuses us (403 InvalidAccessKeyId)" in told
    assert "AWS_ACCESS_KEY_ID" in told
    assert filled.command("store", "status").returncode == 1


def test_no_credentials(filled, monkeypatch):
    """Where none are set it is said so, and which variables would hold them."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    outcome = filled.run()
    assert outcome.exit_code == 1
    assert "no credentials were found" in " ".join(filled.told)


def test_a_missing_bucket(filled):
    """It is said that there is none, and what to do; nothing is made."""
    outcome = filled.run(objectstore_url="s3://no-such-bucket-here/apod")
    assert outcome.exit_code == 1
    assert "there is no bucket for s3://no-such-bucket-here/apod" in " ".join(filled.told)
    done = filled.command("store", "status", APOD_OBJECTSTORE_URL="s3://no-such-bucket-here/apod")
    assert done.returncode in {1, 2}


def test_no_secret_is_ever_said(filled, gateway, caplog):
    """Whatever is typed and whatever fails: no output, log or file of the archive holds the keys."""
    words = [("run",), ("store", "status"), ("store", "verify"), ("doctor",), ("config",), ("status",), ("verify",)]
    outputs = [said(filled.command(*one)) for one in words]
    gateway.fail = lambda _method, _path: (403, "SignatureDoesNotMatch")
    outputs += [said(filled.command(*one)) for one in words]
    filled.run()
    outputs += [caplog.text, *filled.told]
    outputs += [path.read_text(errors="replace") for path in filled.root.rglob("*") if _is_ours(path)]
    for text in outputs:
        assert SECRET not in text
        assert ACCESS not in text
        assert "AWS4-HMAC" not in text


def _is_ours(path):
    return path.is_file() and "postgres" not in path.parts and path.stat().st_size < 1_000_000


# ---- kills -----------------------------------------------------------------------------------
PLACES = ["store-object-sent", "store-object-sent:3", "store-manifest-sent", "store-pointer-moved", "committed"]


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_run_is_finished_by_the_next(filled, gateway, bucket, place):
    """SIGKILL at a named place: readers find a whole version or none, and the next run sends only the rest."""
    filled.nasa.today = TODAY + ONE_DAY
    environment = {"APOD_TODAY": str(TODAY + ONE_DAY)}
    killed = filled.command("run", APOD_KILL_AT=place, **environment)
    assert killed.returncode == -signal.SIGKILL, said(killed)
    if Pointers(bucket).read():
        assert filled.store("verify", "--all")[1] in {0, 1}
    before = set(gateway.sent())
    done = filled.command("run", **environment)
    assert done.returncode == 0, said(done)
    again = [path for path in gateway.sent() if path.startswith(("objects/", "parquet/")) and path in before]
    assert len(again) <= 3  # which were on their way at that moment
    assert newest(bucket).entries == 61
    assert filled.store("verify", "--all")[1] == 0
    assert filled.command("verify").returncode == 0


# ---- what a store honours --------------------------------------------------------------------
@pytest.mark.parametrize("deaf", DEAF, ids=lambda deaf: "+".join(sorted(deaf)) or "neither")
def test_the_probe_finds_what_is_honoured(obedient, bucket, gateway, deaf):
    """A store that ignores a header is found out, and the probe leaves nothing behind."""
    gateway.deaf_to = deaf
    assert probe(bucket) == Honours("if-match" not in deaf, "if-none-match" not in deaf)
    assert bucket.sizes("probes/") == {}


def test_a_store_that_refuses_the_right_etag(bucket, gateway):
    """As Ceph 16 does: If-Match is not honoured then."""
    gateway.refuse_if_match = True
    assert probe(bucket) == Honours(if_match=False, if_none_match=True)


def test_numbered_pointers(obedient, filled, gateway, bucket):
    """Without If-Match each version has a pointer of its own, and the last one counts."""
    gateway.deaf_to = {"if-match"}
    assert filled.run().exit_code == 0
    filled.nasa.today = TODAY + ONE_DAY
    assert filled.run(today=TODAY + ONE_DAY).exit_code == 0
    assert list(bucket.sizes("pointers/")) == ["pointers/000000001.json", "pointers/000000002.json"]
    assert newest(bucket).entries == 61
    assert filled.store("status")[0]["pointer"] == "numbered"
    assert filled.store("verify", "--all")[1] == 0


def test_a_store_without_conditional_writes(obedient, filled, gateway, bucket):
    """It is refused in one sentence, and nothing is sent; with a single publisher it is taken."""
    gateway.deaf_to = {"if-match", "if-none-match"}
    outcome = filled.run()
    assert outcome.exit_code == 1
    assert any("has no conditional writes" in line for line in filled.told)
    assert bucket.sizes("objects/") == {}
    doctor = filled.command("doctor")
    assert "APOD_OBJECTSTORE_SINGLE_PUBLISHER" in " ".join(doctor.stdout.split())
    done = filled.command("run", APOD_OBJECTSTORE_SINGLE_PUBLISHER="true")
    assert done.returncode == 0, said(done)
    assert json.loads(bucket.get(LAYOUT).body)["pointer"] == "single"
    assert filled.store("verify", "--all")[1] == 0


# ---- two publishers --------------------------------------------------------------------------
def _versions(archive):
    first = Version(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "run", 1, ("science",), 1, TODAY)
    return [first._replace(at=first.at + dt.timedelta(minutes=number)) for number in range(10)]


@pytest.mark.parametrize("deaf", [set()] if ON_CEPH else [set(), {"if-match"}], ids=lambda deaf: "".join(deaf) or "all")
def test_two_publishers_and_a_reader(filled, gateway, wishes, deaf):
    """Five rounds each: every version is there, the pointer never goes back, and a reader always finds a whole one."""
    gateway.deaf_to = deaf
    versions, over, seen, errors = _versions(filled.archive), threading.Event(), [], []

    def publish(mine):
        try:
            for version in mine:
                contents = Contents(filled.archive)
                contents.open()
                one = Publication(contents, version, Bucket(wishes))
                one.send()
                one.finish()
                contents.close()
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            errors.append(error)

    def poll():
        bucket = Bucket(wishes)
        try:
            while not over.is_set():
                pointed = Pointers(bucket).read()
                if pointed:
                    manifest = Pointers(bucket).manifest(pointed.pointer)
                    assert all(bucket.size(file.object) == file.bytes for file in manifest.files.values())
                    seen.append(manifest.at)
        except Exception as error:  # noqa: BLE001 - likewise
            errors.append(error)

    reader = threading.Thread(target=poll)
    publishers = [threading.Thread(target=publish, args=[versions[which::2]]) for which in (0, 1)]
    for thread in (reader, *publishers):
        thread.start()
    for thread in publishers:
        thread.join()
    over.set()
    reader.join()
    assert errors == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    bucket = Bucket(wishes)
    there = {Manifest.of(bucket.get(path).body).at for path in bucket.sizes("versions/")}
    assert there == {version.at for version in versions}
    assert newest(bucket).at == versions[-1].at


def test_nothing_goes_back(filled, wishes):
    """Who is behind leaves his version to be found, and the pointer where it is."""
    versions, bucket = _versions(filled.archive), Bucket(wishes)
    for version in (versions[3], versions[1]):
        contents = Contents(filled.archive)
        contents.open()
        one = Publication(contents, version, bucket)
        one.send()
        one.finish()
        contents.close()
    assert newest(bucket).at == versions[3].at
    assert len(bucket.sizes("versions/")) == 2


def test_two_versions_of_one_instant(filled, wishes):
    """Of two machines that seal in the same second the first one's is shown; the other's when it is history."""
    version, bucket, archive = _versions(filled.archive)[0], Bucket(wishes), filled.archive

    def publish():
        contents = Contents(archive)
        contents.open()
        one = Publication(contents, version, bucket)
        one.send()
        one.finish()
        contents.close()
        return newest(bucket).files[archive.relative(archive.csv)]

    first = publish()
    archive.csv.write_bytes(archive.csv.read_bytes() + b"another day\n")
    assert publish() == first
    assert len(bucket.sizes("versions/")) == 2
    archive.advance(published=timestamp(version.at), commit="0" * 40)
    assert publish() != first


def test_what_is_no_pointer_is_refused(obedient, filled, bucket):
    """A pointer that is none of ours is never written over."""
    assert filled.run().exit_code == 0
    bucket.overwrite("latest.json", b"{}")
    assert filled.run().exit_code == 1
    assert bucket.get("latest.json").body == b"{}"


def test_pictures_of_two_machines(filled, bucket, tmp_path):
    """What another machine brought stays in the newest version, though it is not here."""
    import hashlib

    def picture(body):
        digest = hashlib.sha256(body).hexdigest()
        path = filled.root / "data" / "pictures" / digest[:2] / f"{digest}.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
        return path

    first = picture(b"a picture")
    assert filled.run().exit_code == 0
    first.unlink()
    second = picture(b"another picture")
    broken = second.with_name(f"{'0' * 64}.jpg")
    broken.write_bytes(b"not what its name says")
    assert filled.run().exit_code == 0
    kept = {file.path: file for file in newest(bucket).pictures.values()}
    assert sorted(kept) == sorted(filled.archive.relative(path) for path in (first, second))
    told, code = dataclasses.replace(filled, root=tmp_path / "none").store("fetch", "--to", str(tmp_path / "back"))
    assert (code, told["fetched"]) == (0, 5)
    assert (tmp_path / "back" / filled.archive.relative(first)).read_bytes() == b"a picture"


def test_manner_is_refused_once(obedient, bucket, gateway):
    """The refusal is one sentence and what to type."""
    gateway.deaf_to = {"if-match", "if-none-match"}
    with pytest.raises(ObjectStoreRefused, match="type: apod run"):
        _ = Pointers(bucket).manner
