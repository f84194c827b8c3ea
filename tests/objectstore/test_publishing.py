"""Versions that go to a bucket beside the tables: once, whole, and what changed alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars
import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.pointers import LAYOUT, Pointers
from apod_pipeline.extras.objectstore.verifying import MANNERS
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.run.steps import Steps
from lab import SPAN, TODAY, bare_repository
from s3_gateway import ACCESS, SECRET
from stores import newest, pointer_place

pytestmark = pytest.mark.process

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def published(stored, gateway):
    """An archive of sixty days whose version is in the bucket."""
    stored.filled(SPAN)
    assert stored.run().exit_code == 0
    gateway.asked.clear()
    return stored


def test_a_first_run_brings_its_version(manner, stored, bucket):
    """CSV, JSON and Parquet are there byte for byte, the Parquet file by year too, and the pointer names them."""
    outcome = stored.run(SPAN)
    assert (outcome.exit_code, stored.told) == (0, stored.told)
    manifest = newest(bucket)
    assert (manifest.entries, manifest.origin.dataset) == (60, "apod")
    for path in (stored.archive.csv, stored.archive.json, stored.archive.parquet):
        file = manifest.files[stored.archive.relative(path)]
        body = path.read_bytes()
        assert b"".join(bucket.pieces(file.object)) == body
        assert (file.sha256, file.bytes) == (hashlib.sha256(body).hexdigest(), len(body))
    assert [part.path.split("/")[1] for part in manifest.parts] == ["year=2018"]
    assert json.loads(bucket.get(LAYOUT).body)["pointer"] == manner
    assert bucket.sizes("probes/") == {}


def test_a_second_run_sends_nothing(published, gateway):
    """What is there is not sent again, neither by a run without news nor by a machine that lost its marks."""
    assert published.run().exit_code == 0
    assert gateway.sent() == []
    (published.archive.private / "progress.json").unlink()
    assert published.run().exit_code == 0
    assert gateway.sent() == []


def test_an_edit_sends_what_changed(published, gateway, bucket):
    """A new day of a new year sends the three files, one part, one manifest and the pointer: the old year stays."""
    before = newest(bucket)
    published.nasa.today = TODAY + ONE_DAY
    assert published.run(today=TODAY + ONE_DAY).exit_code == 0
    sent, manifest = gateway.sent(), newest(bucket)
    assert [path for path in sent if path.startswith("parquet/")] == [manifest.parts[1].object]
    assert sum(path.startswith("objects/") for path in sent) == 3
    assert sum(path.startswith("versions/") for path in sent) == 1
    assert [path for path in sent if path.startswith(("pointers/", "latest"))] == [pointer_place(bucket)]
    assert manifest.parts[0] == before.parts[0]
    assert manifest.at > before.at
    assert published.store("verify", "--all")[1] == 0


@pytest.fixture
def two_years(published):
    """The same with a day of the next year."""
    published.nasa.today = TODAY + ONE_DAY
    published.run(today=TODAY + ONE_DAY)
    return published


def _places(bucket):
    """The newest version's Parquet by the manifest's list, and by a prefix."""
    return [f"{bucket.where}/{part.object}" for part in newest(bucket).parts], f"{bucket.where}/newest/*.parquet"


def test_polars_reads_the_newest_version(two_years, bucket):
    """By the manifest's list and by the prefix `newest/`: all entries, each once."""
    options = {"endpoint_url": bucket.wishes.endpoint, "aws_allow_http": "true", "aws_region": "us-east-1"}
    options |= {"aws_access_key_id": ACCESS, "aws_secret_access_key": SECRET}
    for place in _places(bucket):
        frame = polars.read_parquet(place, storage_options=options)
        assert sorted(frame["date"].cast(polars.String)) == sorted(two_years.entries())


