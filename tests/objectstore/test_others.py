"""Other data sets, and two machines that share remotes and a bucket."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os

import pytest

from apod_pipeline.dataset.installed import names, simulation
from apod_pipeline.dataset.spans import Span
from apod_pipeline.extras.pictures.settings import networks
from apod_pipeline.simulator import Simulator
from lab import SPAN, TODAY, shared_remote
from set_lab import SITE, SetLab
from stores import StoreLab, flags_of, newest

pytestmark = pytest.mark.process

ONE_DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("name", names())
def test_every_data_set(name, tmp_path, database_url, monkeypatch, wishes, bucket):
    """Whatever the entries are: all of them lie in the parts, an edit is a new version, and nothing is amiss."""
    monkeypatch.setenv("PYTHONPATH", str(SITE), prepend=os.pathsep)
    with simulation(name) as acted:
        one = SetLab(acted, tmp_path / "archive", database_url, flags_of(wishes), name=name)
        assert one.run(acted.span).exit_code == 0, one.told
        first = newest(bucket)
        assert (first.origin.dataset, first.entries) == (name, len(one.entries()))
        assert first.parts
        acted.edit(acted.span.first + 2 * ONE_DAY)
        assert one.run(acted.span).exit_code == 0, one.told
        assert newest(bucket).at > first.at
        assert one.unwell() == {}


def test_two_machines(stored, bucket, tmp_path, second_database):
    """Each publishes what the other has not; who is behind neither fails nor moves anything back."""
    stored.flags |= shared_remote(tmp_path)
    assert stored.run(SPAN).exit_code == 0
    other = dataclasses.replace(stored, root=tmp_path / "other", database=second_database, told=[]).cloned()
    stored.nasa.today = TODAY + ONE_DAY
    assert other.run(today=TODAY + ONE_DAY).exit_code == 0, other.told
    theirs = newest(bucket)
    assert theirs.entries == 61
    assert stored.run(today=TODAY).exit_code == 0, stored.told
    assert newest(bucket) == theirs
    stored.nasa.today = TODAY + 2 * ONE_DAY
    assert stored.run(today=TODAY + 2 * ONE_DAY).exit_code == 0, stored.told
    assert stored.run(today=TODAY + 2 * ONE_DAY).exit_code == 0, stored.told
    assert newest(bucket).entries == 62
    assert stored.store("verify", "--all")[1] == 0
    assert other.run(today=TODAY + 2 * ONE_DAY).exit_code == 0, other.told
    assert newest(bucket).entries == 62


def test_pictures_of_the_same_run(lab, tmp_path, wishes, bucket, gateway):
    """Pictures that come while the version is on its way are in its manifest, and each is sent once."""
    pictures = {"pictures_networks": networks("loopback"), "pictures_per_second": 1000.0, "pictures_each_run": 3}
    flags = flags_of(wishes) | pictures | {"extras": ("pictures", "objectstore"), "lookback": 3}
    with Simulator(today=TODAY, local_pictures=True) as nasa:
        one = StoreLab(nasa, tmp_path / "pictured", lab.database, flags)
        assert one.run(Span(TODAY - 5 * ONE_DAY, TODAY)).exit_code == 0, one.told
        first = newest(bucket)
        assert len(first.pictures) == 6  # three, and a thumbnail each
        assert one.run().exit_code == 0, one.told
        second = newest(bucket)
        assert (second.at, len(second.pictures)) == (first.at, 12)
        assert len(bucket.sizes("versions/")) == 2
        sent = [path for path in gateway.sent() if path.startswith("objects/")]
        assert len(sent) == len(set(sent))
        assert one.store("verify", "--all")[1] == 0
        told, code = one.store("fetch", "--to", str(tmp_path / "back"))
        assert (code, told["fetched"]) == (0, 15)
        for path in (tmp_path / "back" / "data").rglob("*.*"):
            assert path.read_bytes() == (one.root / path.relative_to(tmp_path / "back")).read_bytes()
        assert one.command("verify").returncode == 0