def test_duckdb_reads_the_newest_version(two_years, bucket):
    """The same, through fsspec: DuckDB's own extension for S3 is downloaded at its first use, which no test may do."""
    import s3fs

    files = s3fs.S3FileSystem(key=ACCESS, secret=SECRET, endpoint_url=bucket.wishes.endpoint)
    with duckdb.connect() as connection:
        connection.register_filesystem(files)
        for place in _places(bucket):
            found = connection.execute("SELECT count(*), count(DISTINCT date) FROM read_parquet(?)", [place]).fetchall()
            assert found == [(61, 61)]
        (years,) = connection.execute(
            "SELECT list(DISTINCT year ORDER BY year) FROM read_parquet(?, hive_partitioning = true)",
            [_places(bucket)[0]],
        ).fetchall()
        assert list(map(str, years[0])) == ["2018", "2019"]


def test_fetch_needs_nothing_but_the_bucket(published, tmp_path):
    """Without the archive the same bytes come back; a second time nothing is fetched; damage is repaired."""
    to = tmp_path / "back"
    nowhere = dataclasses.replace(published, root=tmp_path / "nowhere")
    told, code = nowhere.store("fetch", "--to", str(to))
    assert (code, told["fetched"]) == (0, 3)
    for path in (published.archive.csv, published.archive.json, published.archive.parquet):
        assert (to / published.archive.relative(path)).read_bytes() == path.read_bytes()
    (to / "data" / "processed" / "apod_data.csv").write_text("damaged")
    assert nowhere.store("fetch", "--to", str(to))[0]["fetched"] == 1
    assert not (tmp_path / "nowhere").exists()
    refused, code = published.store("fetch", "--to", str(published.root))
    assert code == 2
    assert "is an archive" in refused


def test_what_is_lost_in_the_bucket_is_sent_again(published, bucket, tmp_path):
    """`apod verify` finds what is gone, `apod store fetch` says so, the next run sends it though nothing is new."""
    manifest = newest(bucket)
    gone, damaged = manifest.parts[0].object, manifest.files["data/processed/apod_data.csv"]
    bucket.delete(gone)
    bucket.overwrite(damaged.object, b"x" * damaged.bytes)
    bucket.overwrite("newest/apod_entries.parquet", b"x" * manifest.parquet.bytes)
    told, code = published.store("fetch", "--to", str(tmp_path / "back"))
    assert code == 1
    assert "apod_data.csv" in told
    assert published.store("verify", "--all")[1] == 1
    assert published.run().exit_code == 0
    assert published.store("verify", "--all")[1] == 0
    done = published.command("verify")
    assert done.returncode == 0, done.stdout
    assert "objects with their sizes" in done.stdout


def test_a_lost_manifest_is_published_again(published, bucket):
    """A manifest that is gone is written again by the next run; a pointer that is gone too."""
    bucket.delete(Pointers(bucket).read().pointer.manifest)
    assert published.store("verify")[1] == 1
    assert published.run().exit_code == 0
    assert published.store("verify")[1] == 0
    bucket.delete(pointer_place(bucket))
    assert published.run().exit_code == 0
    assert published.store("verify")[1] == 0


def test_another_archive_is_not_overwritten(published, bucket, lab, second_database, tmp_path):
    """An archive that began apart is refused, and says which one is there; rows and commit of the run stand."""
    before = bucket.get(pointer_place(bucket)).body
    other = dataclasses.replace(published, root=tmp_path / "other", database=second_database, told=[])
    outcome = other.run(SPAN)
    assert outcome.exit_code == 1
    assert "holds another archive" in " ".join(other.told)
    assert bucket.get(pointer_place(bucket)).body == before
    assert other.commits() >= 1


def test_status_and_doctor(manner, published):
    """What stands where, and what the probe found."""
    told, code = published.store("status")
    assert (code, told["entries"], told["pointer"], told["parquet_parts"]) == (0, 60, manner, 1)
    assert "version of" in json.loads(published.command("status", "--json").stdout)["standing"]["object store"]
    assert MANNERS[manner] in " ".join(published.command("doctor", COLUMNS="300").stdout.split())


def test_without_an_address(lab):
    """An extra that is plugged in without an address says so, and runs go on."""
    lab.flags |= {"extras": ("objectstore",)}
    lab.filled(SPAN)
    assert lab.run().exit_code == 0
    assert "APOD_OBJECTSTORE_URL is not set" in lab.command("doctor").stdout
    done = lab.command("store", "status")
    assert done.returncode == 2
    assert "APOD_OBJECTSTORE_URL" in done.stderr


def test_a_large_file_goes_in_parts(bucket, tmp_path, gateway):
    """More than eight megabytes are sent in parts, and arrive whole."""
    body = bytes(range(256)) * 80_000
    path = tmp_path / "large"
    path.write_bytes(body)
    with path.open("rb") as file:
        bucket.send("objects/large", file, len(body))
    assert len(gateway.sent()) == 3
    assert b"".join(Bucket(bucket.wishes).pieces("objects/large")) == body


def test_steps_of_an_orchestrator(published, bucket):
    """Where every step is a process, the tracking one brings the version, and the last one where nothing was new."""

    def stepped(wired):
        steps = Steps(wired, "stepped")
        steps.extract(Wanted("step"))
        if steps.transform():
            steps.check_quality()
            steps.load()
            steps.track()
            steps.commit()
        return steps.report_missing()

    published.nasa.today = TODAY + ONE_DAY
    published.wired(stepped, today=TODAY + ONE_DAY)
    assert newest(bucket).entries == 61
    bucket.delete(pointer_place(bucket))
    published.wired(stepped, today=TODAY + ONE_DAY)
    assert newest(bucket).entries == 61


@pytest.fixture
def bringing(published):
    """Makes the step that brings the last version, as an orchestrator with a task for that has it."""
    return lambda: published.wired(lambda wired: Steps(wired, "stepped").bring())


def test_a_step_of_its_own(published, bucket, bringing):
    """It brings the last version while another run holds the archive, and tells which; again, it changes nothing."""
    bucket.delete(pointer_place(bucket))
    with published.archive.locked():
        told = bringing()
    assert dt.datetime.fromisoformat(told["version"]) == newest(bucket).at
    before = bucket.sizes("")
    assert bringing() == told
    assert bucket.sizes("") == before


def test_files_that_are_being_written_are_waited_for(published, bucket, bringing):
    """Where the files are not those of the last version yet, nothing is brought until they are."""
    bucket.delete(pointer_place(bucket))
    derived = published.archive.marks().derived
    published.archive.advance(derived=None)
    with ThreadPoolExecutor(1) as pool:
        brought = pool.submit(bringing)
        try:
            with pytest.raises(TimeoutError):
                brought.result(1)
            assert Pointers(bucket).read() is None
        finally:
            published.archive.advance(derived=derived)
        assert brought.result(20)["version"]
    assert newest(bucket).entries == 60


def test_a_stateless_run(stored, bucket, tmp_path):
    """A run whose archive is gone afterwards brings its version too, and is content where nothing is new."""
    stored.flags |= {"git_remote": bare_repository(tmp_path / "remote.git"), "dvc_remote": str(tmp_path / "objects")}
    done = stored.command("backfill", "--from", str(SPAN.first))
    assert done.returncode == 0, done.stderr
    stored.nasa.today = TODAY + ONE_DAY
    elsewhere = dataclasses.replace(stored, root=tmp_path / "elsewhere")
    for _ in range(2):
        done = elsewhere.command("run", "--stateless", APOD_TODAY=str(TODAY + ONE_DAY))
        assert done.returncode == 0, done.stdout + done.stderr
        assert newest(bucket).entries == 61


def test_the_page_says_how_to_read_it(obedient, two_years, bucket, monkeypatch):
    """What docs/objectstore.md shows in Python does what it says, word for word but for the bucket's name."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.wishes.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    page = (Path(__file__).parents[2] / "docs" / "objectstore.md").read_text(encoding="utf-8")
    whole, by_year = (text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "DeltaTable" not in text)
    name, prefix = bucket.wishes.place
    for shown, entries in ((whole, 61), (by_year, 61)):
        told = shown.replace("my-bucket/apod", f"{name}/{prefix}").replace('"my-bucket"', f'"{name}"')
        lines = told.replace('prefix="apod"', f'prefix="{prefix}"').strip().splitlines()
        known = {}
        exec("\n".join([*lines[:-1], f"read = {lines[-1]}"]), known)  # noqa: S102 - the page's own words
        assert known["read"].height == entries
